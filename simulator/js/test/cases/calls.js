// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** How every call answers. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "a call answers later, never before it returns",
    run: async ({ wx, expect, sleep }) => {
      const order = [];
      wx.setStorage({ key: "a", data: 1, success: () => order.push("success") });
      wx.getSystemInfo({ success: () => order.push("facts") });
      wx.request({ url: "nonsense", fail: () => order.push("fail") });
      order.push("returned");
      await Promise.resolve();
      order.push("microtask");
      await sleep(50);
      expect(order.slice(0, 2)).toEqual(["returned", "microtask"]);
      expect(order.slice(2).sort()).toEqual(["facts", "fail", "success"]);
    },
  },
  {
    name: "success, then complete, both with the same result; fail, then complete",
    run: async ({ wx, expect }) => {
      const told = [];
      await new Promise((resolve) =>
        wx.login({
          success: (res) => told.push(["success", res]),
          fail: (res) => told.push(["fail", res]),
          complete: (res) => resolve(told.push(["complete", res])),
        }),
      );
      expect(told.map(([name]) => name)).toEqual(["success", "complete"]);
      expect(told[1][1]).toBe(told[0][1]);
      const failed = [];
      await new Promise((resolve) =>
        wx.getStorage({
          key: "nothing",
          success: (res) => failed.push(["success", res]),
          fail: (res) => failed.push(["fail", res]),
          complete: (res) => resolve(failed.push(["complete", res])),
        }),
      );
      expect(failed).toEqual([
        ["fail", { errMsg: "getStorage:fail data not found" }],
        ["complete", { errMsg: "getStorage:fail data not found" }],
      ]);
    },
  },
  {
    name: "a promise only without callbacks; it rejects with the fail object",
    run: async ({ wx, expect }) => {
      expect(wx.login({ success: () => {} })).toBeUndefined();
      expect(wx.login({ fail: () => {} })).toBeUndefined();
      expect(wx.login({ complete: () => {} })).toBeUndefined();
      expect(typeof wx.login({ timeout: 3000 }).then).toBe("function");
      const error = await wx.getStorage({ key: "nothing" }).catch((caught) => caught);
      expect(error).toEqual({ errMsg: "getStorage:fail data not found" });
    },
  },
  {
    name: "a callback's key decides, whatever stands behind it",
    run: async ({ wx, expect }) => {
      expect(wx.checkSession({ success: undefined })).toBeUndefined();
      expect(wx.setStorage({ key: "a", data: 1, complete: null })).toBeUndefined();
    },
  },
  {
    name: "no promise from tasks, nor from the privacy calls",
    run: async ({ wx, expect, server }) => {
      const task = wx.request({ url: `${server}/echo` });
      expect(task.then).toBeUndefined();
      expect(typeof task.abort).toBe("function");
      expect(wx.getPrivacySetting()).toBeUndefined();
      expect(wx.getPrivacySetting({})).toBeUndefined();
      expect(wx.requirePrivacyAuthorize({})).toBeUndefined();
    },
  },
  {
    name: "no promises at all before base library 2.10.2, no errno before 2.24.0",
    run: async ({ make, expect, outcome }) => {
      const old = make({ baseLibrary: "2.10.1" });
      expect(old.checkSession()).toBeUndefined();
      const before = make({ baseLibrary: "2.23.4" });
      expect(await outcome(before.request, { url: "http://127.0.0.1:1/" })).toEqual({
        errMsg: "request:fail errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED",
      });
      const since = make({ baseLibrary: "2.24.0" });
      expect(await outcome(since.request, { url: "http://127.0.0.1:1/" })).toMatchObject({ errno: 600001 });
    },
  },
  {
    name: "what a callback throws stops nothing and is told to wx.onError",
    run: async ({ wx, expect }) => {
      const errors = [];
      wx.onError((text) => errors.push(text));
      await new Promise((resolve) =>
        wx.checkSession({
          complete: resolve,
          success: () => {
            throw new Error("oops");
          },
          fail: () => {
            throw new Error("oops");
          },
        }),
      );
      await new Promise((resolve) => wx.nextTick(resolve));
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(/^oops\n/);
    },
  },
  {
    name: "what a callback throws comes to the surface where nobody listens",
    where: ["here"],
    run: async ({ make, expect, outcome }) => {
      const errors = [];
      const wx = make({ onError: (error) => errors.push(error.message) });
      await outcome(({ complete }) =>
        wx.setStorage({
          key: "a",
          data: 1,
          complete,
          success: () => {
            throw new Error("oops");
          },
        }),
      );
      expect(errors).toEqual(["oops"]);
    },
  },
  {
    name: "options may be missing altogether",
    run: async ({ wx, expect }) => {
      expect(await wx.login()).toMatchObject({ errMsg: "login:ok" });
      expect(await wx.getStorageInfo()).toMatchObject({ errMsg: "getStorageInfo:ok" });
      expect(await wx.getStorage().catch((error) => error)).toEqual({
        errMsg: "getStorage:fail parameter error: parameter.key should be String instead of Undefined;",
        errno: 1001,
      });
    },
  },
  {
    name: "the options given are left as they were",
    run: async ({ wx, expect, outcome, server }) => {
      const header = { Referer: "x", "Content-Type": "text/plain" };
      const options = { url: `${server}/echo`, data: { a: 1 }, header };
      await outcome((more) => wx.request(Object.assign(more, options)));
      expect(options).toEqual({ url: `${server}/echo`, data: { a: 1 }, header });
      expect(header).toEqual({ Referer: "x", "Content-Type": "text/plain" });
    },
  },
  {
    name: "the mini program's own Promise is the one that comes back",
    run: async ({ make, expect }) => {
      class Own extends Promise {}
      const wx = make({ Promise: Own });
      expect(wx.checkSession().catch(() => {})).toBeInstanceOf(Own);
    },
  },
];
