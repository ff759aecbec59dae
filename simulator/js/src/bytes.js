/** Bytes and texts without anything but the language and TextEncoder. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PLACES = new Map([...ALPHABET].map((letter, place) => [letter, place]));

/** @param {ArrayBufferLike | Uint8Array} data */
export function toBase64(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const parts = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const [one = 0, two = 0, three = 0] = bytes.subarray(at, at + 3);
    const word = (one << 16) | (two << 8) | three;
    const letters = [18, 12, 6, 0].map((shift) => ALPHABET[(word >> shift) & 63]).join("");
    const missing = Math.max(0, at + 3 - bytes.length);
    parts.push(letters.slice(0, 4 - missing) + "=".repeat(missing));
  }
  return parts.join("");
}

/** Read base64 leniently, as wx.base64ToArrayBuffer does. @param {string} text */
export function fromBase64(text) {
  /** @type {number[]} */
  const places = [];
  for (const letter of String(text)) {
    const place = PLACES.get(letter);
    if (place !== undefined) places.push(place);
  }
  const bytes = new Uint8Array(Math.floor((places.length * 3) / 4));
  for (let at = 0, to = 0; at < places.length; at += 4) {
    const word = [0, 1, 2, 3].reduce((sum, step) => (sum << 6) | (places[at + step] ?? 0), 0);
    for (const shift of [16, 8, 0]) if (to < bytes.length) bytes[to++] = (word >> shift) & 255;
  }
  return bytes;
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
