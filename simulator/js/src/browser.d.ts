/** The `wx` object of a mini program, over the wxsim simulator. Its shape follows miniprogram-api-typings. */

export type Platform = "ios" | "android" | "devtools";

/** wx's fail object. */
export interface FailObject {
  errMsg: string;
  errno?: number;
}

/** A popup that waits for the person. */
export interface Ask {
  /** A scope, a call, `privacy`, or `openSetting` (then with the settings as they are). */
  about: string;
  /** The call that opened it; `button.<api>` after a tap on a button. */
  referrer: string;
  /** The name of the call, e.g. `getPhoneNumber`. */
  api: string;
  authSetting?: Record<string, boolean>;
}

/** What the person says: yes, no, or the settings page as it is left. */
export type Said = boolean | "allow" | "refuse" | { authSetting: Record<string, boolean> };

/** Shows what a mini program wants shown; each function gets wx's options and returns its success object, or nothing. */
// biome-ignore lint/suspicious/noExplicitAny: each call of wx has options of its own
export type Host = Record<string, (options: any) => unknown>;

export interface CreateOptions {
  /** Where wxsim serves; http://127.0.0.1:8701 when left out. */
  simulator?: string;
  /** wxsim's first app when left out. */
  appid?: string;
  /** `ming` when left out. */
  person?: string;
  /** `d1` when left out. */
  device?: string;
  /** Decides the wording of refusals, the Referer and the paths of files; `ios` when left out. */
  platform?: Platform;
  /** Version of the base library: which calls, promises and errnos there are; 3.17.0 when left out. */
  baseLibrary?: string;
  envVersion?: "develop" | "trial" | "release";
  version?: string;
  /** The number of a release in its Referer; 1 when left out. */
  releaseNumber?: number;
  language?: string;
  launch?: { path?: string; query?: Record<string, string>; scene?: number };
  /** app.json's networkTimeout, in milliseconds, by call. */
  timeouts?: { request?: number; uploadFile?: number; downloadFile?: number; connectSocket?: number };
  /** Refuse addresses outside the app's domains in the simulator; off when left out, as DevTools with its switch off. */
  urlCheck?: boolean;
  /** Node only: send requests by way of the simulator, as in a browser. */
  viaSimulator?: boolean;
  /** Answers popups. Without it each is answered as the person's `answers` in the simulator say. */
  consent?: (ask: Ask) => Said | Promise<Said>;
  host?: Host;
  /** Keeps storage longer than this process: localStorage, or what behaves like it. */
  storage?: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
  /** The Promise that calls return, where the mini program has one of its own. */
  Promise?: PromiseConstructor;
  fetch?: typeof fetch;
  /** What a mini program's callback threw; rethrown in a turn of its own when left out. */
  onError?: (error: unknown) => void;
  /** Warnings about calls; console.warn when left out. */
  onWarning?: (text: string) => void;
}

/** A button's event. */
export interface ButtonEvent<Detail = Record<string, unknown>> {
  type: string;
  timeStamp: number;
  target: { id: string; dataset: Record<string, unknown> };
  currentTarget: { id: string; dataset: Record<string, unknown> };
  mark: Record<string, unknown>;
  detail: Detail;
}

export interface PhoneDetail {
  errMsg: string;
  errno?: number;
  code?: string;
  encryptedData?: string;
  iv?: string;
  cloudID?: string;
}

export type OpenType =
  | "getPhoneNumber"
  | "getRealtimePhoneNumber"
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
  [attribute: string]: unknown;
}

type Callbacks<Success> = {
  success?: (result: Success & { errMsg: string }) => void;
  fail?: (error: FailObject) => void;
  complete?: (result: (Success & { errMsg: string }) | FailObject) => void;
};

type Nothing = ReturnType<() => void>;

/** As in miniprogram-api-typings: a promise unless one of the callbacks is named. */
type Result<Given, Success> = Given extends { success: unknown } | { fail: unknown } | { complete: unknown }
  ? Nothing
  : Promise<Success & { errMsg: string }>;

type Call<Options, Success = unknown> = <Given extends Options & Callbacks<Success>>(
  options?: Given,
) => Result<Given, Success>;
type CallbackCall<Options, Success = unknown> = (options?: Options & Callbacks<Success>) => void;

type AuthSetting = { authSetting: Record<string, boolean> };
type Cipher = { encryptedData: string; iv: string; cloudID?: string };
type UserInfo = {
  nickName: string;
  avatarUrl: string;
  gender: 0 | 1 | 2;
  country: string;
  province: string;
  city: string;
  language: "en" | "zh_CN" | "zh_TW" | "";
};
type Profile = Cipher & { userInfo: UserInfo; rawData: string; signature: string };
type Data = string | Record<string, unknown> | ArrayBuffer;
type Header = Record<string, string | number>;

