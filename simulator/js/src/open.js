/** The calls that WeChat itself answers: login, profile, scopes, privacy. Each is one call on the phone. */

import { buffer, fromBase64 } from "./bytes.js";
import { WxFail } from "./fail.js";

/** Calls with a promise, and those without one (by the types of miniprogram-api-typings). */
const PROMISING = [
  "checkSession",
  "getUserInfo",
  "getUserProfile",
  "getSetting",
  "authorize",
  "openSetting",
  "getWeRunData",
  "setBackgroundFetchToken",
];
const CALLBACK_ONLY = ["getPrivacySetting", "requirePrivacyAuthorize", "pluginLogin"];

/**
 * @param {import("./phone.js").Phone} phone
 * @param {import("./calls.js").Caller} caller
 * @param {{ isTapped: (api: string) => boolean, host: Record<string, (options: any) => unknown> }} setting
 */
export function openCalls(phone, caller, { isTapped, host }) {
  /** @type {Record<string, unknown>} */
  const calls = {};
  for (const api of [...PROMISING, ...CALLBACK_ONLY]) {
    const promise = !CALLBACK_ONLY.includes(api);
    const ask = async (/** @type {Record<string, unknown>} */ options) => {
      const answer = await phone.call(api, options, { tap: isTapped(api) });
      if (options.withSubscriptions === true) answer.subscriptionsSetting = { mainSwitch: true, itemSettings: {} };
      return answer;
    };
    calls[api] = caller.call(api, ask, { promise });
  }
  calls.login = caller.call("login", (options) => phone.call("login", options, timeLimit(options)));
  calls.openPrivacyContract = caller.call(
    "openPrivacyContract",
    async (options) => {
      const answer = await phone.call("openPrivacyContract", options);
      await host.openPrivacyContract?.(options);
      return answer;
    },
    { promise: false },
  );
  calls.getRandomValues = caller.call("getRandomValues", (options) => randomValues(phone, options), { promise: false });
  calls.getUserCryptoManager = () => ({
    getLatestUserKey: caller.call("getLatestUserKey", (options) => phone.call("getLatestUserKey", options)),
    getRandomValues: calls.getRandomValues,
  });
  calls.createCacheManager = (/** @type {unknown} */ options) => cacheManager(phone, caller, options);
  return calls;
}

/** @param {Record<string, unknown>} options */
function timeLimit(options) {
  const { timeout } = options;
  return typeof timeout === "number" && timeout > 0 ? { timeout } : {};
}

/** @param {import("./phone.js").Phone} phone @param {Record<string, unknown>} options */
async function randomValues(phone, options) {
  const answer = await phone.call("getRandomValues", options);
  return { ...answer, randomValues: buffer(fromBase64(String(answer.randomValues))) };
}

/**
 * @param {import("./phone.js").Phone} phone
 * @param {import("./calls.js").Caller} caller
 * @param {unknown} options
 */
function cacheManager(phone, caller, options) {
  const ignore = (/** @type {unknown} */ error) => {
    if (!(error instanceof WxFail)) caller.onError(error);
  };
  let state = 0;
  const given = /** @type {Record<string, unknown>} */ (options ?? {});
  const start = () => {
    state = 1;
    phone.call("createCacheManager", given).catch(ignore);
  };
  if (given.mode !== "none") start();
  return {
    mode: given.mode ?? "weakNetwork",
    origin: given.origin ?? "",
    maxAge: given.maxAge ?? 7 * 86_400_000,
    get state() {
      return state;
    },
    start,
    stop: () => {
      state = 2;
      phone.call("CacheManager.stop").catch(ignore);
    },
    addRule: () => "",
    addRules: () => [],
    on: () => {},
    off: () => {},
  };
}
