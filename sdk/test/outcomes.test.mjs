// Every form that WeChat's documentation and its phones give a failure (phone button, data, request, login, scopes) has the
// right outcome.
import { expect, it } from "vitest";
import { loadSdk, WAYS } from "./support/cell.mjs";
import { BASE, makePhone, TinyMenjin } from "./support/tiny.mjs";

const NETWORK_CHANGE = "errcode:10011 cronet_error_code:0 error_msg:network change, cancel all task";

/** [errMsg, errno, code] of the phone button. */
const PHONE = [
  ["getPhoneNumber:fail user deny", undefined, "user_denied"],
  ["getPhoneNumber:fail:user deny", undefined, "user_denied"],
  ["getPhoneNumber:fail user cancel", undefined, "user_denied"],
  ["getPhoneNumber:fail user deny", 103, "user_denied"],
  ["getPhoneNumber:fail user deny", 104, "user_denied"],
  ["getPhoneNumber:fail no permission", undefined, "no_permission"],
  ["getPhoneNumber:fail jsapi has no permission", 102, "no_permission"],
  ["getPhoneNumber:fail api scope is not declared in the privacy agreement", 112, "privacy_not_declared"],
  ["getPhoneNumber:fail api scope is not declared in the privacy agreement", undefined, "privacy_not_declared"],
  ["getPhoneNumber:fail privacy permission is not authorized", 104, "privacy_denied"],
  ["getPhoneNumber:fail privacy permission is not authorized", 103, "privacy_denied"],
  ["privacy permission is not authorized", undefined, "privacy_denied"],
  ["getPhoneNumber:fail appid no enough quota", 1400001, "no_quota"],
  ["getPhoneNumber:fail", 1400001, "no_quota"],
  ["getPhoneNumber:fail user getPhoneNumber is blocked", 1421102, "phone_blocked"],
  ["getPhoneNumber:fail appid privacy api banned", 1025, "privacy_banned"],
  ["getPhoneNumber:fail appid privacy api banned", 101101, "privacy_banned"],
  ["getPhoneNumber:fail appid privacy api banned", undefined, "privacy_banned"],
  ["getPhoneNumber:fail something new", undefined, "wx_failed"],
  ["getPhoneNumber:fail something new", 987654, "wx_failed"],
  [undefined, undefined, "wx_failed"],
];

/** Of other buttons and calls, given to userInfo or openData. */
const DATA = [
  ["getUserInfo:fail auth deny", undefined, "user_denied"],
  ["getUserProfile:fail auth deny", undefined, "user_denied"],
  ["getUserProfile:fail can only be invoked by user TAP gesture.", undefined, "needs_tap"],
  ["getUserProfile:fail desc length does not meet the requirements", undefined, "request_malformed"],
  ["getWeRunData:fail:auth deny", undefined, "user_denied"],
  ["getWeRunData:fail 系统错误，错误码：-12006,auth deny", undefined, "user_denied"],
];

const REQUEST = [
  ["request:fail timeout", 5, "timeout"],
  ["request:fail timeout", undefined, "timeout"],
  ["request:fail url not in domain list", 600002, "domain_not_listed"],
  ["request:fail url not in domain list", undefined, "domain_not_listed"],
  ["request:fail abort", undefined, "aborted"],
  ["request:fail interrupted", 600003, "interrupted"],
  ["request:fail interrupted", undefined, "interrupted"],
  [`request:fail ${NETWORK_CHANGE}`, 600001, "network_failed"],
  [`request:fail ${NETWORK_CHANGE}`, undefined, "network_failed"],
  [
    "request:fail errcode:-118 cronet_error_code:-118 error_msg:net::ERR_CONNECTION_TIMED_OUT",
    undefined,
    "network_failed",
  ],
  ["request:fail", 600001, "network_failed"],
  ["request:fail", 600000, "network_failed"],
  ["request:fail", 602001, "network_failed"],
  ["request:fail", undefined, "network_failed"],
  ["request:fail exceed max task count", 600007, "too_frequent"],
  ["request:fail invalid URL", 600009, "request_malformed"],
  ["request:fail invalid request data", 600010, "request_malformed"],
];

