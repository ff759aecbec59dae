/**
 * Every failure is a MenjinError with a stable `code` and the `action` to take next.
 * Server codes come from contract/errors.json; the SDK adds its own for what only the phone knows.
 */
import type { ServerAction, ServerCode } from "./codes.js";
import type { WxFail } from "./wx.js";

/** What only the phone knows. */
export type ClientCode = keyof typeof WORDS;
export type Code = ServerCode | ClientCode;

/** `login` and `retry` are done by the SDK itself; `retap`: ask for another tap; `setting`: open the settings page. */
export type Action = ServerAction | "setting";

const WORDS = {
  config_invalid: "配置有误 / wrong options",
  not_supported: "微信版本过低 / this WeChat is too old",
  login_failed: "微信登录失败 / wx.login failed",
  login_blocked: "微信禁止登录 / wx.login is blocked",
  session_refused: "刚登录仍被拒绝 / refused right after a login",
  unauthorized: "登录有效，但服务器拒绝 / signed in, yet refused by this server",
  origin_not_trusted: "不向未登记的域名发送登录态 / no login goes to an unlisted origin",
  answer_unreadable: "服务器回答无法识别 / unreadable answer",
  timeout: "超时 / timed out",
  aborted: "已取消 / aborted",
  network_failed: "网络不可用 / no network",
  interrupted: "小程序在后台，请求中断 / interrupted in background",
  domain_not_listed: "域名未登记 / domain not in the app's list",
  request_malformed: "请求参数有误 / malformed request",
  too_frequent: "调用过于频繁 / called too often",
  needs_tap: "须由用户点击触发 / needs a tap",
  user_denied: "用户拒绝 / refused by the person",
  system_denied: "系统未授权微信 / refused by the phone's system",
  no_permission: "小程序没有此权限 / the app may not do this",
  no_quota: "手机号额度已用完 / phone quota used up",
  phone_blocked: "手机号能力被封禁 / phone numbers are blocked",
  privacy_denied: "用户未同意隐私协议 / privacy contract not agreed to",
  privacy_not_declared: "隐私指引未声明 / not declared in the privacy guide",
  privacy_banned: "隐私接口被封禁 / privacy api banned",
  wx_failed: "微信接口失败 / wx call failed",
};

/** The choices a person has when an account is someone else's already. */
export interface Conflict {
  choices: string[];
  /** Good once, for ten minutes, in this session. */
  bindTicket?: string;
}

export interface ErrorDetails {
  action?: Action;
  message?: string;
  errno?: number;
  status?: number;
  requestId?: string;
  retryAfter?: number;
  conflict?: Conflict;
  response?: unknown;
}

export class MenjinError extends Error {
  declare readonly code: Code;
  declare readonly action: Action;
  /** wx's form, for code that looks for it. */
  declare errMsg: string;
  declare readonly errno?: number;
  declare readonly status?: number;
  declare readonly requestId?: string;
  /** Seconds. */
  declare readonly retryAfter?: number;
  declare readonly conflict?: Conflict;
  /** The server's answer, where it was not menjin's. */
  declare readonly response?: unknown;

  constructor(code: Code, details: ErrorDetails = {}) {
    super(details.message || (WORDS as Record<string, string>)[code] || code);
    const { message: _, ...known } = details;
    Object.assign(this, { action: "none", errMsg: `menjin:fail ${code}` }, known, { name: "MenjinError", code });
  }
}

/** Tell whether a value is a MenjinError, also of another copy of this package. */
export const isMenjinError = (value: unknown): value is MenjinError =>
  !!value && (value as MenjinError).name === "MenjinError";

const BY_ERRNO: Record<number, ClientCode> = {
  1: "user_denied",
  3: "system_denied",
  5: "timeout",
  100: "not_supported",
  101: "request_malformed",
  102: "no_permission",
  103: "user_denied",
  104: "user_denied",
  108: "network_failed",
  109: "network_failed",
  112: "privacy_not_declared",
  1003: "too_frequent",
  1025: "privacy_banned",
  1026: "privacy_banned",
  101100: "privacy_not_declared",
  101101: "privacy_banned",
  101102: "privacy_denied",
  600002: "domain_not_listed",
  600003: "interrupted",
  600005: "request_malformed",
  600007: "too_frequent",
  600009: "request_malformed",
  600010: "request_malformed",
  600011: "request_malformed",
  1400001: "no_quota",
  1402101: "login_blocked",
  1421102: "phone_blocked",
};

const BY_TEXT: [RegExp, ClientCode][] = [
  [/not in domain list/, "domain_not_listed"],
  [/interrupted/, "interrupted"],
  [/errcode:|net::|network/, "network_failed"],
  [/abort/, "aborted"],
  [/time ?out/, "timeout"],
  [/tap gesture/, "needs_tap"],
  [/not declared/, "privacy_not_declared"],
  [/api banned/, "privacy_banned"],
  [/no permission/, "no_permission"],
  [/quota/, "no_quota"],
  [/frequen/, "too_frequent"],
  [/desc length|parameter/, "request_malformed"],
  [/system permission/, "system_denied"],
  [/deny|denied|cancel/, "user_denied"],
];

/** Say what a failure of wx means: by errno first, else by its text, which differs from phone to phone. */
export function fromWx(fail: WxFail | undefined, otherwise: ClientCode = "wx_failed"): MenjinError {
  const { errMsg = "", errno } = fail || {};
  const text = errMsg.toLowerCase();
  // A refused privacy contract comes as 103 or 104, like any other refusal: only the text tells.
  let code = /privacy permission/.test(text) ? "privacy_denied" : BY_ERRNO[errno as number];
  if (!code && (errno as number) >= 600000 && (errno as number) < 700000) {
    code = "network_failed";
  }
  if (!code) {
    const found = BY_TEXT.find(([pattern]) => pattern.test(text));
    code = found ? found[1] : otherwise;
  }
  const error = new MenjinError(code, { errno, action: code === "needs_tap" ? "retap" : "none" });
  error.errMsg = errMsg || error.errMsg;
  return error;
}
