/** Carries messages straight over node:http, which hides nothing: any method, any header, the order of things. */

import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream";
import zlib from "node:zlib";
import { transport } from "./network.js";

const MOST_REDIRECTS = 20;
const NET_ERRORS = /** @type {Record<string, [number, string]>} */ ({
  ECONNREFUSED: [-102, "ERR_CONNECTION_REFUSED"],
  ECONNRESET: [-101, "ERR_CONNECTION_RESET"],
  EPIPE: [-101, "ERR_CONNECTION_RESET"],
  ENOTFOUND: [-105, "ERR_NAME_NOT_RESOLVED"],
  EAI_AGAIN: [-105, "ERR_NAME_NOT_RESOLVED"],
  ETIMEDOUT: [-118, "ERR_CONNECTION_TIMED_OUT"],
  ENETUNREACH: [-106, "ERR_INTERNET_DISCONNECTED"],
  EHOSTUNREACH: [-109, "ERR_ADDRESS_UNREACHABLE"],
  EPROTO: [-107, "ERR_SSL_PROTOCOL_ERROR"],
  CERT_HAS_EXPIRED: [-201, "ERR_CERT_DATE_INVALID"],
  ERR_TLS_CERT_ALTNAME_INVALID: [-200, "ERR_CERT_COMMON_NAME_INVALID"],
  DEPTH_ZERO_SELF_SIGNED_CERT: [-202, "ERR_CERT_AUTHORITY_INVALID"],
  SELF_SIGNED_CERT_IN_CHAIN: [-202, "ERR_CERT_AUTHORITY_INVALID"],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [-202, "ERR_CERT_AUTHORITY_INVALID"],
  TOO_MANY_REDIRECTS: [-310, "ERR_TOO_MANY_REDIRECTS"],
});

/**
 * @typedef {import("./network.js").Message} Message
 * @typedef {import("./network.js").Watch} Watch
 * @typedef {import("./network.js").Reply} Reply
 */

/**
 * @param {(url: string) => Promise<void>} checkDomain asked again for each address that a redirect names
 * @returns {import("./network.js").Carrier}
 */
export function nodeCarrier(checkDomain) {
  return async (message, watch) => {
    let step = message;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      const { reply, location } = await exchange(step, watch);
      if (location === undefined || message.redirect === "manual") return reply;
      step = redirected(step, reply.statusCode, location);
      await checkDomain(step.url);
    }
    throw netError({ code: "TOO_MANY_REDIRECTS" });
  };
}

/** @param {Message} message @param {number} status @param {string} location @returns {Message} */
function redirected(message, status, location) {
  const from = new URL(message.url);
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (!to || !/^https?:$/.test(to.protocol)) throw transport(-300, "ERR_INVALID_URL");
  const changes = status === 303 || ((status === 301 || status === 302) && message.method === "POST");
  const { body, ...rest } = message;
  const kept = body && !changes ? { body } : {};
  const headers = Object.fromEntries(
    Object.entries(message.headers).filter(
      ([name]) => from.origin === to.origin || name.toLowerCase() !== "authorization",
    ),
  );
  return {
    ...rest,
    ...kept,
    headers,
    url: to.href,
    method: changes && message.method !== "HEAD" ? "GET" : message.method,
  };
}

/** @param {Message} message @param {Watch} watch @returns {Promise<{ reply: Reply, location?: string }>} */
function exchange(message, watch) {
  const { promise, resolve, reject } = later();
  const url = new URL(message.url);
  const { body, headers } = message;
  const length =
    body || ["POST", "PUT"].includes(message.method) ? { "content-length": String(body?.length ?? 0) } : {};
  let answered = false;
  let request;
  try {
    request = (url.protocol === "https:" ? https : http).request(url, {
      method: message.method,
      headers: { "accept-encoding": "gzip, deflate, br", ...headers, ...length },
      // A connection of its own for each: none is met while the server is closing it.
      agent: false,
    });
  } catch (error) {
    throw netError(/** @type {NodeJS.ErrnoException} */ (error));
  }
  watch.onAbort(() => request.destroy());
  request.on("error", (error) => reject(netError(/** @type {NodeJS.ErrnoException} */ (error), answered)));
  request.on("response", (response) => {
    answered = true;
    const location = redirects(response.statusCode ?? 0) ? response.headers.location : undefined;
    const final = location === undefined || message.redirect === "manual";
    read(response, message, final ? watch : undefined).then(
      (reply) => resolve({ reply, ...(location === undefined ? {} : { location }) }),
      (error) => reject(netError(error, true)),
    );
  });
  request.on("connect", (response, socket) => {
    socket.destroy();
    resolve({ reply: { ...headOf(response), body: new Uint8Array(0) } });
  });
  request.end(body, () => watch.onSent?.(body?.length ?? 0));
  return promise;
}

/** @returns {{ promise: Promise<any>, resolve: (value: unknown) => void, reject: (reason: unknown) => void }} */
function later() {
  /** @type {(value: unknown) => void} */
  let resolve = () => {};
  /** @type {(reason: unknown) => void} */
  let reject = () => {};
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** @param {number} status */
function redirects(status) {
  return [301, 302, 303, 307, 308].includes(status);
}

/** @param {http.IncomingMessage} response @param {Message} message @param {Watch} [watch] @returns {Promise<Reply>} */
async function read(response, message, watch) {
  const head = headOf(response);
  watch?.onHeaders?.(head);
  const whole = Number(response.headers["content-length"] ?? 0);
  const parts = [];
  let received = 0;
  for await (const part of unpacked(response)) {
    parts.push(part);
    received += part.length;
    if (message.chunked) watch?.onChunk?.(part);
    watch?.onReceived?.(received, whole);
  }
  return { ...head, body: new Uint8Array(Buffer.concat(parts)) };
}

/** @param {http.IncomingMessage} response @returns {AsyncIterable<Buffer>} */
function unpacked(response) {
  const coding = response.headers["content-encoding"];
  if (coding === "gzip" || coding === "deflate") return pipeline(response, zlib.createUnzip(), () => {});
  if (coding === "br") return pipeline(response, zlib.createBrotliDecompress(), () => {});
  return response;
}

/** Header names as the server wrote them; of repeated ones the values are joined. @param {http.IncomingMessage} response */
function headOf(response) {
  /** @type {Record<string, string>} */
  const header = {};
  const names = new Map();
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = response.rawHeaders.slice(at, at + 2);
    const known = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), known);
    header[known] = header[known] === undefined ? value : `${header[known]},${value}`;
  }
  return { statusCode: response.statusCode ?? 0, header, cookies: response.headers["set-cookie"] ?? [] };
}

/** @param {{ code?: string | undefined, message?: string }} error @param {boolean} [answered] */
function netError(error, answered = false) {
  const code = error.code ?? "";
  if (code === "ECONNRESET" && !answered && error.message === "socket hang up")
    return transport(-324, "ERR_EMPTY_RESPONSE");
  if (code.startsWith("Z_") || code.startsWith("ERR__ERROR_")) return transport(-330, "ERR_CONTENT_DECODING_FAILED");
  if (code.startsWith("HPE_")) return transport(-320, "ERR_INVALID_RESPONSE");
  if (answered) return transport(-354, "ERR_CONTENT_LENGTH_MISMATCH");
  const [number, name] = NET_ERRORS[code] ?? [-2, "ERR_FAILED"];
  return transport(number, name);
}
