// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** What the phone says of itself. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "getAccountInfoSync: a version only for a release",
    run: async ({ make, expect }) => {
      expect(make({ version: "2.3.4" }).getAccountInfoSync()).toEqual({
        miniProgram: { appId: "wxde30000000000001", envVersion: "release", version: "2.3.4" },
      });
      expect(make({ envVersion: "trial" }).getAccountInfoSync().miniProgram).toEqual({
        appId: "wxde30000000000001",
        envVersion: "trial",
        version: "",
      });
    },
  },
  {
    name: "the base library and the platform, by every call that says them",
    run: async ({ make, expect }) => {
      const wx = make({ baseLibrary: "3.4.1", platform: "android" });
      expect(wx.getSystemInfoSync()).toMatchObject({ SDKVersion: "3.4.1", platform: "android" });
      expect(await wx.getSystemInfo()).toMatchObject({ SDKVersion: "3.4.1", errMsg: "getSystemInfo:ok" });
      expect(wx.getAppBaseInfo().SDKVersion).toBe("3.4.1");
      expect(wx.getDeviceInfo().platform).toBe("android");
      expect(wx.getWindowInfo().windowWidth).toBeGreaterThan(0);
    },
  },
  {
    name: "calls that the base library does not have yet are not there",
    run: async ({ make, expect }) => {
      const wx = make({ baseLibrary: "2.10.3" });
      expect(wx.getUserProfile).toBeUndefined();
      expect(wx.createCacheManager).toBeUndefined();
      expect(wx.canIUse("getUserProfile")).toBe(false);
      expect(wx.canIUse("login")).toBe(true);
      expect(wx.canIUse("$tap")).toBe(false);
      expect(wx.canIUse("button.open-type.chooseAvatar")).toBe(false);
      expect(make().canIUse("button.open-type.chooseAvatar")).toBe(true);
      expect(make({ baseLibrary: "2.32.2" }).canIUse("button.open-type.agreePrivacyAuthorization")).toBe(false);
    },
  },
  {
    name: "$sync takes over what the simulator knows of the app and the device",
    run: async ({ make, expect, sim, person }) => {
      await sim("apps", { appid: "wxde30000000000009", secret: "9".repeat(32), env: "trial" });
      await sim(`people/${person}`, { devices: { d9: { platform: "android", base_library: "3.1.0" } } });
      const wx = make({ appid: "wxde30000000000009", device: "d9" });
      await wx.$sync();
      expect(wx.getAccountInfoSync().miniProgram.envVersion).toBe("trial");
      expect(wx.getSystemInfoSync()).toMatchObject({ platform: "android", SDKVersion: "3.1.0" });
    },
  },
  {
    name: "launch options are those of the launch",
    run: async ({ make, expect }) => {
      const launch = { path: "pages/order", query: { id: "7" }, scene: 1011 };
      expect(make({ launch }).getLaunchOptionsSync()).toMatchObject(launch);
      expect(make({ launch }).getEnterOptionsSync()).toMatchObject(launch);
      expect(make().getLaunchOptionsSync()).toMatchObject({ scene: 1001, query: {} });
    },
  },
  {
    name: "base64 and ArrayBuffer, of every length",
    run: async ({ wx, expect }) => {
      for (const [plain, base64] of [
        ["", ""],
        ["f", "Zg=="],
        ["fo", "Zm8="],
        ["foo", "Zm9v"],
        ["foobar!", "Zm9vYmFyIQ=="],
      ]) {
        const data = new Uint8Array([...plain].map((letter) => letter.charCodeAt(0))).buffer;
        expect(wx.arrayBufferToBase64(data)).toBe(base64);
        expect([...new Uint8Array(wx.base64ToArrayBuffer(base64))]).toEqual([...new Uint8Array(data)]);
      }
    },
  },
  {
    name: "shown and hidden",
    run: async ({ wx, expect, sleep }) => {
      const told = [];
      const show = (options) => told.push(["show", options.scene]);
      wx.onAppShow(show);
      wx.onAppHide(() => told.push(["hide"]));
      wx.$hide();
      wx.$show();
      wx.offAppShow(show);
      wx.$hide();
      wx.$show();
      await sleep(20);
      expect(told).toEqual([["hide"], ["show", 1001], ["hide"]]);
    },
  },
  {
    name: "the user crypto manager",
    run: async ({ wx, expect, outcome }) => {
      const manager = wx.getUserCryptoManager();
      const key = await outcome(manager.getLatestUserKey);
      expect(key).toMatchObject({ errMsg: "getLatestUserKey:ok", version: 1, iv: expect.stringMatching(/^.{16}$/) });
      const { randomValues } = await outcome(wx.getRandomValues, { length: 6 });
      expect(randomValues.byteLength).toBe(6);
    },
  },
];
