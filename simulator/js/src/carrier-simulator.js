/** Carries messages by way of the simulator: in a browser, where a page may neither set Referer nor reach other hosts. */

import { fromBase64, toBase64 } from "./bytes.js";

/**
 * @param {import("./phone.js").Phone} phone
 * @returns {import("./network.js").Carrier}
 */
export function simulatorCarrier(phone) {
  return async (message, watch, api) => {
    const { url, method, headers, body, timeout, redirect } = message;
    const { Referer: _, ...header } = headers;
    const options = { url, method, header, timeout, redirect, responseType: "base64" };
    const sent = body ? { ...options, dataBase64: toBase64(body) } : options;
    const answer = await phone.call(api, sent, { timeout: timeout + 5000 });
    const reply = {
      statusCode: Number(answer.statusCode),
      header: /** @type {Record<string, string>} */ (answer.header),
      cookies: /** @type {string[]} */ (answer.cookies),
      body: fromBase64(String(answer.dataBase64)),
    };
    const { body: received, ...head } = reply;
    watch.onSent?.(body?.length ?? 0);
    watch.onHeaders?.(head);
    if (message.chunked) watch.onChunk?.(received);
    watch.onReceived?.(received.length, received.length);
    return reply;
  };
}
