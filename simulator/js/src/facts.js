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

const SWITCHES = { bluetoothEnabled: true, deviceOrientation: "portrait", locationEnabled: true, wifiEnabled: true };
const ABILITIES = [
  "album",
  "bluetooth",
  "camera",
  "location",
  "microphone",
  "notification",
  "notificationAlert",
  "notificationBadge",
  "notificationSound",
  "phoneCalendar",
];

/** What the phone's own settings let WeChat do; each answer has a word of its own for yes. @param {unknown} yes */
function authorised(yes) {
  return Object.fromEntries(ABILITIES.map((ability) => [`${ability}Authorized`, yes]));
}

/** The Referer that the runtime sets and nobody else. @param {Facts} facts */
export function referer(facts) {
  const release = facts.envVersion === "release" ? String(facts.releaseNumber) : "0";
  const version = facts.platform === "devtools" ? "devtools" : release;
  return `https://servicewechat.com/${facts.appid}/${version}/page-frame.html`;
}

/** @param {Facts} facts */
function device({ platform }) {
  return {
    abi: platform === "android" ? "arm64-v8a" : "arm64",
    deviceAbi: platform === "android" ? "arm64-v8a" : "arm64",
    cpuType: platform === "android" ? "Tensor G3" : "A16 Bionic",
    benchmarkLevel: 40,
    brand: platform === "android" ? "google" : "iPhone",
    model: MODELS[platform],
    system: SYSTEMS[platform],
    platform,
    memorySize: "6144",
  };
}

/** @param {Facts} facts */
function base({ baseLibrary, language }) {
  return {
    SDKVersion: baseLibrary,
    PCKernelVersion: "",
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

/** How the mini program was opened. @param {Pick<Facts, "launch">} facts */
export function launchOptions({ launch }) {
  return {
    path: "pages/index/index",
    query: {},
    scene: 1001,
    referrerInfo: {},
    forwardMaterials: [],
    apiCategory: "default",
    hostExtraData: {},
    ...launch,
  };
}

/**
 * @param {Facts} facts
 * @param {import("./calls.js").Caller} caller
 */
export function factCalls(facts, caller) {
  const system = () => ({
    ...device(facts),
    ...base(facts),
    ...screen(),
    ...SWITCHES,
    ...authorised(true),
    locationReducedAccuracy: false,
    errMsg: "getSystemInfo:ok",
  });
  const launch = () => launchOptions(facts);
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
    getSystemSetting: () => SWITCHES,
    getAppAuthorizeSetting: () => ({ ...authorised("authorized"), locationReducedAccuracy: false }),
    getLaunchOptionsSync: launch,
    getEnterOptionsSync: launch,
    arrayBufferToBase64: (/** @type {ArrayBuffer} */ data) => toBase64(data),
    base64ToArrayBuffer: (/** @type {string} */ data) => buffer(fromBase64(data)),
    nextTick: (/** @type {unknown} */ run) => caller.later(() => caller.tell(run)),
  };
}
