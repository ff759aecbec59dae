/**
 * What survives a restart: the session_token, this phone's device id, and why the last session ended.
 * Storage that fails, is full or holds rubbish never fails a login: the SDK goes on in memory.
 */
import type { Me } from "./answers.js";
import type { Code } from "./errors.js";
import type { Settings } from "./options.js";

export interface Kept {
  device?: string;
  token?: string;
  me?: Me;
  /** Set after signed_out, kicked_out or replaced: no silent login until the app asks for one. */
  ended?: Code;
}

/** How a session ends for good: nothing logs in again before the app asks for it. */
export const ENDS = /^(signed_out|kicked_out|replaced)$/;

const fit = (value: unknown, shape: RegExp): string | undefined =>
  value && shape.test(value as string) ? String(value) : undefined;

/** Read and write one record under one key. */
export function openStorage({ wx, storageKey, log }: Settings) {
  return {
    /** Return what is there and in good shape. */
    read(): Kept {
      try {
        const { token, device, ended, me } = wx.getStorageSync(storageKey) as Kept;
        return {
          token: me?.binding && fit(token, /^mjs_[\w-]{43}$/),
          me,
          device: fit(device, /^[\w-]{16,64}$/),
          ended: fit(ended, ENDS) as Code,
        };
      } catch (error) {
        log("storage", error);
        return {};
      }
    },

    write(kept: Kept): void {
      try {
        wx.setStorageSync(storageKey, kept);
      } catch (error) {
        log("storage", error);
        try {
          wx.removeStorageSync(storageKey); // an older token left behind would be used after a restart
        } catch (_) {
          // nothing more can be done; the server refuses that token anyway
        }
      }
    },
  };
}
