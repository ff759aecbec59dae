// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** The privacy contract: every case begins with somebody who has not agreed. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "getPrivacySetting says whether agreement is needed, and the contract's name",
    run: async ({ wx, expect, outcome }) => {
      expect(await outcome(wx.getPrivacySetting)).toEqual({
        needAuthorization: true,
        privacyContractName: "《wxsim小程序隐私保护指引》",
        errMsg: "getPrivacySetting:ok",
      });
      expect(await outcome(wx.requirePrivacyAuthorize)).toEqual({ errMsg: "requirePrivacyAuthorize:ok" });
      expect(await outcome(wx.getPrivacySetting)).toMatchObject({ needAuthorization: false });
    },
  },
  {
    name: "a private call waits for the page: exposure, a tapped button, agree",
    run: async ({ wx, expect, outcome, sleep }) => {
      const told = [];
      let resolve;
      wx.onNeedPrivacyAuthorization((given, info) => {
        told.push(info);
        resolve = given;
      });
      const pending = outcome(wx.requirePrivacyAuthorize);
      while (!resolve) await sleep(10);
      expect(told).toEqual([{ referrer: "requirePrivacyAuthorize" }]);
      resolve({ event: "exposureAuthorization" });
      const event = await wx.$tap("agreePrivacyAuthorization", { id: "agree" });
      expect(event).toMatchObject({ type: "agreeprivacyauthorization", currentTarget: { id: "agree" } });
      resolve({ event: "agree", buttonId: "agree" });
      expect(await pending).toEqual({ errMsg: "requirePrivacyAuthorize:ok" });
      expect(await outcome(wx.requirePrivacyAuthorize)).toEqual({ errMsg: "requirePrivacyAuthorize:ok" });
      expect(told).toHaveLength(1);
    },
  },
  {
    name: "agree without a tap on that button, without its id, or an unknown event settles nothing",
    where: ["here"],
    run: async ({ make, expect, outcome, sleep }) => {
      const warnings = [];
      const wx = make({ onWarning: (text) => warnings.push(text) });
      let resolve;
      wx.onNeedPrivacyAuthorization((given) => {
        resolve = given;
      });
      let settled = false;
      const pending = outcome(wx.requirePrivacyAuthorize).then((result) => {
        settled = true;
        return result;
      });
      while (!resolve) await sleep(10);
      resolve({ event: "agree", buttonId: "agree" });
      resolve({ event: "agree" });
      resolve({ event: "yes" });
      resolve();
      await sleep(50);
      expect(settled).toBe(false);
      expect(warnings).toHaveLength(4);
      resolve({ event: "disagree" });
      resolve({ event: "agree", buttonId: "agree" });
      expect(await pending).toMatchObject({ errno: 104 });
    },
  },
  {
    name: "disagree fails the call with 104, and nobody is asked again for ten seconds",
    run: async ({ wx, expect, outcome, sim }) => {
      let asked = 0;
      wx.onNeedPrivacyAuthorization((resolve) => {
        asked += 1;
        resolve({ event: "disagree" });
      });
      const failed = {
        errMsg: "requirePrivacyAuthorize:fail privacy permission is not authorized",
        errno: 104,
      };
      expect(await outcome(wx.requirePrivacyAuthorize)).toEqual(failed);
      expect(await outcome(wx.requirePrivacyAuthorize)).toEqual(failed);
      expect(asked).toBe(1);
      await sim("clock", { advance: 10.001 });
      expect(await outcome(wx.requirePrivacyAuthorize)).toEqual(failed);
      expect(asked).toBe(2);
    },
  },
  {
    name: "there is one listener: the last one registered",
    run: async ({ wx, expect, outcome }) => {
      const asked = [];
      wx.onNeedPrivacyAuthorization((resolve) => {
        asked.push("first");
        resolve({ event: "disagree" });
      });
      wx.onNeedPrivacyAuthorization((resolve) => {
        asked.push("second");
        resolve({ event: "disagree" });
      });
      await outcome(wx.requirePrivacyAuthorize);
      expect(asked).toEqual(["second"]);
    },
  },
  {
    name: "several calls wait together, and one tap lets all of them go on",
    run: async ({ wx, expect, outcome, sleep }) => {
      const resolves = [];
      wx.onNeedPrivacyAuthorization((resolve) => resolves.push(resolve));
      const both = Promise.all([outcome(wx.requirePrivacyAuthorize), outcome(wx.requirePrivacyAuthorize)]);
      while (resolves.length < 2) await sleep(10);
      await wx.$tap("agreePrivacyAuthorization", { id: "b" });
      for (const resolve of resolves) resolve({ event: "agree", buttonId: "b" });
      expect((await both).map(({ errMsg }) => errMsg)).toEqual([
        "requirePrivacyAuthorize:ok",
        "requirePrivacyAuthorize:ok",
      ]);
    },
  },
  {
    name: "a button's referrer says button., and refusal ends its event",
    run: async ({ wx, expect }) => {
      const told = [];
      wx.onNeedPrivacyAuthorization((resolve, { referrer }) => {
        told.push(referrer);
        resolve({ event: "disagree" });
      });
      const event = await wx.$tap("getPhoneNumber");
      expect(told).toEqual(["button.getPhoneNumber"]);
      expect(event.detail).toEqual({
        errMsg: "getPhoneNumber:fail privacy permission is not authorized",
        errno: 104,
      });
    },
  },
  {
    name: "getPhoneNumber|agreePrivacyAuthorization agrees and goes on",
    run: async ({ wx, expect, outcome }) => {
      let asked = 0;
      wx.onNeedPrivacyAuthorization(() => {
        asked += 1;
      });
      const event = await wx.$tap("getPhoneNumber|agreePrivacyAuthorization", { id: "both" });
      expect(event.detail.errMsg).toBe("getPhoneNumber:ok");
      expect(asked).toBe(0);
      expect(await outcome(wx.getPrivacySetting)).toMatchObject({ needAuthorization: false });
    },
  },
  {
    name: "without a listener the official popup asks",
    run: async ({ make, expect, outcome }) => {
      const asks = [];
      const wx = make({ consent: (ask) => asks.push(ask) && "refuse" });
      expect(await outcome(wx.requirePrivacyAuthorize)).toEqual({
        errMsg: "requirePrivacyAuthorize:fail privacy permission is not authorized",
        errno: 104,
      });
      expect(asks).toEqual([{ about: "privacy", referrer: "requirePrivacyAuthorize", api: "requirePrivacyAuthorize" }]);
    },
  },
  {
    name: "a kind of data that is not declared is 112",
    run: async ({ make, expect, sim }) => {
      const appid = "wxde30000000000112";
      await sim("apps", { appid, secret: "1".repeat(32), declared: {} });
      const { detail } = await make({ appid }).$tap("getPhoneNumber");
      expect(detail).toEqual({
        errMsg: "getPhoneNumber:fail api scope is not declared in the privacy agreement",
        errno: 112,
      });
    },
  },
  {
    name: "openPrivacyContract shows the contract",
    run: async ({ make, expect, outcome }) => {
      let shown = 0;
      const host = {
        openPrivacyContract: () => {
          shown += 1;
        },
      };
      expect(await outcome(make({ host }).openPrivacyContract)).toEqual({ errMsg: "openPrivacyContract:ok" });
      expect(shown).toBe(1);
    },
  },
  {
    name: "below 2.32.3 there are no such calls, and nobody is stopped",
    run: async ({ make, expect }) => {
      const wx = make({ baseLibrary: "2.32.2", device: "old" });
      expect(wx.getPrivacySetting).toBeUndefined();
      expect(wx.onNeedPrivacyAuthorization).toBeUndefined();
      expect((await wx.$tap("getPhoneNumber")).detail.errMsg).toBe("getPhoneNumber:ok");
    },
  },
];
