// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** wx.login and wx.checkSession. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "login gives a code of 32 letters that the server can exchange once",
    run: async ({ wx, expect, outcome, simulator, text }) => {
      const { code, errMsg } = await wx.login();
      expect(errMsg).toBe("login:ok");
      expect(code).toMatch(/^[0-9A-Za-z]{32}$/);
      const data = {
        appid: "wxde30000000000001",
        secret: "01010101010101010101010101010101",
        js_code: code,
        grant_type: "authorization_code",
      };
      const first = await outcome(wx.request, { url: `${simulator}/sns/jscode2session`, data });
      expect(first.data).toMatchObject({ openid: text, session_key: text });
      const second = await outcome(wx.request, { url: `${simulator}/sns/jscode2session`, data });
      expect(second.data.errcode).toBe(40163);
    },
  },
  {
    name: "checkSession fails before the first login, and succeeds after it",
    run: async ({ wx, expect }) => {
      const error = await wx.checkSession().catch((caught) => caught);
      expect(error.errMsg).toMatch(/^checkSession:fail /);
      await wx.login();
      expect(await wx.checkSession()).toEqual({ errMsg: "checkSession:ok" });
    },
  },
  {
    name: "checkSession fails when the session_key has died of three days' rest",
    run: async ({ wx, expect, sim }) => {
      await wx.login();
      await sim("clock", { advance: 3 * 86_400 + 1 });
      expect((await wx.checkSession().catch((caught) => caught)).errMsg).toMatch(/^checkSession:fail /);
    },
  },
  {
    name: "a blocked login, and a login that fails on demand",
    run: async ({ wx, expect, sim, person }) => {
      await sim(`people/${person}`, { login_blocked: true });
      expect(await wx.login().catch((caught) => caught)).toEqual({
        errMsg: "login:fail wxa login is blocked",
        errno: 1402101,
      });
      await sim(`people/${person}`, { login_blocked: false });
      await sim("faults", { name: "fail", path: "/_wx/*/login", person, reason: "internal error", errno: 4 });
      expect(await wx.login().catch((caught) => caught)).toEqual({ errMsg: "login:fail internal error", errno: 4 });
    },
  },
  {
    name: "a login that hangs fails after its timeout",
    run: async ({ wx, expect, sim, person }) => {
      await sim("faults", { name: "hang", path: "/_wx/*/login", person });
      expect(await wx.login({ timeout: 100 }).catch((caught) => caught)).toEqual({
        errMsg: "login:fail timeout",
        errno: 5,
      });
    },
  },
  {
    name: "no network: errno 108; a weak one: 5",
    run: async ({ wx, expect, sim, person }) => {
      await sim(`people/${person}`, { devices: { d1: { network: "none" } } });
      expect(await wx.login().catch((caught) => caught)).toMatchObject({ errno: 108 });
      await sim(`people/${person}`, { devices: { d1: { network: "weak" } } });
      expect(await wx.login().catch((caught) => caught)).toMatchObject({ errno: 5 });
    },
  },
  {
    name: "a cache manager serves an old code into a weak network, and says so",
    run: async ({ wx, expect, sim, person, sleep }) => {
      const manager = wx.createCacheManager({ origin: "https://api.example.com" });
      expect(manager.state).toBe(1);
      await sleep(100);
      const { code } = await wx.login();
      await sim(`people/${person}`, { devices: { d1: { network: "weak" } } });
      expect(await wx.login()).toEqual({ code, fromCache: true, errMsg: "login:ok" });
      manager.stop();
      await sleep(100);
      expect(await wx.login().catch((caught) => caught)).toMatchObject({ errno: 5 });
    },
  },
  {
    name: "more than four logins a second are warned about",
    where: ["here"],
    run: async ({ make, expect }) => {
      const warnings = [];
      const wx = make({ onWarning: (text) => warnings.push(text) });
      await Promise.all([1, 2, 3, 4, 5, 6].map(() => wx.login()));
      expect(warnings[0]).toBe("wx.login called more than 4 times a second");
    },
  },
  {
    name: "two devices share the session_key of their person",
    run: async ({ wx, make, expect }) => {
      const other = make({ device: "d2" });
      await wx.login();
      expect(await other.checkSession()).toEqual({ errMsg: "checkSession:ok" });
    },
  },
  {
    name: "a simulator that is not there is said plainly",
    run: async ({ make, expect }) => {
      const wx = make({ simulator: "http://127.0.0.1:1" });
      const error = await wx.login().catch((caught) => caught);
      expect(error.errMsg).toBe("login:fail wxsim: no simulator at http://127.0.0.1:1; start one with: wxsim serve");
    },
  },
  {
    name: "an unknown person is said plainly",
    run: async ({ make, expect }) => {
      const error = await make({ person: "nobody" })
        .login()
        .catch((caught) => caught);
      expect(error.errMsg).toMatch(/^login:fail wxsim: .*nobody/);
    },
  },
];
