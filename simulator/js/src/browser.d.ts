/** The `wx` object of a mini program, over the wxsim simulator. */

import type { Wx } from "./wx.js";

export type * from "./results.js";
export type { OpenType, TapOptions, Wx } from "./wx.js";

export type Platform = "ios" | "android" | "devtools";

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
  // biome-ignore lint/suspicious/noExplicitAny: the platform's own fetch, which not every project has types for
  fetch?: (url: any, options?: any) => Promise<any>;
  /** What a mini program's callback threw; rethrown in a turn of its own when left out. */
  onError?: (error: unknown) => void;
  /** Warnings about calls; console.warn when left out. */
  onWarning?: (text: string) => void;
}

/** Make the `wx` object of one mini program on one person's phone. */
export declare function createWx(options?: CreateOptions): Wx;
