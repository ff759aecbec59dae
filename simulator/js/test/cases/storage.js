// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** Storage. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "what is put there comes back as it was, and as a copy",
    run: async ({ wx, expect }) => {
      const values = ["", "text", 0, 1.5, true, false, null, undefined, [1, "a"], { a: { b: [null] } }];
      for (const value of values) {
        wx.setStorageSync("key", value);
        expect(wx.getStorageSync("key")).toEqual(value);
        await wx.setStorage({ key: "later", data: value });
        expect((await wx.getStorage({ key: "later" })).data).toEqual(value);
      }
      const date = new Date(1_700_000_000_000);
      wx.setStorageSync("date", date);
      expect(wx.getStorageSync("date").getTime()).toBe(date.getTime());
      const kept = { list: [1] };
      wx.setStorageSync("kept", kept);
      kept.list.push(2);
      wx.getStorageSync("kept").list.push(3);
      expect(wx.getStorageSync("kept")).toEqual({ list: [1] });
    },
  },
  {
    name: "a missing key is the empty string, or data not found",
    run: async ({ wx, expect }) => {
      expect(wx.getStorageSync("nothing")).toBe("");
      expect(await wx.getStorage({ key: "nothing" }).catch((caught) => caught)).toEqual({
        errMsg: "getStorage:fail data not found",
      });
      wx.setStorageSync("a", 1);
      wx.removeStorageSync("a");
      expect(wx.getStorageSync("a")).toBe("");
      expect(await wx.removeStorage({ key: "a" })).toEqual({ errMsg: "removeStorage:ok" });
    },
  },
  {
    name: "1 MB a key and 10 MB in all, to the byte",
    run: async ({ wx, expect }) => {
      const whole = "x".repeat(1_048_576);
      wx.setStorageSync("k0", whole);
      expect(() => wx.setStorageSync("k0", `${whole}x`)).toThrow("setStorageSync:fail:entry size limit reached");
      expect(await wx.setStorage({ key: "k0", data: `${whole}x` }).catch((caught) => caught)).toEqual({
        errMsg: "setStorage:fail:entry size limit reached",
      });
      for (let at = 1; at < 10; at += 1) wx.setStorageSync(`k${at}`, whole);
      expect(() => wx.setStorageSync("more", "x")).toThrow("setStorageSync:fail exceed storage max size 10Mb");
      expect(await wx.setStorage({ key: "more", data: "x" }).catch((caught) => caught)).toEqual({
        errMsg: "setStorage:fail exceed storage max size 10Mb",
      });
      wx.setStorageSync("k9", "small again");
      expect(wx.getStorageInfoSync()).toMatchObject({ limitSize: 10_240, currentSize: 9217 });
      wx.clearStorageSync();
      expect(wx.getStorageInfoSync()).toEqual({ keys: [], currentSize: 0, limitSize: 10_240 });
    },
  },
  {
    name: "limits count bytes of UTF-8, not letters",
    run: async ({ wx, expect }) => {
      expect(() => wx.setStorageSync("zh", "门".repeat(349_526))).toThrow(":entry size limit reached");
      wx.setStorageSync("zh", "门".repeat(349_525));
    },
  },
  {
    name: "a failed write leaves the old value",
    run: async ({ wx, expect }) => {
      wx.setStorageSync("a", "old");
      expect(() => wx.setStorageSync("a", "x".repeat(1_048_577))).toThrow();
      expect(wx.getStorageSync("a")).toBe("old");
    },
  },
  {
    name: "a Sync call throws an Error that carries errMsg",
    run: async ({ wx, expect }) => {
      let caught;
      try {
        wx.setStorageSync({ key: "a" }, 1);
      } catch (error) {
        caught = error;
      }
      expect(caught.errMsg).toBe("setStorageSync:fail parameter error: parameter should be String instead of Object;");
      expect(caught.message).toBe(caught.errMsg);
    },
  },
  {
    name: "what cannot be serialised fails",
    run: async ({ wx, expect }) => {
      const circle = {};
      circle.self = circle;
      expect(() => wx.setStorageSync("circle", circle)).toThrow("setStorageSync:fail Converting circular structure");
    },
  },
  {
    name: "an encrypted value is apart from the plain ones",
    run: async ({ wx, expect }) => {
      await wx.setStorage({ key: "e", data: "secret", encrypt: true });
      expect((await wx.getStorage({ key: "e", encrypt: true })).data).toBe("secret");
      expect(await wx.getStorage({ key: "e" }).catch((caught) => caught)).toEqual({
        errMsg: "getStorage:fail data not found",
      });
      expect(wx.getStorageSync("e")).toBe("");
      const large = "x".repeat(734_004);
      expect(await wx.setStorage({ key: "e", data: large, encrypt: true }).catch((caught) => caught)).toEqual({
        errMsg: "setStorage:fail:entry size limit reached",
      });
    },
  },
  {
    name: "it outlives a restart of the mini program and knows neither other devices, people nor apps",
    run: async ({ wx, make, expect, sim }) => {
      wx.setStorageSync("token", "mine");
      expect(make().getStorageSync("token")).toBe("mine");
      expect(make({ device: "d2" }).getStorageSync("token")).toBe("");
      expect(make({ person: "ming" }).getStorageSync("token")).toBe("");
      await sim("apps", { appid: "wxde30000000000077", secret: "0".repeat(32) });
      expect(make({ appid: "wxde30000000000077" }).getStorageSync("token")).toBe("");
    },
  },
  {
    name: "several at once",
    run: async ({ wx, expect }) => {
      wx.batchSetStorageSync([
        { key: "a", value: 1 },
        { key: "b", value: [2] },
      ]);
      expect(wx.batchGetStorageSync(["a", "b", "c"])).toEqual([1, [2], ""]);
      await wx.batchSetStorage({ kvList: [{ key: "c", value: 3 }] });
      expect((await wx.batchGetStorage({ keyList: ["c"] })).dataList).toEqual([3]);
    },
  },
  {
    name: "with localStorage, or its like, it outlives the page",
    run: async ({ make, expect }) => {
      const disk = new Map();
      const storage = {
        getItem: (key) => disk.get(key) ?? null,
        setItem: (key, value) => disk.set(key, value),
        removeItem: (key) => disk.delete(key),
      };
      make({ storage, device: "page" }).setStorageSync("token", { a: 1 });
      expect(make({ storage, device: "page" }).getStorageSync("token")).toEqual({ a: 1 });
      expect(make({ device: "page" }).getStorageSync("token")).toBe("");
    },
  },
  {
    name: "a disk that is full keeps what it had; one that is spoilt is empty",
    run: async ({ make, expect }) => {
      let full = false;
      const disk = new Map();
      const storage = {
        getItem: (key) => disk.get(key) ?? null,
        setItem: (key, value) => {
          if (full) throw new Error("QuotaExceededError");
          disk.set(key, value);
        },
        removeItem: (key) => disk.delete(key),
      };
      const wx = make({ storage, device: "full" });
      wx.setStorageSync("a", "old");
      full = true;
      expect(() => wx.setStorageSync("a", "new")).toThrow("setStorageSync:fail exceed storage max size 10Mb");
      expect(() => wx.setStorageSync("b", "new")).toThrow("setStorageSync:fail exceed storage max size 10Mb");
      expect(wx.getStorageSync("a")).toBe("old");
      expect(wx.getStorageInfoSync().keys).toEqual(["a"]);
      full = false;
      for (const key of disk.keys()) disk.set(key, "{spoilt");
      expect(make({ storage, device: "full" }).getStorageInfoSync().keys).toEqual([]);
    },
  },
];
