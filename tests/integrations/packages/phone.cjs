// A minimal `wx` for Tencent's unmodified clients: login, getUserInfo and checkSession are answered by a simulated
// phone, request goes to the app. Usage: node phone.cjs PACKAGE_FOLDER PHONE_URL APP_URL; one JSON line a step.
"use strict";

const [, , packageFolder, phoneUrl, appUrl] = process.argv;
const storage = new Map();

function settle(promise, options) {
  promise.then(
    (result) => {
      const failed = result.errMsg && result.errMsg.indexOf(":fail") >= 0;
      const call = failed ? options.fail : options.success;
      if (call) call(result);
      if (options.complete) options.complete(result);
    },
    (error) => {
      if (options.fail) options.fail({ errMsg: `request:fail ${error.message}` });
      if (options.complete) options.complete({});
    },
  );
}

function onPhone(api, tap) {
  return (options) =>
    settle(
      fetch(`${phoneUrl}/${api}?tap=${tap}`, { method: "POST", body: "{}" }).then((answer) => answer.json()),
      options,
    );
}

async function send(options) {
  const answer = await fetch(options.url, { method: options.method || "GET", headers: options.header || {} });
  const text = await answer.text();
  let data = text;
  try {
    data = JSON.parse(text);
  } catch (_) {
    /* wx gives text that is no JSON as it is */
  }
  return { data, statusCode: answer.status, header: Object.fromEntries(answer.headers), errMsg: "request:ok" };
}

globalThis.wx = {
  login: onPhone("login", 0),
  checkSession: onPhone("checkSession", 0),
  getUserInfo: onPhone("getUserInfo", 1), // from <button open-type="getUserInfo">
  request: (options) => settle(send(options), options),
  getStorageSync: (key) => storage.get(key) || "",
  setStorageSync: (key, value) => storage.set(key, JSON.parse(JSON.stringify(value))),
  removeStorageSync: (key) => storage.delete(key),
  onSocketOpen() {},
  onSocketClose() {},
  onSocketMessage() {},
  onSocketError() {},
};

const sdk = require(packageFolder);
const stored = () => [...storage.values()][0] || null;
const promised = (start) =>
  new Promise((resolve) =>
    start({
      success: (value) => resolve({ ok: true, value: value && value.data !== undefined ? value.data : value }),
      fail: (error) => resolve({ ok: false, type: error.type, message: error.message }),
    }),
  );
const print = (step, value) => process.stdout.write(`${JSON.stringify({ step, ...value })}\n`);

async function main() {
  sdk.setLoginUrl(`${appUrl}/login`);
  print("login", {
    ...(await promised((calls) => sdk.login(Object.assign({ loginUrl: `${appUrl}/login` }, calls)))),
    stored: stored(),
  });
  const get = (login) => promised((calls) => sdk.request(Object.assign({ url: `${appUrl}/me`, login }, calls)));
  print("request", await get(false));
  const spoilt = Object.assign({}, stored(), { skey: `mjs_${"A".repeat(43)}` });
  storage.set([...storage.keys()][0], spoilt);
  print("after a dead skey", { ...(await get(false)), stored: stored() });
  print("request with login", { ...(await get(true)), stored: stored() });
  sdk.clearSession();
  print("after clearSession", { ...(await get(true)), stored: stored() });
}

main();
