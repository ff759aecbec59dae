/** Random names: no secrets, yet not to be guessed where WeChat can help (2.17.3 and later). */
import type { Wx } from "./wx.js";

const BYTES = 16;

const hex = (bytes: ArrayLike<number>): string =>
  Array.from(bytes, (byte) => (256 + byte).toString(16).slice(1)).join("");

/** Return 128 bits as 32 hexadecimal digits, of Math.random. */
export const weakId = (): string => hex(Array.from({ length: BYTES }, () => Math.floor(Math.random() * 256)));

/** Return 128 bits as 32 hexadecimal digits, of WeChat's generator if there is one. */
export const strongId = (wx: Wx): Promise<string> =>
  new Promise((done) => {
    const weak = (): void => done(weakId());
    setTimeout(weak, 1000); // a generator that never answers holds up no login
    try {
      const manager = wx.getUserCryptoManager?.();
      if (!manager) {
        weak();
        return;
      }
      manager.getRandomValues({
        length: BYTES,
        success({ randomValues }: { randomValues: ArrayBuffer }) {
          const id = hex(new Uint8Array(randomValues));
          done(id.length === 2 * BYTES ? id : weakId());
        },
        fail: weak,
      });
    } catch {
      weak();
    }
  });
