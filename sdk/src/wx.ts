/**
 * The little of `wx` that the SDK calls, in types of its own: an app need not install WeChat's.
 * WeChat's `wx` and wxsim's both fit (a type test holds them to it).
 */

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
  getAccountInfoSync?: () => { miniProgram: { appId: string } };
  getDeviceInfo?: () => { model?: string };
  /** 2.17.3 and later. */
  getUserCryptoManager?: () => { getRandomValues: Call };
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
