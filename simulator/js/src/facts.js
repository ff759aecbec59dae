/** What the phone knows about itself and the mini program, and hands out synchronously. */

import { buffer, fromBase64, toBase64 } from "./bytes.js";

/**
 * @typedef {{ appid: string, envVersion: "develop" | "trial" | "release", version: string, releaseNumber: number,
 *   baseLibrary: string, platform: "ios" | "android" | "devtools", language: string,
 *   launch: { path?: string, query?: Record<string, string>, scene?: number, [more: string]: unknown } }} Facts
 */

const MODELS = { ios: "iPhone 15", android: "Pixel 8", devtools: "iPhone 15" };
const SYSTEMS = { ios: "iOS 17.5", android: "Android 14", devtools: "iOS 17.5" };
const WECHAT = "8.0.50";
const WINDOW = {
  pixelRatio: 3,
  screenWidth: 393,
  screenHeight: 852,
  windowWidth: 393,
  windowHeight: 759,
  statusBarHeight: 59,
};

/** The Referer that the runtime sets and nobody else. @param {Facts} facts */
export function referer(facts) {
  const release = facts.envVersion === "release" ? String(facts.releaseNumber) : "0";
  const version = facts.platform === "devtools" ? "devtools" : release;
  return `https://servicewechat.com/${facts.appid}/${version}/page-frame.html`;
}

/** @param {Facts} facts */
function device({ platform }) {
  return {
    abi: platform === "android" ? "arm64-v8a" : null,
    benchmarkLevel: 40,
    brand: platform === "android" ? "google" : "iPhone",
    model: MODELS[platform],
    system: SYSTEMS[platform],
    platform,
    memorySize: 6144,
  };
}

/** @param {Facts} facts */
function base({ baseLibrary, language }) {
  return {
    SDKVersion: baseLibrary,
    enableDebug: false,
    host: { appId: "", env: "WeChat" },
    language,
    version: WECHAT,
    theme: "light",
    fontSizeScaleFactor: 1,
    fontSizeSetting: 16,
  };
}

function screen() {
  const { screenWidth: width, screenHeight: bottom, statusBarHeight: top } = WINDOW;
  return { ...WINDOW, screenTop: 93, safeArea: { left: 0, right: width, top, bottom, width, height: bottom - top } };
}

/**
 * @param {Facts} facts
 * @param {import("./calls.js").Caller} caller
 */
export function factCalls(facts, caller) {
  const system = () => ({ ...device(facts), ...base(facts), ...screen(), errMsg: "getSystemInfo:ok" });
  const launch = () => ({
    path: "pages/index/index",
    query: {},
    scene: 1001,
    referrerInfo: {},
    apiCategory: "default",
    ...facts.launch,
  });
  return {
    env: { USER_DATA_PATH: facts.platform === "devtools" ? "http://usr" : "wxfile://usr" },
    getAccountInfoSync: () => ({
      miniProgram: {
        appId: facts.appid,
        envVersion: facts.envVersion,
        version: facts.envVersion === "release" ? facts.version : "",
      },
    }),
    getSystemInfoSync: () => system(),
    getSystemInfo: caller.call("getSystemInfo", () => system()),
    getSystemInfoAsync: caller.call("getSystemInfoAsync", () => ({ ...system(), errMsg: "getSystemInfoAsync:ok" }), {
      promise: false,
    }),
    getDeviceInfo: () => device(facts),
    getAppBaseInfo: () => base(facts),
    getWindowInfo: () => screen(),
    getSystemSetting: () => ({
      bluetoothEnabled: true,
      deviceOrientation: "portrait",
      locationEnabled: true,
      wifiEnabled: true,
    }),
    getAppAuthorizeSetting: () => ({
      albumAuthorized: "authorized",
      bluetoothAuthorized: "authorized",
      cameraAuthorized: "authorized",
      locationAuthorized: "authorized",
      locationReducedAccuracy: false,
      microphoneAuthorized: "authorized",
      notificationAuthorized: "authorized",
      phoneCalendarAuthorized: "authorized",
    }),
    getLaunchOptionsSync: launch,
    getEnterOptionsSync: launch,
    arrayBufferToBase64: (/** @type {ArrayBuffer} */ data) => toBase64(data),
    base64ToArrayBuffer: (/** @type {string} */ data) => buffer(fromBase64(data)),
    nextTick: (/** @type {unknown} */ run) => caller.later(() => caller.tell(run)),
  };
}
