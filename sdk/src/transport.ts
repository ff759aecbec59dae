/** One call out by wx: where it goes, which headers it carries. Knows no sessions, and never tries twice. */
import { fromWx, MenjinError } from "./errors.js";
import { readOrigin, type Settings } from "./options.js";
import type { Reply } from "./problem.js";
import { weakId } from "./random.js";
import type { Line } from "./task.js";
import { VERSION } from "./version.js";
import type { WxFail } from "./wx.js";

export type Api = "request" | "uploadFile" | "downloadFile";

/** wx's own options of request, uploadFile and downloadFile. */
export interface Outgoing {
  url: string;
  method?: string;
  header?: Record<string, string>;
  data?: unknown;
  [more: string]: unknown;
}

/** Return the headers without any spelling of `name`. */
function without(header: Record<string, string>, name: string): Record<string, string> {
  const kept: Record<string, string> = {};
  Object.keys(header).forEach((key) => {
    if (key.toLowerCase() !== name) {
      kept[key] = header[key] as string;
    }
  });
  return kept;
}

/** Return the value of a header, whatever the case of its name. */
export const readOwn = (header: Record<string, string> | undefined, name: string): string | undefined => {
  const key = Object.keys(header || {}).find((one) => one.toLowerCase() === name);
  return key && (header as Record<string, string>)[key];
};

export function openTransport(settings: Settings) {
  const { wx, origins, baseURL } = settings;

  /** Return an absolute URL. */
  const toUrl = (url: string): string =>
    readOrigin(url) || /^\w+:/.test(url) ? url : `${baseURL}${url.startsWith("/") ? "" : "/"}${url}`;

  /** Tell whether a URL may see the login. */
  const isTrusted = (url: string): boolean => {
    const origin = readOrigin(url.replace(/^ws/i, "http"));
    return origin !== undefined && origins.indexOf(origin) >= 0;
  };

  /** Return the headers of a call: ours only go where the login goes. */
  function dress(url: string, given: Record<string, string> | undefined, token: string | undefined) {
    const header = { ...given };
    if (!isTrusted(url)) {
      return header;
    }
    const ours: Record<string, string> = { "X-Menjin-Client": `js/${VERSION}` };
    if (!readOwn(header, "x-request-id")) {
      ours["X-Request-Id"] = weakId();
    }
    return token
      ? { ...without(header, "authorization"), ...ours, Authorization: `Bearer ${token}` }
      : { ...header, ...ours };
  }

  /** Send once. */
  function send(api: Api, options: Outgoing, token?: string, line?: Line): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const header = dress(options.url, options.header, token);
      const fail = (failed: WxFail): void => reject(fromWx(failed, "network_failed"));
      try {
        const inner: unknown = wx[api]({ ...options, header, success: resolve, fail, complete: undefined });
        if (line) {
          line.attach(inner);
        }
      } catch (error) {
        reject(new MenjinError("request_malformed", { message: String(error) }));
      }
    });
  }

  return { toUrl, isTrusted, dress, send };
}

export type Transport = ReturnType<typeof openTransport>;
