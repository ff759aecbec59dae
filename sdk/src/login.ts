/**
 * One login: a fresh code of wx.login, and POST /v1/sessions with it. At most two codes; a lost answer is asked for
 * again with the same code and the same Idempotency-Key, which costs no second one.
 */
import type { Account } from "./answers.js";
import { fromWx, isMenjinError, MenjinError } from "./errors.js";
import type { Settings } from "./options.js";
import { type Reply, toError } from "./problem.js";
import { strongId } from "./random.js";
import type { Transport } from "./transport.js";
import { sleep } from "./wait.js";
import type { WxFail } from "./wx.js";

/** menjin's SignedIn, as it comes over the wire. */
export interface SignedIn {
  session_token: string;
  session_id: string;
  account: Account | null;
  binding: string;
}

const LONGEST_WAIT = 10; // seconds; longer ones are told, not waited for
const MOCK = "the code is a mock one";

/** Return whether an answer carries a session. */
export const isSignedIn = (data: unknown): data is SignedIn => !!data && /^mjs_/.test((data as SignedIn).session_token);

/** Return a fresh login_code. */
export function askCode({ wx, timeout }: Settings): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string): void => reject(new MenjinError("login_failed", { message: why }));
    const timer = setTimeout(() => reject(new MenjinError("timeout", { message: "wx.login: timeout" })), timeout);
    wx.login({
      timeout,
      success({ code, fromCache }: { code?: string; fromCache?: boolean }) {
        clearTimeout(timer);
        if (fromCache) {
          refuse("wx.login: fromCache"); // a cached code has been used before
        } else if (code === MOCK) {
          refuse("开发者工具没有填 AppID / the project has no real appid");
        } else if (code) {
          resolve(code);
        } else {
          refuse("wx.login: no code");
        }
      },
      fail(failed: WxFail) {
        clearTimeout(timer);
        reject(fromWx(failed, "login_failed"));
      },
    });
  });
}

export function openLogin(settings: Settings, transport: Transport) {
  const { wx, app, tenant, baseURL, timeout, log } = settings;

  const readModel = (): string | undefined => {
    try {
      return wx.getDeviceInfo && String(wx.getDeviceInfo().model || "").slice(0, 64);
    } catch {
      return undefined;
    }
  };

  async function exchange(login_code: string, id: string): Promise<Reply> {
    const division = typeof tenant === "function" ? tenant() : tenant;
    const label = readModel();
    const request = {
      url: `${baseURL}/v1/sessions`,
      method: "POST",
      header: { "Idempotency-Key": await strongId(wx) },
      data: {
        appid: app,
        login_code,
        device: label ? { id, label } : { id },
        ...(division ? { tenant: division } : {}),
      },
      timeout,
    };
    try {
      return await transport.send("request", request);
    } catch (error) {
      log("login_answer_lost", { error });
      return transport.send("request", request);
    }
  }

  /** Try one code. Returns a failure that a fresh code may heal; throws one that it does not. */
  async function attempt(device: string): Promise<SignedIn | MenjinError> {
    let code: string;
    try {
      code = await askCode(settings);
    } catch (error) {
      if (isMenjinError(error) && error.code === "login_failed") {
        return error;
      }
      throw error; // no network, blocked: a second try at once helps nobody
    }
    const reply = await exchange(code, device);
    if (reply.statusCode < 300 && isSignedIn(reply.data)) {
      return reply.data;
    }
    const failure = toError(reply);
    const heals = failure.action === "login" || reply.statusCode >= 500;
    if (!heals || (failure.retryAfter || 0) > LONGEST_WAIT) {
      throw failure;
    }
    return failure;
  }

  /** Log in; `device` is this phone's id. */
  return async function signIn(device: string): Promise<SignedIn> {
    const first = await attempt(device);
    if (!isMenjinError(first)) {
      return first;
    }
    log("login_again", { code: first.code });
    await sleep(1000 * ((first.retryAfter || 0) + Math.random() * 0.5));
    const second = await attempt(device);
    if (isMenjinError(second)) {
      throw second;
    }
    return second;
  };
}
