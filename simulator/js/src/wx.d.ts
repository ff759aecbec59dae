/** The `wx` object of a mini program. A test holds it against WechatMiniprogram.Wx of miniprogram-api-typings. */

import type {
  AppBaseInfo,
  Authorised,
  AuthSetting,
  ButtonEvent,
  Call,
  CallbackCall,
  CallWith,
  DeviceInfo,
  DownloadOptions,
  DownloadTask,
  FailObject,
  LaunchOptions,
  PhoneDetail,
  Profile,
  RequestOptions,
  RequestTask,
  SocketOptions,
  SocketTask,
  SystemInfo,
  SystemSetting,
  UploadOptions,
  UploadTask,
  WindowInfo,
} from "./results.js";

type OnOff<Name extends string, Event> = {
  [Key in `on${Name}` | `off${Name}`]: (listener: (event: Event) => void) => void;
};

type NetworkType = "wifi" | "2g" | "3g" | "4g" | "5g" | "unknown" | "none";

interface Open {
  login: Call<{ timeout?: number }, { code: string; fromCache?: boolean }, Required<FailObject>>;
  checkSession: Call;
  pluginLogin: CallbackCall<{ plugin?: string }, { code: string }>;
  getUserInfo: CallWith<{ withCredentials?: boolean; lang?: "en" | "zh_CN" | "zh_TW" }, Profile>;
  getUserProfile: CallWith<{ desc: string; lang?: "en" | "zh_CN" | "zh_TW" }, Profile>;
  getSetting: Call<{ withSubscriptions?: boolean }, AuthSetting>;
  openSetting: Call<{ withSubscriptions?: boolean }, AuthSetting>;
  authorize: CallWith<{ scope: string }>;
  getWeRunData: Call<object, { encryptedData: string; iv: string; cloudID?: string }>;
  getPrivacySetting: CallbackCall<object, { needAuthorization: boolean; privacyContractName: string }>;
  requirePrivacyAuthorize: CallbackCall;
  openPrivacyContract: CallbackCall;
  onNeedPrivacyAuthorization(
    listener: (
      resolve: (resolution: { event: "exposureAuthorization" | "agree" | "disagree"; buttonId?: string }) => void,
      info: { referrer: string },
    ) => void,
  ): void;
  setBackgroundFetchToken: CallWith<{ token: string }>;
  getRandomValues: CallbackCall<{ length: number }, { randomValues: ArrayBuffer }>;
  getUserCryptoManager(): {
    getLatestUserKey: CallbackCall<object, { encryptKey: string; iv: string; version: number; expireTime: number }>;
    getRandomValues: CallbackCall<{ length: number }, { randomValues: ArrayBuffer }>;
  };
  createCacheManager(options: {
    mode?: "weakNetwork" | "always" | "none";
    origin?: string;
    maxAge?: number;
    extra?: { apiList?: string[] };
  }): { readonly state: number; start(): void; stop(): void };
}

interface Net {
  request<Data extends string | Record<string, unknown> | ArrayBuffer>(options: RequestOptions<Data>): RequestTask;
  uploadFile(options: UploadOptions): UploadTask;
  downloadFile(options: DownloadOptions): DownloadTask;
  connectSocket(options: SocketOptions): SocketTask;
  sendSocketMessage: CallWith<{ data: string | ArrayBuffer }>;
  closeSocket: Call<{ code?: number; reason?: string }>;
  onSocketOpen(listener: (event: { header: Record<string, string> }) => void): void;
  onSocketMessage(listener: (event: { data: string | ArrayBuffer }) => void): void;
  onSocketError(listener: (error: { errMsg: string }) => void): void;
  onSocketClose(listener: (event: { code: number; reason: string }) => void): void;
  getNetworkType: Call<
    object,
    { networkType: NetworkType; hasSystemProxy: boolean; signalStrength: number; weakNet: boolean }
  >;
}

type StorageInfo = { keys: string[]; currentSize: number; limitSize: number };
type Pairs = { key: string; value: unknown }[];

interface Storage {
  setStorage: CallWith<{ key: string; data: unknown; encrypt?: boolean }>;
  // biome-ignore lint/suspicious/noExplicitAny: what was put there
  getStorage: CallWith<{ key: string; encrypt?: boolean }, { data: any }>;
  removeStorage: CallWith<{ key: string }>;
  clearStorage: Call;
  getStorageInfo: Call<object, StorageInfo>;
  batchSetStorage: CallWith<{ kvList: Pairs }>;
  batchGetStorage: CallWith<{ keyList: string[] }, { dataList: unknown[] }>;
  setStorageSync(key: string, data: unknown): void;
  // biome-ignore lint/suspicious/noExplicitAny: what was put there
  getStorageSync<T = any>(key: string): T;
  removeStorageSync(key: string): void;
  clearStorageSync(): void;
  getStorageInfoSync(): StorageInfo;
  batchSetStorageSync(pairs: Pairs): void;
  batchGetStorageSync(keys: string[]): unknown[];
  getFileSystemManager(): FileManager;
}

type Encoding = "utf8" | "utf-8" | "base64" | "hex";

