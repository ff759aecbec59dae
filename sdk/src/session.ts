/**
 * The session on the phone: which token, who may use it, and what a 401 means.
 *
 *     none ──enter──▶ (login) ──▶ signed in ──401 login/retry──▶ (login)
 *                                  │  ▲
 *                                  │  └── bind, step-up: (rotation)
 *                                  └── 401 signed_out, kicked_out, replaced; logout() ──▶ ended ──login()──▶ (login)
 *
 * A login or a rotation holds the gate: everybody else waits, so there is one for any number of callers. Whoever comes
 * back with a 401 for a token that is no longer the current one only tries again.
 */
import { type Me, toMe } from "./answers.js";
import { type Code, MenjinError } from "./errors.js";
import { askCode, isSignedIn, openLogin, type SignedIn } from "./login.js";
import type { Settings } from "./options.js";
import { type Reply, readProblem, toError, toGood } from "./problem.js";
import { makeId } from "./random.js";
import { ENDS, type Kept, openStorage } from "./storage.js";
import type { Transport } from "./transport.js";
import { nothing, settled, single, sleep } from "./wait.js";
import { ask } from "./wx.js";

export type SessionEvent = "signedIn" | "signedOut" | "bound";
type Listener = (value: never) => void;

const UNPROVEN = 3; // logins in a row whose token was never once accepted
const COOL_AFTER_FAILURE = 1000; // or as long as the server says
const COOL_AFTER_REFUSAL = 30_000;
const FOLLOW_EVERY = 600_000;

