/**
 * One login: a fresh code of wx.login, and POST /v1/sessions with it. At most two codes; a lost answer is asked for
 * again with the same code and the same Idempotency-Key, which costs no second one.
 */
import { fromWx, type MenjinError } from "./errors.js";
import type { Settings } from "./options.js";
import { type Reply, toError } from "./problem.js";
import { makeId } from "./random.js";
import type { Transport } from "./transport.js";
import { sleep } from "./wait.js";
import type { WxFail } from "./wx.js";

/** menjin's SignedIn, as it comes over the wire. */
export interface SignedIn {
  session_token: string;
}

const LONGEST_WAIT = 10; // seconds; longer ones are told, not waited for

/** Return whether an answer carries a session. */
export const isSignedIn = ({ data }: Reply): boolean => /^mjs_/.test(((data || {}) as SignedIn).session_token);

/** Return a fresh login_code. */
export const askCode = ({ wx, timeout }: Settings): Promise<string> =>
  new Promise((resolve, reject) => {
    const refuse = (failed: WxFail): void => reject(fromWx(failed, "login_failed"));
    sleep(timeout).then(() => refuse({ errMsg: "timeout" }));
    wx.login({
      timeout,
      success({ code, fromCache }: { code?: string; fromCache?: boolean }) {
        // A code from wx's cache has been used; DevTools without an appid gives a sentence in place of a code.
        if (!code || fromCache || / /.test(code)) {
          refuse({ errMsg: fromCache ? "from cache" : code || "no code" });
        } else {
          resolve(code);
        }
      },
      fail: refuse,
    });
  });

export function openLogin(settings: Settings, { call }: Transport) {
  const { wx, app, tenant, log } = settings;

  async function exchange(login_code: string, id: string): Promise<Reply> {
    const { model = "" } = wx.getDeviceInfo ? wx.getDeviceInfo() : {};
    const body = {
      [/^wx\w{16}$/.test(app) ? "appid" : "app"]: app,
      login_code,
      tenant: typeof tenant === "function" ? tenant() : tenant,
      // As far as it is plain: the service takes no control characters, and nobody's login is to fail for a name.
      device: { id, label: (/^[ -~一-龥]{0,64}/.exec(model) as string[])[0] },
    };
    const header = { "idempotency-key": makeId() };
    const send = (): Promise<Reply> => call("/v1/sessions", "POST", undefined, body, header);
    return send().catch(send);
  }

  /** Log in; `device` is this phone's id. */
  return async function signIn(device: string): Promise<Reply> {
    for (let isLast = false; ; isLast = true) {
      try {
        const reply = await exchange(await askCode(settings), device);
        if (isSignedIn(reply)) {
          return reply;
        }
        throw toError(reply);
      } catch (error) {
        const { code, action, status = 0, retryAfter = 0 } = error as MenjinError;
        const heals = action === "login" || status >= 500 || code === "login_failed";
        if (isLast || !heals || retryAfter > LONGEST_WAIT) {
          throw error;
        }
        log("login_again", error);
        await sleep(1000 * (retryAfter + Math.random() / 2));
      }
    }
  };
}
