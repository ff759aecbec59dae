/**
 * The session on the phone: which token, who may use it, and what a 401 means.
 *
 *     none ──enter──▶ (login) ──▶ signed in ──401 login/retry──▶ (login)
 *      ▲                              │  ▲
 *      └── storage lost               │  └── bind, step-up: (rotation)
 *                                     └── 401 signed_out, kicked_out, replaced; logout() ──▶ ended ──login()──▶ (login)
 *
 * A login or a rotation holds the gate: everybody else waits, so there is one for any number of callers. Whoever comes
 * back with a 401 for a token that is no longer the current one only tries again.
 */
import { type Me, toMe } from "./answers.js";
import { type Code, MenjinError } from "./errors.js";
import { askCode, isSignedIn, openLogin, type SignedIn } from "./login.js";
import type { Settings } from "./options.js";
import { type Reply, readProblem, toError } from "./problem.js";
import { strongId } from "./random.js";
import { type Kept, openStorage } from "./storage.js";
import type { Outgoing, Transport } from "./transport.js";
import { settled, single, sleep } from "./wait.js";

export type SessionEvent = "signedIn" | "signedOut" | "bound";

const UNPROVEN = 3; // logins in a row whose token was never once accepted
const COOL_AFTER_FAILURE = 1000;
const COOL_AFTER_REFUSAL = 30_000;
const FOLLOW_EVERY = 600_000;

