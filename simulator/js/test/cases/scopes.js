// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** Scopes and profile. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "granted once, silent ever after; getSetting lists what was asked for",
    run: async ({ make, expect }) => {
      const asks = [];
      const wx = make({ consent: ({ about, referrer }) => asks.push([about, referrer]) && true });
      expect((await wx.getSetting()).authSetting["scope.record"]).toBeUndefined();
      expect(await wx.authorize({ scope: "scope.record" })).toEqual({ errMsg: "authorize:ok" });
      expect(await wx.authorize({ scope: "scope.record" })).toEqual({ errMsg: "authorize:ok" });
      expect(asks).toEqual([
        ["privacy", "authorize"],
        ["scope.record", "authorize"],
      ]);
      expect((await wx.getSetting()).authSetting).toMatchObject({ "scope.record": true, "scope.address": true });
    },
  },
  {
    name: "refused: it fails at once from then on, until the settings page",
    run: async ({ make, expect }) => {
      const asks = [];
      const answers = {
        "scope.record": "refuse",
        privacy: "allow",
        openSetting: { authSetting: { "scope.record": true } },
      };
      const wx = make({ consent: ({ about }) => asks.push(about) && answers[about] });
      const denied = { errMsg: "authorize:fail auth deny", errno: 103 };
      expect(await wx.authorize({ scope: "scope.record" }).catch((error) => error)).toEqual(denied);
      expect(await wx.authorize({ scope: "scope.record" }).catch((error) => error)).toEqual(denied);
      expect(asks).toEqual(["privacy", "scope.record"]);
      expect(await wx.openSetting().catch((error) => error)).toEqual({
        errMsg: "openSetting:fail can only be invoked by user TAP gesture.",
      });
      const { authSetting } = await wx.$gesture(() => wx.openSetting());
      expect(authSetting["scope.record"]).toBe(true);
      expect(await wx.authorize({ scope: "scope.record" })).toEqual({ errMsg: "authorize:ok" });
    },
  },
  {
    name: "the settings page shows what it has and may be left as it was",
    run: async ({ make, expect }) => {
      let shown;
      const wx = make({
        consent: ({ about, authSetting }) => {
          if (about !== "openSetting") return about === "scope.camera" || about === "privacy";
          shown = authSetting;
          return { authSetting };
        },
      });
      await wx.authorize({ scope: "scope.camera" });
      await wx.authorize({ scope: "scope.record" }).catch(() => {});
      const event = await wx.$tap("openSetting");
      expect(shown).toEqual({ "scope.camera": true, "scope.record": false });
      expect(event).toMatchObject({ type: "opensetting", detail: { authSetting: shown, errMsg: "openSetting:ok" } });
    },
  },
  {
    name: "Android writes the refusal its own way",
    run: async ({ make, expect, sim, person }) => {
      await sim(`people/${person}`, { answers: { "scope.record": "refuse" } });
      const wx = make({ platform: "android", device: "a" });
      expect(await wx.authorize({ scope: "scope.record" }).catch((error) => error)).toMatchObject({
        errMsg: "authorize:fail:auth deny",
      });
    },
  },
  {
    name: "a dialog's button counts as a tap for the settings page",
    run: async ({ wx, expect }) => {
      const { confirm } = await wx.showModal({ title: "打开设置", content: "需要权限" });
      expect(confirm).toBe(true);
      expect(await wx.openSetting()).toMatchObject({ errMsg: "openSetting:ok" });
    },
  },
  {
    name: "getUserProfile needs a tap and a reason, and is anonymous today",
    run: async ({ wx, expect }) => {
      await wx.login();
      expect(await wx.getUserProfile({ desc: "完善资料" }).catch((error) => error)).toEqual({
        errMsg: "getUserProfile:fail can only be invoked by user TAP gesture.",
      });
      expect(await wx.$gesture(() => wx.getUserProfile({ desc: "" })).catch((error) => error)).toEqual({
        errMsg: "getUserProfile:fail desc length does not meet the requirements",
      });
      const profile = await wx.$gesture(() => wx.getUserProfile({ desc: "完善资料" }));
      expect(profile).toMatchObject({ errMsg: "getUserProfile:ok", userInfo: { nickName: "微信用户" } });
      expect(JSON.parse(profile.rawData)).toEqual(profile.userInfo);
    },
  },
  {
    name: "a tap's handler does not lend its tap to what comes later",
    run: async ({ wx, expect, sleep }) => {
      const late = wx.$gesture(async () => {
        await sleep(20);
        return wx.getUserProfile({ desc: "完善资料" });
      });
      expect(await late.catch((error) => error)).toMatchObject({
        errMsg: "getUserProfile:fail can only be invoked by user TAP gesture.",
      });
    },
  },
  {
    name: "getUserInfo with credentials needs an earlier login",
    run: async ({ wx, expect, text }) => {
      expect((await wx.getUserInfo({ withCredentials: true })).encryptedData).toBeUndefined();
      await wx.login();
      expect(await wx.getUserInfo({ withCredentials: true })).toMatchObject({
        errMsg: "getUserInfo:ok",
        encryptedData: text,
        iv: text,
        signature: text,
      });
    },
  },
  {
    name: "a popup with nobody to answer it says so",
    run: async ({ wx, expect, sim, person }) => {
      await sim(`people/${person}`, { answers: { "scope.record": "ask" } });
      const error = await wx.authorize({ scope: "scope.record" }).catch((caught) => caught);
      expect(error.errMsg).toBe(
        'authorize:fail wxsim: the popup "scope.record" waits for an answer; give createWx a consent handler',
      );
    },
  },
];
