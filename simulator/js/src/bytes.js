/** Bytes and texts without anything but the language and TextEncoder. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PLACES = new Uint8Array(128);
for (let at = 0; at < ALPHABET.length; at += 1) PLACES[ALPHABET.charCodeAt(at)] = at;

/** @param {ArrayBufferLike | Uint8Array} data */
export function toBase64(data) {
  const bytes = ArrayBuffer.isView(data) ? data : new Uint8Array(data);
  /** @type {string[]} */
  const parts = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const [one, two, three, four] = [word >> 18, (word >> 12) & 63, (word >> 6) & 63, word & 63];
    parts.push(`${ALPHABET[one]}${ALPHABET[two]}${ALPHABET[three]}${ALPHABET[four]}`);
  }
  const over = bytes.length % 3;
  if (over) parts.push(parts.pop()?.slice(0, over + 1) ?? "", "=".repeat(3 - over));
  return parts.join("");
}

/** Read base64 leniently, as wx.base64ToArrayBuffer does. @param {string} text */
export function fromBase64(text) {
  const letters = String(text).replace(/[^A-Za-z0-9+/]/g, "");
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  for (let at = 0, to = 0; at < letters.length; at += 4) {
    const word =
      (place(letters, at) << 18) |
      (place(letters, at + 1) << 12) |
      (place(letters, at + 2) << 6) |
      place(letters, at + 3);
    // Bytes behind the end fall off a typed array by themselves.
    bytes[to++] = word >> 16;
    bytes[to++] = (word >> 8) & 255;
    bytes[to++] = word & 255;
  }
  return bytes;
}

/** @param {string} letters @param {number} at */
function place(letters, at) {
  return PLACES[letters.charCodeAt(at) & 127] ?? 0;
}

/** @param {string} text */
export function utf8(text) {
  return new TextEncoder().encode(text);
}

/** Read UTF-8 and drop one byte order mark. @param {Uint8Array} bytes */
export function text(bytes) {
  return new TextDecoder().decode(bytes);
}

/** @param {Uint8Array} bytes @returns {ArrayBuffer} */
export function buffer(bytes) {
  return bytes.slice().buffer;
}

/** @param {Uint8Array[]} parts */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether a value is an ArrayBuffer, of this realm or another. @param {unknown} value @returns {value is ArrayBuffer} */
export function isArrayBuffer(value) {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}
