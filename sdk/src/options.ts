/** What createMenjin takes. */
import { MenjinError } from "./errors.js";
import { findWx, type Wx } from "./wx.js";

/** Told of what happens, never of tokens, codes or data. */
export type Logger = (event: string, details?: Record<string, unknown>) => void;
export type Log = Logger;

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
  log: Log;
  /** Origins that get the login. */
  origins: string[];
}

const ORIGIN = /^https?:\/\/[^/?#]+/i;

/** Return the origin of an absolute URL, in lower case. */
export function readOrigin(url: string): string | undefined {
  const found = ORIGIN.exec(url);
  return found ? found[0].toLowerCase() : undefined;
}

const wrong = (what: string): never => {
  throw new MenjinError("config_invalid", { message: `createMenjin: ${what}` });
};

/** Check the options and fill in what is missing. */
export function readOptions(options: MenjinOptions): Settings {
  const { baseURL, platform, trusted = [], logger } = options || {};
  const wx = platform || findWx() || wrong("没有 wx / there is no wx");
  const bad = [baseURL].concat(trusted).find((url) => typeof url !== "string" || !readOrigin(url));
  if (!baseURL || bad !== undefined) {
    wrong(`baseURL / trusted: https://… (${String(bad)})`);
  }
  const info = wx.getAccountInfoSync;
  const app = options.app || (info ? info().miniProgram.appId : wrong("app?"));
  const base = baseURL.replace(/\/+$/, "");
  return {
    ...options,
    wx,
    app,
    baseURL: base,
    storageKey: options.storageKey || `menjin:${base}`,
    timeout: options.timeout || 10_000,
    spread: options.spread === undefined ? 5000 : options.spread,
    origins: [base].concat(trusted).map((url) => readOrigin(url) as string),
    log(event, details) {
      try {
        if (logger) {
          logger(event, details);
        }
      } catch {
        // a logger's fault is not the login's
      }
    },
  };
}