export interface RequestResult<Body = Data> {
  data: Body;
  statusCode: number;
  header: Record<string, string>;
  cookies: string[];
  errMsg: string;
}

type Listening<Name extends string, Event> = {
  [Key in `on${Name}` | `off${Name}`]: (listener: (event: Event) => void) => void;
};
type Head = { header: Record<string, string>; statusCode: number; cookies: string[] };

export interface RequestTask
  extends Listening<"HeadersReceived", Head>,
    Listening<"ChunkReceived", { data: ArrayBuffer }> {
  abort(): void;
}

export interface RequestOptions<Body = Data> {
  url: string;
  method?: "OPTIONS" | "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "TRACE" | "CONNECT";
  data?: Data | unknown[];
  header?: Header;
  timeout?: number;
  dataType?: "json" | "其他" | (string & {});
  responseType?: "text" | "arraybuffer";
  redirect?: "follow" | "manual";
  enableChunked?: boolean;
  success?: (result: RequestResult<Body>) => void;
  fail?: (error: FailObject) => void;
  complete?: (result: RequestResult<Body> | FailObject) => void;
}

/** The `wx` object. Calls that are not written out here are there too, as the host gives them. */
export interface Wx {
  login: Call<{ timeout?: number }, { code: string; fromCache?: boolean }>;
  checkSession: Call<object>;
  getUserInfo: Call<{ withCredentials?: boolean; lang?: string }, Profile>;
  getUserProfile: Call<{ desc: string; lang?: string }, Profile>;
  getSetting: Call<{ withSubscriptions?: boolean }, AuthSetting>;
  openSetting: Call<{ withSubscriptions?: boolean }, AuthSetting>;
  authorize: Call<{ scope: string }>;
  getPrivacySetting: CallbackCall<object, { needAuthorization: boolean; privacyContractName: string }>;
  requirePrivacyAuthorize: CallbackCall<object>;
  openPrivacyContract: CallbackCall<object>;
  onNeedPrivacyAuthorization(
    listener: (
      resolve: (resolution: { event: "exposureAuthorization" | "agree" | "disagree"; buttonId?: string }) => void,
      info: { referrer: string },
    ) => void,
  ): void;
  request<Body = Data>(options: RequestOptions<Body>): RequestTask;
  setStorage: Call<{ key: string; data: unknown; encrypt?: boolean }>;
  // biome-ignore lint/suspicious/noExplicitAny: what was put there
  getStorage: Call<{ key: string; encrypt?: boolean }, { data: any }>;
  removeStorage: Call<{ key: string }>;
  clearStorage: Call<object>;
  getStorageInfo: Call<object, { keys: string[]; currentSize: number; limitSize: number }>;
  setStorageSync(key: string, data: unknown): void;
  // biome-ignore lint/suspicious/noExplicitAny: what was put there
  getStorageSync<T = any>(key: string): T;
  removeStorageSync(key: string): void;
  clearStorageSync(): void;
  getStorageInfoSync(): { keys: string[]; currentSize: number; limitSize: number };
  getAccountInfoSync(): {
    miniProgram: { appId: string; envVersion: "develop" | "trial" | "release"; version: string };
  };
  showModal: Call<
    { title?: string; content?: string; showCancel?: boolean; cancelText?: string; confirmText?: string },
    { confirm: boolean; cancel: boolean; content: string | null }
  >;
  showToast: Call<{ title: string; icon?: string; duration?: number; mask?: boolean }>;
  showLoading: Call<{ title: string; mask?: boolean }>;
  hideToast: Call<object>;
  hideLoading: Call<object>;
  showActionSheet: Call<{ itemList: string[]; alertText?: string }, { tapIndex: number }>;
  arrayBufferToBase64(data: ArrayBuffer): string;
  base64ToArrayBuffer(data: string): ArrayBuffer;
  nextTick(run: () => void): void;

  /** Tap a button with an open-type; its event, or null where WeChat fires none. */
  $tap(openType: "getPhoneNumber" | "getRealtimePhoneNumber", options?: TapOptions): Promise<ButtonEvent<PhoneDetail>>;
  $tap(openType: OpenType | `${OpenType}|agreePrivacyAuthorization`, options?: TapOptions): Promise<ButtonEvent | null>;
  /** Run the handler of a tap: what it calls at once is called by a tap. */
  $gesture<T>(handler: () => T): T;
  /** Take the network away from requests, or give it back. */
  $network(state: "good" | "none"): void;
  /** The mini program goes to the background: requests have five more seconds. */
  $hide(): void;
  $show(): void;

  // biome-ignore lint/suspicious/noExplicitAny: calls that are not written out
  [api: string]: any;
}

/** Make the `wx` object of one mini program on one person's phone. */
export declare function createWx(options?: CreateOptions): Wx;