export function openSession(settings: Settings, { call }: Transport) {
  const { wx, spread, timeout, followWeChat, log } = settings;
  const storage = openStorage(settings);
  const signIn = openLogin(settings, { call } as Transport);
  let listeners: [SessionEvent, Listener][] = [];

  let kept: Kept | undefined;
  let gate: Promise<unknown> | undefined;
  let cooling: MenjinError | undefined;
  let epoch = 0; // each end of a session begins a new one: what was asked before counts no more
  let logins = 0;
  let unproven = 0;
  let isFollowed = !followWeChat;

  function state(): Kept {
    kept = kept || storage.read();
    return kept;
  }

  /** Go over to a new state; this phone's name stays. */
  function keep(next: Kept): void {
    kept = { device: state().device, ...next };
    storage.write(kept);
  }

  function tell(event: SessionEvent, value: unknown): void {
    log(event);
    for (const [name, listener] of listeners) {
      if (name === event) {
        try {
          listener(value as never);
        } catch (error) {
          sleep(0).then(() => {
            throw error; // the app's own fault, told as such
          });
        }
      }
    }
  }

  /** Let silent logins fail with this error for a while, so that a refusal does not become a storm. */
  function cool(error: MenjinError, ms: number): void {
    cooling = error;
    sleep(ms).then(() => {
      cooling = cooling === error ? undefined : cooling;
    });
  }

  /** Do something that changes the token, alone. Only called while the gate is open. */
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

  const ended = (): MenjinError => new MenjinError(state().ended || "signed_out");

  /** Take a new token over, unless the person has signed out meanwhile: then it ends at once. */
  function adopt({ data }: Reply, asked: number): Me {
    const token = (data as SignedIn).session_token;
    if (asked !== epoch) {
      settled(call("/v1/session", "DELETE", token));
      throw ended();
    }
    const me = toMe(data);
    cooling = undefined;
    keep({ token, me });
    tell("signedIn", me);
    if (me.binding === "bound") {
      tell("bound", me);
    }
    return me;
  }

  /** Log in; only ever inside the gate. */
  async function renew(): Promise<Me> {
    const asked = epoch;
    const device = state().device || makeId();
    kept = { ...state(), device };
    try {
      const reply = await signIn(device);
      logins++;
      unproven++;
      isFollowed = true;
      return adopt(reply, asked);
    } catch (error) {
      const { retryAfter = 1 } = error as MenjinError;
      cool(error as MenjinError, retryAfter * COOL_AFTER_FAILURE);
      throw error;
    }
  }

  /** End the session here; no silent login follows. */
  function end(error: MenjinError): void {
    epoch++;
    keep({ ended: error.code });
    tell("signedOut", error);
  }

  /** Return whether WeChat's own session is alive: whatever its failure says, it is not. No answer is no reason for a login. */
  const isAlive = single(() => {
    const yes = (): boolean => true;
    return Promise.race([ask(wx, "checkSession").then(yes, () => false), sleep(timeout).then(yes)]);
  });

  async function follow(): Promise<void> {
    isFollowed = true;
    sleep(FOLLOW_EVERY).then(() => {
      isFollowed = false;
    });
    if (!(await isAlive())) {
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
      const { token } = state();
      if (gate) {
        await settled(gate);
      } else if (token && !isFollowed) {
        await settled(hold(follow));
      } else if (token || quiet) {
        return token;
      } else {
        permit();
        await hold(renew);
      }
    }
  }

  /** Throw if no silent login may be. */
  function permit(): void {
    const why = state().ended ? ended() : cooling;
    if (why) {
      throw why;
    }
  }

  /** Ask menjin itself what has become of the session, where a business answered 401 in its own way. */
  const probe = single((token: string) => call("/v1/session", "GET", token).catch(nothing));

  /** Say why a token was refused. */
  async function explain(reply: Reply, token: string): Promise<MenjinError> {
    if (readProblem(reply).code) {
      return toError(reply);
    }
    const asked = await probe(token);
    if (asked && asked.statusCode < 300) {
      return toError(reply, "unauthorized");
    }
    return toError(asked && readProblem(asked).code ? asked : reply, "session_expired", "login");
  }

  /**
   * Deal with a 401. Returns when the request may be sent again; throws what its caller has to know.
   *
   * @param used The token it was sent with.
   * @param times How often this request has been refused, this time included.
   */
  async function refused(reply: Reply, used: string, times: number): Promise<void> {
    const error = await explain(reply, used);
    log("refused", error);
    while (gate) {
      await settled(gate); // in this form: nothing may come between the open gate and what follows
    }
    recall(used);
    const isCurrent = state().token === used;
    if (isCurrent && error.action === "none") {
      if (ENDS.test(error.code)) {
        end(error);
      }
      throw error;
    }
    if (times > 1 && (isCurrent || error.code !== "session_rotated")) {
      throw tooOften(error);
    }
    if (isCurrent) {
      tooOften(error);
      permit();
      await hold(() => replace(error.code));
    }
    // else a newer token is there, or `enter` knows what to do
  }

  /** Return the error of a server that accepts no token; after a few logins for nothing stop them for a while. */
  function tooOften({ requestId }: MenjinError): MenjinError {
    const error = new MenjinError("session_refused", { status: 401, requestId });
    if (unproven >= UNPROVEN) {
      unproven = 0;
      cool(error, COOL_AFTER_REFUSAL);
    }
    return error;
  }

  async function replace(code: Code): Promise<Me> {
    kept = { device: state().device as string };
    if (code === "session_invalid") {
      await sleep(Math.random() * spread); // perhaps the server lost them all
    }
    return renew();
  }

  /** Look whether another copy of the SDK (a subpackage of its own) has logged in or out meanwhile. */
  function recall(used: string): void {
    const found = storage.read();
    if (state().token === used && (found.ended || (found.token && found.token !== used))) {
      kept = found;
    }
  }

  /** Log in because the app says so; also after the session has ended. */
  async function login(force?: boolean): Promise<Me> {
    const before = logins;
    if (state().ended) {
      keep({});
    }
    cooling = undefined;
    unproven = 0;
    while (gate) {
      await settled(gate);
    }
    const { token, me } = state();
    if (token && me && (!force || logins > before)) {
      return me;
    }
    permit(); // not if the login that was waited for has just failed
    return hold(renew);
  }

  /** Send what makes the token rotate: binding, step-up. New requests wait for its end. */
  async function rotate(path: string, method: string, data?: object): Promise<Me | undefined> {
    do {
      await enter();
    } while (gate || !state().token);
    return hold(() => rotateAlone(path, method, data));
  }

  async function rotateAlone(path: string, method: string, data?: object): Promise<Me | undefined> {
    const asked = epoch;
    const before = state().me;
    const send = async (): Promise<Reply> => toGood(await call(path, method, state().token, data));

    /** Try once more with a login of one's own. */
    const renewed = async (error: MenjinError): Promise<Reply> => {
      if (error.status !== 401 || error.action === "none") {
        throw error;
      }
      await renew();
      return send();
    };

    /** An answer was lost, and with it perhaps the token: only a login tells. */
    const recovered = async (error: MenjinError): Promise<undefined> => {
      if (ENDS.test(error.code)) {
        end(error);
      }
      await (error.status || settled(renew()));
      const { me } = state();
      if (!before || !me || before.binding === me.binding) {
        throw error;
      }
    };

    const reply = await send().catch(renewed).catch(recovered);
    return reply && isSignedIn(reply) ? adopt(reply, asked) : state().me;
  }

  /** End the session, here at once and at the server if it can be reached. */
  async function leave(): Promise<void> {
    const { token } = state();
    end(new MenjinError("signed_out"));
    if (token) {
      await settled(call("/v1/session", "DELETE", token));
    }
  }

  return {
    enter,
    refused,
    login,
    rotate,
    leave,
    isAlive,
    /** A request with this token was let through. */
    accepted(token: string): void {
      unproven = token === state().token ? 0 : unproven;
    },
    /** A login_code for a step-up. */
    askCode: (): Promise<string> => askCode(settings),
    me: (): Me | undefined => state().me,
    logins: (): number => logins,
    on(event: SessionEvent, listener: Listener): () => void {
      const entry: [SessionEvent, Listener] = [event, listener];
      listeners = listeners.concat([entry]);
      return () => {
        listeners = listeners.filter((one) => one !== entry);
      };
    },
  };
}

export type Session = ReturnType<typeof openSession>;
