/** How calls of `wx` take their callbacks and what they give back; named as in miniprogram-api-typings. */

/** wx's fail object. */
export interface FailObject {
  errMsg: string;
  errno?: number;
}

export interface Callbacks<Success, Fail = FailObject> {
  success?: (result: Success & { errMsg: string }) => void;
  fail?: (error: Fail) => void;
  // biome-ignore lint/suspicious/noExplicitAny: the success object or the fail object
  complete?: (result: any) => void;
}

// biome-ignore lint/suspicious/noConfusingVoidType: as in miniprogram-api-typings
type Nothing = void;

// biome-ignore-start lint/suspicious/noExplicitAny: to the letter as in miniprogram-api-typings, or the two do not match
/** A promise unless one of the callbacks is named. */
export type Result<Given, Success> = Given extends { success: any }
  ? Nothing
  : Given extends { fail: any }
    ? Nothing
    : Given extends { complete: any }
      ? Nothing
      : Promise<Success & { errMsg: string }>;
// biome-ignore-end lint/suspicious/noExplicitAny: the end of that

/** A call that may go without options. */
export type Call<Options = object, Success = object, Fail = FailObject> = <
  Given extends Options & Callbacks<Success, Fail> = Options & object,
>(
  options?: Given,
) => Result<Given, Success>;

/** A call that needs its options. */
export type CallWith<Options, Success = object> = <Given extends Options & Callbacks<Success>>(
  options: Given,
) => Result<Given, Success>;

/** A call that never gives a promise. */
export type CallbackCall<Options = object, Success = object> = (options?: Options & Callbacks<Success>) => void;

export interface AuthSetting {
  authSetting: Record<string, boolean>;
  /** There only with `withSubscriptions`. */
  subscriptionsSetting: { mainSwitch: boolean; itemSettings: Record<string, "accept" | "reject" | "ban"> };
}

export interface UserInfo {
  nickName: string;
  avatarUrl: string;
  gender: 0 | 1 | 2;
  country: string;
  province: string;
  city: string;
  language: "en" | "zh_CN" | "zh_TW";
}

/** getUserInfo and getUserProfile; the sealed half is missing without a living session_key. */
export interface Profile {
  userInfo: UserInfo;
  rawData: string;
  signature: string;
  encryptedData: string;
  iv: string;
  cloudID: string;
}

export type Body = string | Record<string, unknown> | ArrayBuffer;
export type Header = Record<string, string | number>;

export interface Head {
  header: Record<string, string>;
  statusCode: number;
  cookies: string[];
}

/** When what happened, in milliseconds of the phone's clock, and how much went over the wire. */
// biome-ignore lint/suspicious/noExplicitAny: of WeChat's fifty fields those that a simulator can know
export type RequestProfile = any;

export interface RequestResult<Data = Body> extends Head {
  data: Data;
  profile: RequestProfile;
  errMsg: string;
}

type Listening<Name extends string, Event> = {
  [Key in `on${Name}`]: (listener: (event: Event) => void) => void;
} & { [Key in `off${Name}`]: (listener?: (event: Event) => void) => void };

export type RequestTask = { abort(): void } & Listening<"HeadersReceived", Head> &
  Listening<"ChunkReceived", { data: ArrayBuffer }>;

export type UploadTask = { abort(): void } & Listening<"HeadersReceived", Head> &
  Listening<"ProgressUpdate", { progress: number; totalBytesSent: number; totalBytesExpectedToSend: number }>;

export type DownloadTask = { abort(): void } & Listening<"HeadersReceived", Head> &
  Listening<"ProgressUpdate", { progress: number; totalBytesWritten: number; totalBytesExpectedToWrite: number }>;

export interface RequestOptions<Data = Body> {
  url: string;
  method?: "OPTIONS" | "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "TRACE" | "CONNECT";
  data?: Body | unknown[];
  header?: Header;
  timeout?: number;
  dataType?: string;
  responseType?: "text" | "arraybuffer";
  redirect?: "follow" | "manual";
  enableChunked?: boolean;
  success?: (result: RequestResult<Data>) => void;
  fail?: (error: FailObject) => void;
  complete?: (result: RequestResult<Data> | FailObject) => void;
}

export interface UploadOptions extends Callbacks<Head & { data: string; profile: RequestProfile }> {
  url: string;
  filePath: string;
  name: string;
  formData?: Record<string, unknown>;
  header?: Header;
  timeout?: number;
}

export interface DownloadOptions
  extends Callbacks<Head & { tempFilePath: string; filePath: string; profile: RequestProfile }> {
  url: string;
  filePath?: string;
  header?: Header;
  timeout?: number;
}

export interface SocketOptions extends Callbacks<object> {
  url: string;
  header?: Header;
  protocols?: string[];
  timeout?: number;
}

export interface SocketTask {
  readonly readyState: number;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  send(options: { data: string | ArrayBuffer } & Callbacks<object>): void;
  close(options?: { code?: number; reason?: string } & Callbacks<object>): void;
  onOpen(listener: (event: { header: Record<string, string>; profile: RequestProfile }) => void): void;
  onMessage(listener: (event: { data: string | ArrayBuffer }) => void): void;
  onError(listener: (error: { errMsg: string }) => void): void;
  onClose(listener: (event: { code: number; reason: string }) => void): void;
}

export interface LaunchOptions {
  path: string;
  query: Record<string, string>;
  scene: number;
  shareTicket?: string;
  referrerInfo: { appId: string; extraData: Record<string, unknown> };
  forwardMaterials: { type: string; name: string; path: string; size: number }[];
  chatType?: 1 | 2 | 3 | 4;
  apiCategory: "default" | "nativeFunctionalized" | "browseOnly" | "embedded" | "chatTool";
  hostExtraData: { host_scene: string };
}

export interface DeviceInfo {
  abi: string;
  deviceAbi: string;
  cpuType: string;
  benchmarkLevel: number;
  brand: string;
  model: string;
  system: string;
  platform: "ios" | "android" | "devtools";
  memorySize: string;
}

type Ability =
  | "album"
  | "bluetooth"
  | "camera"
  | "location"
  | "microphone"
  | "notification"
  | "notificationAlert"
  | "notificationBadge"
  | "notificationSound"
  | "phoneCalendar";

export type Authorised<Yes> = { [Key in `${Ability}Authorized`]: Yes } & { locationReducedAccuracy: boolean };

export interface SystemSetting {
  bluetoothEnabled: boolean;
  deviceOrientation: "portrait" | "landscape";
  locationEnabled: boolean;
  wifiEnabled: boolean;
}

export type SystemInfo = DeviceInfo &
  AppBaseInfo &
  WindowInfo &
  SystemSetting &
  Authorised<boolean> & { errMsg: string };

export interface AppBaseInfo {
  SDKVersion: string;
  PCKernelVersion: string;
  enableDebug: boolean;
  host: { appId: string; env: "WeChat" };
  language: string;
  version: string;
  theme: "dark" | "light";
  fontSizeScaleFactor: number;
  fontSizeSetting: number;
}

export interface WindowInfo {
  pixelRatio: number;
  screenWidth: number;
  screenHeight: number;
  windowWidth: number;
  windowHeight: number;
  statusBarHeight: number;
  screenTop: number;
  safeArea: { left: number; right: number; top: number; bottom: number; width: number; height: number };
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

export interface PhoneDetail extends FailObject {
  code?: string;
  encryptedData?: string;
  iv?: string;
  cloudID?: string;
}
