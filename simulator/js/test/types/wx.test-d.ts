// Checked by tsc, never run: our `wx` where a mini program's types expect WeChat's.
import { type Ask, type ButtonEvent, createWx, type FailObject, type PhoneDetail, startWxsim, type Wx } from "wxsim";

// Without onNeedPrivacyAuthorization: the official types give its listener a result, the documentation `resolve` and
// the referrer. And without getAccountInfoSync: its `plugin` is only there in a plugin.
type Relevant = Pick<
  WechatMiniprogram.Wx,
  | "login"
  | "checkSession"
  | "getUserInfo"
  | "getUserProfile"
  | "getSetting"
  | "openSetting"
  | "authorize"
  | "getPrivacySetting"
  | "requirePrivacyAuthorize"
  | "openPrivacyContract"
  | "request"
  | "uploadFile"
  | "downloadFile"
  | "connectSocket"
  | "setStorage"
  | "getStorage"
  | "removeStorage"
  | "clearStorage"
  | "getStorageInfo"
  | "setStorageSync"
  | "getStorageSync"
  | "removeStorageSync"
  | "clearStorageSync"
  | "getStorageInfoSync"
  | "getSystemInfoSync"
  | "getDeviceInfo"
  | "getAppBaseInfo"
  | "getWindowInfo"
  | "getLaunchOptionsSync"
  | "getEnterOptionsSync"
  | "getNetworkType"
  | "onNetworkStatusChange"
  | "onAppShow"
  | "onAppHide"
  | "showModal"
  | "showToast"
  | "showLoading"
  | "hideToast"
  | "hideLoading"
  | "showActionSheet"
  | "navigateTo"
  | "redirectTo"
  | "navigateBack"
  | "switchTab"
  | "reLaunch"
  | "arrayBufferToBase64"
  | "base64ToArrayBuffer"
  | "nextTick"
  | "canIUse"
  | "env"
>;

const ours: Wx = createWx({ appid: "wxde30000000000001", person: "ming" });
const theirs: Relevant = ours;
const account: WechatMiniprogram.AccountInfo["miniProgram"] = ours.getAccountInfoSync().miniProgram;

// A promise without callbacks, nothing with them: the same in both.
const code: Promise<string> = ours.login().then((result) => result.code);
const official: Promise<string> = theirs.login().then((result) => result.code);
// @ts-expect-error with a callback there is no promise
ours.login({ success: () => {} }).then(() => {});
// @ts-expect-error PATCH is not among the methods
ours.request({ url: "https://api.example.com", method: "PATCH" });
// @ts-expect-error a task is no promise
ours.request({ url: "https://api.example.com" }).then(() => {});
ours.request<{ a: number }>({
  url: "https://api.example.com",
  success: ({ data, statusCode }) => [data.a.toFixed(), statusCode.toFixed()],
  fail: (error: FailObject) => error.errno?.toFixed(),
});
const event: Promise<ButtonEvent<PhoneDetail>> = ours.$tap("getPhoneNumber|agreePrivacyAuthorization", { id: "b" });
const avatar: Promise<ButtonEvent<{ avatarUrl: string }> | null> = ours.$tap("chooseAvatar");
const tapped: Promise<{ errMsg: string }> = ours.$gesture(() => ours.openSetting());
createWx({ consent: (ask: Ask) => ask.about !== "privacy", host: { showModal: () => ({ confirm: true }) } });
// @ts-expect-error there is no such platform
createWx({ platform: "symbian" });
const started: Promise<string> = startWxsim({ seed: 7 }).then((simulator) => simulator.url);

export { account, avatar, code, event, official, started, tapped };