export function openSession(settings: Settings, transport: Transport) {
  const { wx, app, storageKey, baseURL, spread, timeout, followWeChat, log } = settings;
  const storage = openStorage(wx, storageKey, app, log);
  const signIn = openLogin(settings, transport);
  const listeners: [SessionEvent, (value: never) => void][] = [];
  const probe = single<Code | "fine">();
  const check = single<boolean>();

  let kept: Kept | undefined;
  let gate: Promise<unknown> | undefined;
  let cooling: MenjinError | undefined;
  let epoch = 0; // each end of a session begins a new one: what was asked before counts no more
  let logins = 0;
  let unproven = 0;
  let followed = false;

  const state = (): Kept => kept || (kept = storage.read());

  function keep(next: Kept): void {
    kept = next;
    storage.write(next);
  }

  function tell(event: SessionEvent, value: unknown): void {
    log(event);
    listeners.slice().forEach(([name, listener]) => {
      if (name === event) {
        try {
          listener(value as never);
        } catch (error) {
          log("listener_failed", { event, error });
        }
      }
    });
  }

  /** Let silent logins fail with this error for a while, so that a refusal does not become a storm. */
  function cool(error: MenjinError, ms: number): void {
    cooling = error;
    setTimeout(() => {
      if (cooling === error) {
        cooling = undefined;
      }
    }, ms);
  }

  /** Do something that changes the token, alone. */
  function hold<R>(run: () => Promise<R>): Promise<R> {
    const held = (async () => {
      try {
        return await run();
      } finally {
        gate = undefined;
      }
    })();
    gate = held;
    return held;
  }

  async function free(): Promise<void> {
    while (gate) {
      await settled(gate);
    }
  }

  async function device(): Promise<string> {
    const id = state().device || (await strongId(wx));
    kept = { ...state(), device: id };
    return id;
  }

  function call(method: string, path: string, token: string, data?: unknown): Promise<Reply> {
    const options: Outgoing = { url: baseURL + path, method, timeout };
    return transport.send("request", data === undefined ? options : { ...options, data }, token);
  }

  /** Take a new token over, unless the person has signed out meanwhile: then it ends at once. */
  function adopt(answer: SignedIn, asked: number): Me {
    const me = toMe(answer);
    if (asked !== epoch) {
      settled(call("DELETE", "/v1/session", answer.session_token));
      throw ended();
    }
    cooling = undefined;
    keep({ device: state().device, token: answer.session_token, me });
    tell("signedIn", me);
    if (me.binding === "bound") {
      tell("bound", me);
    }
    return me;
  }

  /** Log in; only ever inside the gate. */
  async function renew(): Promise<Me> {
    const asked = epoch;
    try {
      const answer = await signIn(await device());
      logins++;
      unproven++;
      followed = true;
      return adopt(answer, asked);
    } catch (error) {
      cool(error as MenjinError, COOL_AFTER_FAILURE);
      throw error;
    }
  }

  const ended = (): MenjinError => new MenjinError(state().ended || "signed_out", { status: 401 });

  /** End the session here; no silent login follows. */
  function end(error: MenjinError): void {
    epoch++;
    keep({ device: state().device, ended: error.code });
    tell("signedOut", error);
  }

  /** Return whether WeChat's own session is alive. */
  const isAlive = (): Promise<boolean> =>
    check(
      () =>
        new Promise((resolve) => {
          const timer = setTimeout(() => resolve(true), timeout); // no answer is no reason for a login
          const say = (alive: boolean) => (): void => {
            clearTimeout(timer);
            resolve(alive);
          };
          wx.checkSession({ success: say(true), fail: say(false) });
        }),
    );

  async function follow(): Promise<void> {
    followed = true;
    setTimeout(() => {
      followed = false;
    }, FOLLOW_EVERY);
    if (!(await isAlive())) {
      log("wechat_session_ended");
      await renew();
    }
  }

  /**
   * Return the token to send with, logging in if there is none.
   *
   * @param quiet Never log in for its own sake: undefined if there is no session.
   */
  async function enter(quiet?: boolean): Promise<string | undefined> {
    for (;;) {
      const { token, ended: why } = state();
      if (gate) {
        await settled(gate);
      } else if (token && followWeChat && !followed) {
        await settled(hold(follow));
      } else if (token || quiet) {
        return token;
      } else if (why) {
        throw ended();
      } else if (cooling) {
        throw cooling;
      } else {
        await hold(renew);
      }
    }
  }

  /** Say why a token was refused: by the answer itself, or, where the business answered in its own way, by asking menjin. */
  async function explain(reply: Reply, token: string): Promise<MenjinError> {
    if (readProblem(reply)) {
      return toError(reply);
    }
    const code = await probe(async () => {
      try {
        const asked = await call("GET", "/v1/session", token);
        return asked.statusCode < 300 ? "fine" : (readProblem(asked)?.code ?? "session_expired");
      } catch {
        return "session_expired";
      }
    });
    const isEnd = code === "signed_out" || code === "kicked_out" || code === "replaced";
    return toError(reply, code === "fine" ? "unauthorized" : code, isEnd ? "none" : "login");
  }

  /**
   * Deal with a 401. Returns when the request may be sent again; throws what its caller has to know.
   *
   * @param used The token it was sent with.
   * @param times How often this request has been refused, this time included.
   */
  async function refused(reply: Reply, used: string, times: number): Promise<void> {
    await free();
    recall(used);
    const known = readProblem(reply)?.code;
    if (state().token !== used) {
      if (times > 1 && known !== "session_rotated") {
        throw refusedAgain(reply);
      }
      return; // a newer token is there, or `enter` knows what else
    }
    const error = await explain(reply, used);
    if (state().token !== used || gate) {
      return refused(reply, used, times);
    }
    if (error.code === "unauthorized") {
      throw error;
    }
    if (error.action === "none") {
      end(error);
      throw error;
    }
    if (unproven >= UNPROVEN) {
      cool(refusedAgain(reply), COOL_AFTER_REFUSAL);
      unproven = 0;
    }
    if (times > 1) {
      throw refusedAgain(reply);
    }
    if (cooling) {
      throw cooling;
    }
    kept = { device: state().device };
    await hold(async () => {
      if (error.code === "session_invalid") {
        await sleep(Math.random() * spread); // perhaps the server lost them all
      }
      await renew();
    });
  }

  const refusedAgain = (reply: Reply): MenjinError =>
    new MenjinError("session_refused", { status: 401, requestId: toError(reply).requestId });

  /** Look whether another copy of the SDK (a subpackage of its own) has logged in or out meanwhile. */
  function recall(used: string): void {
    if (state().token === used && !storage.isLost()) {
      const found = storage.read();
      if (found.ended || (found.token && found.token !== used)) {
        kept = found;
        epoch++;
      }
    }
  }

  /** A request with this token was let through. */
  function accepted(token: string): void {
    if (token === state().token) {
      unproven = 0;
    }
  }

  /** Log in because the app says so; also after the session has ended. */
  async function login(force?: boolean): Promise<Me> {
    const before = logins;
    if (state().ended) {
      keep({ device: state().device });
    }
    cooling = undefined;
    unproven = 0;
    for (;;) {
      const { token, me } = state();
      if (gate) {
        await settled(gate);
      } else if (token && me && (!force || logins > before)) {
        return me;
      } else if (cooling) {
        throw cooling; // the login that was waited for has failed
      } else {
        return hold(renew);
      }
    }
  }

  /** Send what makes the token rotate: binding, step-up. New requests wait for its end. */
  async function rotate(method: string, path: string, data?: () => Promise<object>): Promise<Me | undefined> {
    for (;;) {
      await enter();
      if (!gate && state().token) {
        return hold(() => rotateAlone(method, path, data));
      }
    }
  }

  async function rotateAlone(method: string, path: string, data?: () => Promise<object>): Promise<Me | undefined> {
    const asked = epoch;
    const wasRequired = state().me?.binding === "required";
    for (let times = 1; ; times++) {
      let reply: Reply;
      try {
        reply = await call(method, path, state().token as string, data && (await data()));
      } catch (error) {
        // Whether it happened is not known. A login tells, and makes the token good if it did.
        await settled(renew());
        const { me } = state();
        if (wasRequired && me && me.binding === "bound") {
          return me;
        }
        throw error;
      }
      if (reply.statusCode < 300) {
        return isSignedIn(reply.data) ? adopt(reply.data, asked) : undefined;
      }
      const error = toError(reply);
      if (reply.statusCode === 401 && error.action === "none") {
        end(error);
      } else if (reply.statusCode === 401 && times < 2) {
        await renew();
        continue;
      }
      throw error;
    }
  }

  /** End the session, here at once and at the server if it can be reached. */
  async function leave(): Promise<void> {
    const { token } = state();
    end(new MenjinError("signed_out"));
    if (token) {
      try {
        await call("DELETE", "/v1/session", token);
      } catch (error) {
        log("sign_out_not_told", { error });
      }
    }
  }

  return {
    enter,
    refused,
    accepted,
    login,
    rotate,
    leave,
    isAlive,
    /** A login_code for a step-up. */
    code: (): Promise<string> => askCode(settings),
    current: (): Kept => state(),
    logins: (): number => logins,
    on(event: SessionEvent, listener: (value: never) => void): () => void {
      const entry: [SessionEvent, (value: never) => void] = [event, listener];
      listeners.push(entry);
      return () => {
        const at = listeners.indexOf(entry);
        if (at >= 0) {
          listeners.splice(at, 1);
        }
      };
    },
  };
}

export type Session = ReturnType<typeof openSession>;
