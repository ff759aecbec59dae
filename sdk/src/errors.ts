/**
 * Every failure is a MenjinError with a stable `code` and the `action` to take next.
 * Server codes come from contract/errors.json; the SDK adds its own for what only the phone knows.
 */
import type { ServerAction, ServerCode } from "./codes.js";
import type { WxFail } from "./wx.js";

/** What only the phone knows. */
export type ClientCode =
  | "config_invalid"
  | "login_failed"
  | "session_refused"
  | "unauthorized"
  | "origin_not_trusted"
  | "answer_unreadable"
  | "wx_failed"
  | Row[0];

export type Code = ServerCode | ClientCode;

/** `login` and `retry` are the SDK's own affair; `retap`: ask the person for another tap. */
export type Action = ServerAction;

/** What wx's failures mean: the code, WeChat's errno, and its text, which differs from phone to phone. */
const FAILS = [
  // A refused privacy contract comes as 103 or 104, like any other refusal: its text goes first.
  ["privacy_denied", [101102], /privacy permission/],
  ["domain_not_listed", [600002], /domain list/],
  ["interrupted", [600003], /interrupted/],
  ["request_malformed", [101, 600005, 600009, 600010, 600011], /desc length|parameter/],
  ["too_frequent", [1003, 600007]],
  ["network_failed", [108, 109], /errcode:|net::|network/],
  ["aborted", [], /abort/],
  ["timeout", [5], /time ?out/],
  ["needs_tap", [], /tap gesture/],
  ["privacy_not_declared", [112, 101100], /not declared/],
  ["privacy_banned", [1025, 1026, 101101], /api banned/],
  ["no_permission", [102], /no permission/],
  ["no_quota", [1400001]],
  ["system_denied", [3]],
  ["not_supported", [100]],
  ["login_blocked", [1402101]],
  ["phone_blocked", [1421102]],
  ["user_denied", [1, 103, 104], /deny|denied|cancel/],
] as const;

type Row = (typeof FAILS)[number];

/**
 * `confirm`: yes, this is mine (`bindPhone(null, bindTicket)`). `move_with_password`: prove the other account by its
 * password (`bind` with the ticket). `sign_in_as_other`, `ask_operator`: not from here.
 */
export type Choice = "confirm" | "move_with_password" | "sign_in_as_other" | "ask_operator";

/** The choices a person has when an account is someone else's already. */
export interface Conflict {
  choices: Choice[];
  /** Good once, for ten minutes, in this session. */
  bindTicket?: string;
}

export interface ErrorDetails {
  action?: Action;
  message?: string;
  errMsg?: string;
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
  declare readonly errMsg: string;
  declare readonly errno?: number;
  declare readonly status?: number;
  declare readonly requestId?: string;
  /** Seconds. */
  declare readonly retryAfter?: number;
  declare readonly conflict?: Conflict;
  /** The server's answer, where it was not menjin's. */
  declare readonly response?: unknown;

  constructor(code: Code, details: ErrorDetails = {}) {
    const message = details.message || code;
    super(message);
    const errMsg = `menjin:fail ${code}`;
    Object.assign(this, { action: "none", errMsg }, details, { name: "MenjinError", message, code });
  }
}

/** Tell whether a value is a MenjinError, also of another copy of this package. */
export const isMenjinError = (value: unknown): value is MenjinError =>
  !!value && (value as MenjinError).name === "MenjinError";

/** Say what a failure of wx means: by errno first, else by its text. */
export function fromWx(fail: WxFail | undefined, otherwise: ClientCode = "wx_failed"): MenjinError {
  const { errMsg = "", errno = 0 } = fail || {};
  const isTold = ([, , text]: Row): boolean => !!text && text.test(errMsg.toLowerCase());
  const isNumbered = ([, numbers]: Row): boolean => (numbers as readonly number[]).indexOf(errno) >= 0;
  const isNetwork = errno >= 600000 && errno < 700000;
  const row = FAILS.slice(0, 1).find(isTold) || FAILS.find(isNumbered) || (isNetwork ? FAILS[5] : FAILS.find(isTold));
  const code = row ? row[0] : otherwise;
  return new MenjinError(code, {
    errMsg,
    errno,
    action: code === "needs_tap" ? "retap" : "none",
    message: `${code}: ${errMsg}`,
    retryAfter: row === FAILS[0] ? 10 : undefined, // WeChat asks nobody for ten seconds after a refusal
  });
}