interface FileManager {
  access: CallbackCall<{ path: string }>;
  accessSync(path: string): void;
  readFile: CallbackCall<{ filePath: string; encoding?: Encoding }, { data: string | ArrayBuffer }>;
  readFileSync(filePath: string, encoding?: Encoding): string | ArrayBuffer;
  writeFile: CallbackCall<{ filePath: string; data: string | ArrayBuffer; encoding?: Encoding }>;
  writeFileSync(filePath: string, data: string | ArrayBuffer, encoding?: Encoding): void;
  unlink: CallbackCall<{ filePath: string }>;
  unlinkSync(filePath: string): void;
  copyFile: CallbackCall<{ srcPath: string; destPath: string }>;
  copyFileSync(srcPath: string, destPath: string): void;
  saveFile: CallbackCall<{ tempFilePath: string; filePath?: string }, { savedFilePath: string }>;
  saveFileSync(tempFilePath: string, filePath?: string): string;
  getFileInfo: CallbackCall<{ filePath: string }, { size: number }>;
}

interface Facts {
  readonly env: { readonly USER_DATA_PATH: string };
  getAccountInfoSync(): {
    miniProgram: { appId: string; envVersion: "develop" | "trial" | "release"; version: string };
  };
  getSystemInfoSync(): SystemInfo;
  getSystemInfo: Call<object, SystemInfo>;
  getSystemInfoAsync: CallbackCall<object, SystemInfo>;
  getDeviceInfo(): DeviceInfo;
  getAppBaseInfo(): AppBaseInfo;
  getWindowInfo(): WindowInfo;
  getSystemSetting(): SystemSetting;
  getAppAuthorizeSetting(): Authorised<"authorized">;
  getLaunchOptionsSync(): LaunchOptions;
  getEnterOptionsSync(): LaunchOptions;
  canIUse(schema: string): boolean;
  arrayBufferToBase64(data: ArrayBuffer): string;
  base64ToArrayBuffer(data: string): ArrayBuffer;
  nextTick(run: () => void): void;
}

interface Shown {
  showModal: CallWith<
    {
      title?: string;
      content?: string;
      showCancel?: boolean;
      cancelText?: string;
      confirmText?: string;
      editable?: boolean;
      placeholderText?: string;
    },
    { confirm: boolean; cancel: boolean; content: string }
  >;
  showToast: CallWith<{ title: string; icon?: string; image?: string; duration?: number; mask?: boolean }>;
  showLoading: CallWith<{ title: string; mask?: boolean }>;
  hideToast: Call;
  hideLoading: Call;
  showActionSheet: CallWith<{ itemList: string[]; itemColor?: string; alertText?: string }, { tapIndex: number }>;
  // biome-ignore lint/suspicious/noExplicitAny: as the host makes it
  navigateTo: CallWith<{ url: string; events?: Record<string, unknown> }, { eventChannel: any }>;
  redirectTo: CallWith<{ url: string }>;
  navigateBack: Call<{ delta?: number }>;
  switchTab: CallWith<{ url: string }>;
  reLaunch: CallWith<{ url: string }>;
}

/** What a test or a page does to the phone; a mini program knows nothing of it. */
interface Controls {
  /** Tap a button with an open-type; its event, or null where WeChat fires none. */
  $tap(
    openType: PhoneButton | `${PhoneButton}|agreePrivacyAuthorization`,
    options?: TapOptions,
  ): Promise<ButtonEvent<PhoneDetail>>;
  $tap(openType: "chooseAvatar", options?: TapOptions): Promise<ButtonEvent<{ avatarUrl: string }> | null>;
  $tap(openType: OpenType | "getUserInfo|agreePrivacyAuthorization", options?: TapOptions): Promise<ButtonEvent>;
  /** Run the handler of a tap: what it calls at once is called by a tap. */
  $gesture<T>(handler: () => T): T;
  /** Take the network away from requests, or give it back. */
  $network(state: "good" | "none"): void;
  /** The mini program goes to the background: requests have five more seconds. */
  $hide(): void;
  $show(): void;
  /** A file of the mini program's, to show it; undefined where there is none. */
  $file(path: string): { data: ArrayBuffer; type: string } | undefined;
  /** Keep bytes as a temporary file, as a picture that was chosen; its path. */
  $keepFile(data: ArrayBuffer, extension?: string): string;
  /** Take over what the simulator knows of app and device: version, platform, base library. */
  $sync(): Promise<void>;
}

type PhoneButton = "getPhoneNumber" | "getRealtimePhoneNumber";

export type OpenType =
  | PhoneButton
  | "getUserInfo"
  | "chooseAvatar"
  | "agreePrivacyAuthorization"
  | "openSetting"
  | "nickname";

export interface TapOptions {
  /** The button's id: what `resolve({ event: "agree", buttonId })` names. */
  id?: string;
  dataset?: Record<string, unknown>;
  /** What was typed, for `nickname`. */
  value?: string;
  /** The picture, for `chooseAvatar`. */
  file?: ArrayBuffer;
  [attribute: string]: unknown;
}

/** The `wx` object. What a host shows beyond this is there too: give it a type of your own. */
export interface Wx
  extends Open,
    Net,
    Storage,
    Facts,
    Shown,
    Controls,
    OnOff<"AppShow", LaunchOptions>,
    OnOff<"AppHide", { reason: 0 | 1 | 2 | 3 }>,
    OnOff<"NetworkStatusChange", { isConnected: boolean; networkType: NetworkType }>,
    OnOff<"Error", string>,
    OnOff<"UnhandledRejection", { reason: FailObject; promise: Promise<unknown> }> {}
