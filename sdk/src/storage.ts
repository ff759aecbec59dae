/**
 * What survives a restart: the session_token, this phone's device id, and why the last session ended.
 * Storage that fails, is full or holds rubbish never fails a login: the SDK goes on in memory.
 */
import type { Account, Me } from "./answers.js";
import type { Code } from "./errors.js";
import type { Log } from "./options.js";
import type { Wx } from "./wx.js";

export interface Kept {
  device?: string;
  token?: string;
  me?: Me;
  /** Set after signed_out, kicked_out or replaced: no silent login until the app asks for one. */
  ended?: Code;
}

const VERSION = 1;
const TOKEN = /^mjs_[\w-]{43}$/;
const DEVICE = /^[\w-]{16,64}$/;
const ENDED = /^[a-z_]{3,40}$/;

const text = (value: unknown, shape: RegExp): string | undefined =>
  typeof value === "string" && shape.test(value) ? value : undefined;

/** Read and write one record under one key. */
export function openStorage(wx: Wx, key: string, app: string, log: Log) {
  let lost = false;

  function read(): Kept {
    let found: (Kept & { v?: number; app?: string }) | undefined;
    try {
      found = wx.getStorageSync(key) as typeof found;
    } catch (error) {
      log("storage_failed", { doing: "read", error });
    }
    if (!found || typeof found !== "object" || found.v !== VERSION || found.app !== app) {
      return {};
    }
    const token = text(found.token, TOKEN);
    const me = found.me && typeof found.me === "object" ? found.me : undefined;
    return {
      device: text(found.device, DEVICE),
      token,
      me: token && me ? { ...me, account: (me.account as Account | undefined) || null } : undefined,
      ended: text(found.ended, ENDED) as Code | undefined,
    };
  }

  function write(kept: Kept): void {
    try {
      wx.setStorageSync(key, { v: VERSION, app, ...kept });
      lost = false;
    } catch (error) {
      log("storage_failed", { doing: "write", error });
      lost = true;
      try {
        wx.removeStorageSync(key); // an older token left behind would be used after a restart
      } catch {
        // nothing more can be done; the server refuses that token anyway
      }
    }
  }

  /** Whether what was written last is really there. */
  return { read, write, isLost: (): boolean => lost };
}

export type Storage = ReturnType<typeof openStorage>;
