/** What createMenjin takes. */
import { MenjinError } from "./errors.js";
import { nothing } from "./wait.js";
import { findWx, type Wx } from "./wx.js";

/** Told of what happens, never of tokens, codes or data. */
export type Logger = (event: string, details?: unknown) => void;

export interface MenjinOptions {
  /** Where menjin is, and by default the business's own API: `https://api.example.com`. */
  baseURL: string;
  /** Further places that get the login, such as `https://shop.example.com`. Anything else never does. */
  trusted?: string[];
  /** The appid, or the alias the server knows it by; by default what WeChat says. */
  app?: string;
  /** A division of the business, such as a hotel's id; asked at each login. */
  tenant?: string | (() => string | undefined);
  /** By default the global `wx`. */
  platform?: Wx;
  /** By default `menjin:` and baseURL. */
  storageKey?: string;
  /** Log in again whenever WeChat's own session has ended (wx.checkSession). */
  followWeChat?: boolean;
  logger?: Logger;
  /**
   * A request needs an account and there is none: show the page that binds. Requests wait until `bind` or `bindPhone`
   * succeeds; return false (or a promise of it) to give up, or call `giveUpBinding()`.
   */
  onNeedBinding?: (error: MenjinError) => unknown;
  /** The session has ended and will not come back by itself: signed_out, kicked_out or replaced. */
  onSignedOut?: (error: MenjinError) => void;
  /** Milliseconds that wx.login, and a call of menjin's, may take; 10 000. */
  timeout?: number;
  /** Milliseconds over which phones spread their logins after the server lost its sessions; 5 000. */
  spread?: number;
}

export interface Settings extends MenjinOptions {
  wx: Wx;
  app: string;
  storageKey: string;
  timeout: number;
  spread: number;
  log: Logger;
  /** Origins that get the login. */
  origins: string[];
}

/** Return the origin of an absolute URL, in lower case; "" for a URL that has none. */
export const readOrigin = (url: string): string => (/^(https?|wss?):\/\/[^/?#]+/i.exec(url) || [""])[0].toLowerCase();

/** Check the options and fill in what is missing. */
export function readOptions(options: MenjinOptions): Settings {
  const { baseURL = "", platform: wx = findWx(), trusted = [], timeout = 10_000, spread = 5000 } = options;
  const base = baseURL.replace(/\/+$/, "");
  const origins = [base].concat(trusted).map(readOrigin);
  if (!wx || origins.indexOf("") >= 0) {
    throw new MenjinError("config_invalid", { message: "baseURL, trusted: https://…" });
  }
  return {
    ...options,
    wx,
    origins,
    timeout,
    spread,
    baseURL: base,
    app: options.app || wx.getAccountInfoSync().miniProgram.appId,
    storageKey: options.storageKey || `menjin:${base}`,
    log: options.logger || nothing,
  };
}
