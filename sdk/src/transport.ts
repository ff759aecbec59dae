/** One call out by wx: where it goes, which headers it carries. Knows no sessions, and never tries twice. */
import { fromWx } from "./errors.js";
import { readOrigin, type Settings } from "./options.js";
import { lower, type Reply } from "./problem.js";
import { makeId } from "./random.js";
import type { Attach } from "./task.js";
import { VERSION } from "./version.js";
import type { WxFail } from "./wx.js";

export type Api = "request" | "uploadFile" | "downloadFile" | "connectSocket";

/** wx's own options of request, uploadFile and downloadFile. */
export interface Outgoing {
  url: string;
  method?: string;
  header?: Record<string, string>;
  data?: unknown;
  [more: string]: unknown;
}

export function openTransport({ wx, origins, baseURL, timeout }: Settings) {
  /** Return an absolute URL. */
  const toUrl = (url: string): string => (/^\w+:/.test(url) ? url : `${baseURL}/${url.replace(/^\//, "")}`);

  /** Tell whether a URL may see the login. */
  const isTrusted = (url: string): boolean => origins.indexOf(readOrigin(url).replace(/^ws/, "http")) >= 0;

  /** Return the headers of a call: ours only go where the login goes. */
  const dress = ({ url, header }: Outgoing, token?: string): Record<string, string> =>
    isTrusted(url)
      ? {
          "x-menjin-client": `js/${VERSION}`,
          "x-request-id": makeId(),
          ...lower(header),
          ...(token && { authorization: `Bearer ${token}` }),
        }
      : lower(header);

  /** Send once. */
  const send = (api: Api, options: Outgoing, token?: string, attach?: Attach): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const inner: unknown = wx[api]({
        ...options,
        header: dress(options, token),
        success: resolve,
        fail: (failed: WxFail) => reject(fromWx(failed, "network_failed")),
        complete: undefined,
      });
      attach?.(inner);
    });

  /** Call menjin's own API. */
  const call = (path: string, method: string, token?: string, data?: unknown, header?: Record<string, string>) =>
    send("request", { url: baseURL + path, method, data, header, timeout }, token);

  return { toUrl, isTrusted, send, call };
}

export type Transport = ReturnType<typeof openTransport>;
