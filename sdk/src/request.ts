/** A request with a login: sent, and sent once more where the answer says that this would help. */
import type { BindingDesk } from "./binding.js";
import { MenjinError } from "./errors.js";
import type { Settings } from "./options.js";
import { lower, type Reply, toError, toGood } from "./problem.js";
import type { Session } from "./session.js";
import { type Attach, type Callbacks, start, type Task, tell } from "./task.js";
import type { Api, Outgoing, Transport } from "./transport.js";
import { nothing, sleep } from "./wait.js";

/**
 * `required`: log in if need be. `optional`: with the login if there is one, else without. `none`: without.
 * By default `required` for baseURL and the trusted origins, `none` for the rest of the world.
 */
export type Auth = "required" | "optional" | "none";

/** wx.request's own options, and `auth`. A relative url is added to baseURL. */
export interface RequestOptions<T = unknown> extends Outgoing, Callbacks<Reply<T>> {
  auth?: Auth;
}

const LONGEST_WAIT = 10; // seconds
const MOST_WAITS = 2;

export function openRequests(settings: Settings, transport: Transport, session: Session, desk: BindingDesk) {
  const { toUrl, isTrusted, send } = transport;

  /** Return how a URL is to be called; refuse to show the login to a stranger. */
  function readAuth(url: string, auth?: Auth): Auth {
    if (isTrusted(url)) {
      return auth || "required";
    }
    if (auth && auth !== "none") {
      throw new MenjinError("origin_not_trusted");
    }
    return "none";
  }

  const enter = async (auth: Auth): Promise<string | undefined> =>
    auth === "none" ? undefined : session.enter(auth === "optional");

  async function run(api: Api, given: RequestOptions, attach: Attach = nothing): Promise<Reply> {
    const url = toUrl(given.url);
    const header = lower(given.header);
    const options = { ...given, url, header };
    const isRepeatable = header["idempotency-key"] || !/post/i.test(given.method || api.replace("upload", "post"));
    let auth = readAuth(url, given.auth);
    let token: string | undefined;
    let refusals = 0;
    let waits = 0;
    let hasBound = false;

    /** Do what makes another try worth while. Returns whether there was anything; throws what the caller has to know. */
    async function mend(error: MenjinError): Promise<boolean> {
      if (token && error.code === "binding_required") {
        if (hasBound) {
          throw error;
        }
        hasBound = true;
        await desk.wait(error as never);
        return true;
      }
      const { status, retryAfter = 0 } = error;
      const isBusy = (status === 429 || status === 503) && retryAfter > 0 && retryAfter <= LONGEST_WAIT;
      if (!isBusy || !isRepeatable || waits++ >= MOST_WAITS) {
        return false;
      }
      await sleep(1000 * (retryAfter + Math.random() / 2));
      return true;
    }

    /** Deal with a 401: log in, or go on without where that will do. */
    const relent = (reply: Reply): Promise<void> =>
      session.refused(reply, token as string, ++refusals).catch((error: unknown) => {
        if (auth === "required") {
          throw error;
        }
        auth = "none";
      });

    /** Look at an answer. Returns whether to send again. */
    async function judge(reply: Reply): Promise<boolean> {
      const { statusCode } = reply;
      if (token && statusCode === 401) {
        await relent(reply);
        return true;
      }
      if (token) {
        session.accepted(token);
      }
      return statusCode >= 400 && mend(toError(reply));
    }

    for (;;) {
      token = await enter(auth);
      attach();
      const reply = await send(api, options, token, attach);
      if (!(await judge(reply))) {
        return reply;
      }
    }
  }

  const open =
    (api: Api) =>
    <T = unknown>(options: RequestOptions<T>): Promise<Reply<T>> & Task =>
      start(options, (attach) => run(api, options as RequestOptions, attach) as Promise<Reply<T>>);

  /** Call menjin's own API; return its answer's data, or throw its problem. */
  async function ask<T>(path: string, method = "GET", data?: object): Promise<T> {
    const { baseURL, timeout } = settings;
    return toGood(await run("request", { url: baseURL + path, method, data, timeout })).data as T;
  }

  async function connect(given: RequestOptions): Promise<unknown> {
    const url = toUrl(given.url).replace(/^http/i, "ws");
    const auth = readAuth(url, given.auth);
    if (auth === "required") {
      await ask("/v1/session"); // a handshake cannot tell why it failed, so the login is looked at first
    }
    const token = await enter(auth);
    return new Promise((resolve, reject) => {
      send("connectSocket", { ...given, url }, token, resolve).catch(reject);
    });
  }

  /** Open a socket with the login in its headers; the promise gives wx's SocketTask. */
  function connectSocket(options: RequestOptions): Promise<unknown> {
    const promise = connect(options);
    tell(promise, options as Callbacks<unknown>);
    return promise;
  }

  return {
    ask,
    request: open("request"),
    uploadFile: open("uploadFile"),
    downloadFile: open("downloadFile"),
    connectSocket,
  };
}

export type Requests = ReturnType<typeof openRequests>;
