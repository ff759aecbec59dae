/**
 * The little of `wx` that the SDK calls, in types of its own: an app need not install WeChat's.
 * WeChat's `wx` and wxsim's both fit (a type test holds them to it).
 */
import { fromWx, MenjinError } from "./errors.js";

/** A call of wx: callbacks in the options; what it returns is looked at only where wx promises something. */
// biome-ignore lint/suspicious/noExplicitAny: WeChat's own declarations differ from version to version
export type Call = (options: any) => any;

export interface Wx {
  login: Call;
  checkSession: Call;
  request: Call;
  uploadFile: Call;
  downloadFile: Call;
  connectSocket: Call;
  getSetting: Call;
  authorize: Call;
  openSetting: Call;
  showModal: Call;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, data: unknown): void;
  removeStorageSync(key: string): void;
  getAccountInfoSync(): { miniProgram: { appId: string } };
  getDeviceInfo?: () => { model?: string };
  getPrivacySetting?: Call;
  requirePrivacyAuthorize?: Call;
  openPrivacyContract?: Call;
  onNeedPrivacyAuthorization?: Call;
}

/** What wx gives to `fail`. */
export interface WxFail {
  errMsg?: string;
  errno?: number;
}

declare const wx: Wx;

/** Return the platform's own `wx`; undefined outside of a mini program. */
export const findWx = (): Wx | undefined => (typeof wx === "undefined" ? undefined : wx);

/** Call wx, and return what it gives to `success`. */
export const ask = <R>(platform: Wx, api: keyof Wx, options?: object): Promise<R> =>
  new Promise((resolve, reject) => {
    if (!platform[api]) {
      throw new MenjinError("not_supported", { message: `wx.${api}` });
    }
    const fail = (failed: WxFail): void => reject(fromWx(failed));
    (platform[api] as Call)({ ...options, success: resolve, fail });
  });