const LOGIN = [
  ["login:fail wxa login is blocked", 1402101, "login_blocked"],
  ["login:fail timeout", 5, "timeout"],
  ["login:fail cgi failed for network issues", 108, "network_failed"],
  ["login:fail meet server frequency limit", 1003, "too_frequent"],
  ["login:fail something new", undefined, "login_failed"],
];

const AUTHORIZE = [
  ["authorize:fail auth deny", undefined, { value: false }],
  ["authorize:fail:auth deny", undefined, { value: false }],
  ["authorize:fail 系统错误，错误码：-12006,auth deny", undefined, { value: false }],
  ["authorize:fail", 103, { value: false }],
  ["authorize:fail api scope is not declared in the privacy agreement", 112, "privacy_not_declared"],
  ["authorize:fail privacy permission is not authorized", 104, "privacy_denied"],
  ["authorize:fail system permission denied", 3, "system_denied"],
];

function open() {
  const server = new TinyMenjin();
  const phone = makePhone(server);
  return { server, phone, menjin: loadSdk(WAYS[1], phone.wx).createMenjin({ baseURL: BASE, spread: 0 }) };
}

const failed = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => error,
  );

it.each(PHONE)("the phone button's %s (%s) is %s", async (errMsg, errno, code) => {
  const { menjin, phone } = open();
  const error = await failed(menjin.phoneNumber({ detail: { errMsg, errno } }));
  expect([error.code, error.retryAfter]).toEqual([code, code === "privacy_denied" ? 10 : undefined]);
  expect([phone.logins, phone.requests]).toEqual([0, 0]);
  expect((await failed(menjin.bindPhone({ detail: { errMsg, errno } }))).code).toBe(code);
  expect(phone.requests).toBe(0);
});

it.each(DATA)("%s (%s) is %s", async (errMsg, errno, code) => {
  const { menjin, phone } = open();
  expect((await failed(menjin.openData({ errMsg, errno }, "werun"))).code).toBe(code);
  const error = await failed(menjin.userInfo({ detail: { errMsg, errno } }));
  expect([error.code, error.action]).toEqual([code, code === "needs_tap" ? "retap" : "none"]);
  expect(phone.requests).toBe(0);
});

it.each(REQUEST)("%s (%s) is %s", async (errMsg, errno, code) => {
  const { menjin, server } = open();
  await menjin.ready();
  server.routes.push(({ path }) => path === "/things" && { errMsg, errno });
  const error = await failed(menjin.request({ url: "/things" }));
  expect([error.code, error.errMsg]).toEqual([code, errMsg]);
  expect(server.count("GET", "/things")).toBe(1);
});

it.each(LOGIN)("%s (%s) is %s", async (errMsg, errno, code) => {
  const { menjin, phone } = open();
  phone.login = () => ({ errMsg, errno });
  expect((await failed(menjin.ready())).code).toBe(code);
  expect(phone.logins).toBe(code === "login_failed" ? 2 : 1);
});

it.each(AUTHORIZE)("%s (%s) is %s", async (errMsg, errno, outcome) => {
  const { menjin, phone } = open();
  phone.wx.getSetting = ({ success }) => success({ authSetting: {} });
  phone.wx.authorize = ({ fail }) => fail({ errMsg, errno });
  const result = await failed(menjin.authorize("scope.record"));
  expect(result.code || result).toEqual(outcome);
});

it("opens the settings page only by a tap, and says so", async () => {
  const { menjin, phone } = open();
  phone.wx.getSetting = ({ success }) => success({ authSetting: { "scope.record": false } });
  phone.wx.showModal = ({ success }) => success({ confirm: true });
  phone.wx.openSetting = ({ fail }) => fail({ errMsg: "openSetting:fail can only be invoked by user TAP gesture." });
  expect((await failed(menjin.authorize("scope.record", { explain: "why" }))).code).toBe("needs_tap");
  phone.wx.showModal = ({ success }) => success({ confirm: false });
  expect(await menjin.authorize("scope.record", { explain: { content: "why", title: "t" } })).toBe(false);
});

it("says that a WeChat is too old, rather than throwing a TypeError", async () => {
  const { menjin, phone } = open();
  phone.wx.getSetting = undefined;
  expect((await failed(menjin.authorize("scope.record"))).code).toBe("not_supported");
});
