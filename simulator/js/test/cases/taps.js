// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** Buttons with an open-type. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "the phone button: code, encryptedData, iv, cloudID",
    run: async ({ wx, expect, text }) => {
      await wx.login();
      const event = await wx.$tap("getPhoneNumber", { id: "phone", dataset: { from: "cart" } });
      expect(event).toMatchObject({
        type: "getphonenumber",
        target: { id: "phone", dataset: { from: "cart" } },
        currentTarget: { id: "phone" },
      });
      expect(event.detail).toEqual({
        errMsg: "getPhoneNumber:ok",
        code: expect.stringMatching(/^[0-9a-f]{64}$/),
        encryptedData: text,
        iv: text,
        cloudID: text,
      });
    },
  },
  {
    name: "the realtime button gives a code only",
    run: async ({ wx, expect }) => {
      const event = await wx.$tap("getRealtimePhoneNumber");
      expect(event.type).toBe("getrealtimephonenumber");
      expect(Object.keys(event.detail).sort()).toEqual(["code", "errMsg"]);
    },
  },
  {
    name: "refusals and failures of the phone button, to the byte",
    run: async ({ make, expect, sim, person }) => {
      const change = (fields) => sim(`people/${person}`, fields);
      const detail = async (options) => (await make(options).$tap("getPhoneNumber")).detail;
      await change({ answers: { getPhoneNumber: "refuse" } });
      expect(await detail({})).toEqual({ errMsg: "getPhoneNumber:fail user deny", errno: 103 });
      expect(await detail({ platform: "android", device: "a" })).toEqual({
        errMsg: "getPhoneNumber:fail:user deny",
        errno: 103,
      });
      await change({ answers: {}, phone_blocked: true });
      expect(await detail({})).toEqual({
        errMsg: "getPhoneNumber:fail user getPhoneNumber is blocked",
        errno: 1421102,
      });
      await change({ phone_blocked: false });
      const poor = "wxde30000000000003";
      await sim("apps", { appid: poor, secret: "2".repeat(32), phone_trial_used: 1000 });
      expect(await detail({ appid: poor })).toEqual({
        errMsg: "getPhoneNumber:fail appid no enough quota",
        errno: 1400001,
      });
      const personal = "wxde30000000000004";
      await sim("apps", { appid: personal, secret: "3".repeat(32), phone_button: false });
      expect(await detail({ appid: personal })).toEqual({ errMsg: "getPhoneNumber:fail no permission", errno: 102 });
    },
  },
  {
    name: "the person is asked where there is somebody to show the sheet",
    run: async ({ make, expect }) => {
      const asks = [];
      const wx = make({ consent: ({ about, referrer }) => asks.push([about, referrer]) && about === "privacy" });
      const { detail } = await wx.$tap("getPhoneNumber");
      expect(asks).toEqual([
        ["privacy", "button.getPhoneNumber"],
        ["getPhoneNumber", "button.getPhoneNumber"],
      ]);
      expect(detail).toEqual({ errMsg: "getPhoneNumber:fail user deny", errno: 103 });
    },
  },
  {
    name: "an avatar is a temporary file; without one no event fires",
    run: async ({ make, wx, expect }) => {
      const event = await wx.$tap("chooseAvatar");
      expect(event.type).toBe("chooseavatar");
      expect(Object.keys(event.detail)).toEqual(["avatarUrl"]);
      const bytes = wx.base64ToArrayBuffer("AAH+/w==");
      const own = await wx.$tap("chooseAvatar", { file: bytes });
      expect(wx.arrayBufferToBase64(wx.$file(own.detail.avatarUrl).data)).toBe("AAH+/w==");
      expect(await make({ consent: ({ about }) => about === "privacy" }).$tap("chooseAvatar")).toBeNull();
    },
  },
  {
    name: "a nickname is what was typed, or WeChat's suggestion, and is reviewed",
    run: async ({ wx, expect, sim, person }) => {
      expect((await wx.$tap("nickname", { value: "小明" })).detail).toMatchObject({
        value: "小明",
        pass: true,
        timeout: false,
      });
      await sim(`people/${person}`, { answers: { nickname: "refuse" } });
      expect((await wx.$tap("nickname", { value: "坏词" })).detail).toMatchObject({ value: "", pass: false });
    },
  },
  {
    name: "getUserInfo's button brings the ciphertext",
    run: async ({ wx, expect, text }) => {
      await wx.login();
      const event = await wx.$tap("getUserInfo");
      expect(event).toMatchObject({
        type: "getuserinfo",
        detail: { errMsg: "getUserInfo:ok", encryptedData: text, iv: text },
      });
    },
  },
  {
    name: "an unknown open-type is a mistake of the test's",
    run: async ({ wx, expect }) => {
      await expect(wx.$tap("share")).rejects.toThrow("knows no open-type share");
    },
  },
];
