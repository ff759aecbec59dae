/**
 * wx.request's options made into an HTTP message, and an HTTP answer made into wx's result.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html
 */

import { buffer, isArrayBuffer, text, utf8 } from "./bytes.js";
import { needString, typeName, WxFail } from "./fail.js";

const METHODS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"];
/** The runtime's own: a mini program sets them in vain. */
const NOT_TO_BE_SET = new Set(["referer", "host", "content-length", "connection", "transfer-encoding", "upgrade"]);
const FORM = "application/x-www-form-urlencoded";

/**
 * @typedef {Record<string, string>} Headers
 * @typedef {{ url: string, method: string, headers: Headers, body?: Uint8Array, timeout: number,
 *   redirect: "follow" | "manual", chunked?: boolean }} Message
 * @typedef {{ statusCode: number, header: Headers, cookies: string[], body: Uint8Array,
 *   profile?: Record<string, unknown> }} Reply
 */

/** @param {unknown} url */
export function checkedUrl(url) {
  const found = needString(url, "parameter.url");
  if (!isAddress(found)) throw new WxFail(` invalid url "${found}"`, 600009);
  return found;
}

/** @param {string} url */
function isAddress(url) {
  if (!/^https?:\/\/[^/?#]/i.test(url)) return false;
  try {
    return new URL(url).username === "";
  } catch {
    return false;
  }
}

/**
 * @param {Record<string, unknown>} options
 * @returns {{ url: string, method: string, headers: Headers, body?: Uint8Array }}
 */
export function outgoing(options) {
  const url = checkedUrl(options.url);
  const method = String(options.method ?? "GET").toUpperCase();
  if (!METHODS.includes(method)) throw new WxFail(" invalid method", 1001);
  if (typeof options.data === "function") throw new WxFail(" data should not be Function", 600010);
  const headers = headerOf(options.header);
  headers["content-type"] ??= "application/json";
  if (method === "GET" || method === "HEAD") return { url: withQuery(url, options.data), method, headers };
  const body = bodyOf(options.data, headers["content-type"]);
  return { url, method, headers, ...(body.length ? { body } : {}) };
}

/**
 * Header values become strings; content-type is known in any case.
 * @param {unknown} given
 * @returns {Headers}
 */
export function headerOf(given) {
  /** @type {Headers} */
  const headers = {};
  if (typeof given !== "object" || given === null) return headers;
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (NOT_TO_BE_SET.has(lower)) continue;
    headers[lower === "content-type" ? lower : name] = headerValue(value);
  }
  return headers;
}

/** @param {unknown} value */
function headerValue(value) {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : `[object ${typeName(value)}]`;
}

/** @param {string} url @param {unknown} data */
function withQuery(url, data) {
  if (typeof data !== "object" || data === null || isArrayBuffer(data)) return url;
  const pairs = formOf(/** @type {Record<string, unknown>} */ (data));
  if (!pairs) return url;
  const [base = "", ...fragment] = url.split("#");
  const joint = base.includes("?") ? (/[?&]$/.test(base) ? "" : "&") : "?";
  return [base + joint + pairs, ...fragment].join("#");
}

/** @param {Record<string, unknown>} data */
function formOf(data) {
  const pairs = Object.entries(data).map(([name, value]) => {
    const shown = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
    return `${encodeURIComponent(name)}=${encodeURIComponent(shown)}`;
  });
  return pairs.join("&");
}

/** @param {unknown} data @param {string} contentType */
function bodyOf(data, contentType) {
  if (data === undefined) return new Uint8Array(0);
  if (isArrayBuffer(data)) return new Uint8Array(data);
  if (typeof data === "string") return utf8(data);
  if (contentType.includes(FORM) && typeof data === "object" && data !== null) {
    return utf8(formOf(/** @type {Record<string, unknown>} */ (data)));
  }
  try {
    return utf8(JSON.stringify(data) ?? "");
  } catch {
    throw new WxFail(" data is not serializable", 600010);
  }
}

/**
 * @param {Reply} reply
 * @param {{ dataType?: unknown, responseType?: unknown }} options
 */
export function incoming(reply, options) {
  return { data: dataOf(reply.body, options), ...headOf(reply) };
}

/** What every transfer's result has beside its data. @param {Reply} reply */
export function headOf({ statusCode, header, cookies, profile }) {
  return { statusCode, header, cookies, profile };
}

/** @param {Uint8Array} body @param {{ dataType?: unknown, responseType?: unknown }} options */
function dataOf(body, options) {
  if (options.responseType === "arraybuffer") return buffer(body);
  const read = text(body);
  if ((options.dataType ?? "json") !== "json") return read;
  try {
    return JSON.parse(read);
  } catch {
    return read;
  }
}
