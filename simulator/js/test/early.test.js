import { afterAll, beforeAll, expect, test } from "vitest";
import { createWx, startWxsim } from "../src/index.js";

/** @type {import("../src/start.js").Started} */
let simulator;
beforeAll(async () => {
  simulator = await startWxsim();
});
afterAll(() => simulator.stop());

test("a person logs in, is asked for nothing, taps the phone button", async () => {
  const wx = createWx({ simulator: simulator.url });
  expect(await wx.login()).toEqual({ code: expect.stringMatching(/^\w{32}$/), errMsg: "login:ok" });
  expect(await wx.checkSession()).toEqual({ errMsg: "checkSession:ok" });
  const event = await wx.$tap("getPhoneNumber");
  expect(event).toMatchObject({ type: "getphonenumber", detail: { errMsg: "getPhoneNumber:ok" } });
  await expect(wx.openSetting()).rejects.toEqual({
    errMsg: "openSetting:fail can only be invoked by user TAP gesture.",
  });
  expect(await wx.$gesture(() => wx.openSetting())).toMatchObject({ errMsg: "openSetting:ok" });
});
