/** A request with a login: sent, and sent once more where the answer says that this would help. */
import type { BindingDesk } from "./binding.js";
import { MenjinError } from "./errors.js";
import type { Settings } from "./options.js";
import { type Reply, readProblem, readRetryAfter, toError } from "./problem.js";
import type { Session } from "./session.js";
import { type Callbacks, type Line, start, type Task, tell } from "./task.js";
import { type Api, type Outgoing, readOwn, type Transport } from "./transport.js";
import { sleep } from "./wait.js";

/**
 * `required`: log in if need be. `optional`: with the login if there is one, else without. `none`: without.
 * By default `required` for baseURL and the trusted origins, `none` for the rest of the world.
 */
export type Auth = "required" | "optional" | "none";

/** wx.request's own options, and `auth`. A relative url is added to baseURL. */
export interface RequestOptions<T = unknown> extends Outgoing, Callbacks<Reply<T>> {
  auth?: Auth;
}

const REPEATABLE = /^(GET|HEAD|OPTIONS|PUT|DELETE)$/;
const LONGEST_WAIT = 10; // seconds
const MOST_WAITS = 2;

/** A request under way. */
interface Sent {
  api: Api;
  options: Outgoing;
  auth: Auth;
  token?: string | undefined;
  refusals: number;
  waits: number;
  hasBound: boolean;
}

/** Whether sending once more can do no harm. */
const isRepeatable = (api: Api, { method = "GET", header }: Outgoing): boolean =>
  api === "downloadFile" ||
  (api === "request" && REPEATABLE.test(method.toUpperCase())) ||
  readOwn(header, "idempotency-key") !== undefined;

export function openRequests(settings: Settings, transport: Transport, session: Session, desk: BindingDesk) {
  const { wx, log } = settings;

  /** Return how a URL is to be called; refuse to show the login to a stranger. */
  function readAuth(url: string, auth: Auth | undefined): Auth {
    const trusted = transport.isTrusted(url);
    if (auth && auth !== "none" && !trusted) {
      throw new MenjinError("origin_not_trusted");
    }
    return auth || (trusted ? "required" : "none");
  }

  /** Deal with an answer. Returns whether to send once more; throws what the caller has to know. */
  async function judge(sent: Sent, reply: Reply): Promise<boolean> {
    const { token, options, api } = sent;
    const { statusCode } = reply;
    if (statusCode === 401 && token) {
      log("refused", { url: options.url, code: readProblem(reply)?.code });
      await session.refused(reply, token, ++sent.refusals).catch((error: unknown) => {
        if (sent.auth !== "optional") {
          throw error;
        }
        sent.auth = "none";
      });
      return true;
    }
    if (token) {
      session.accepted(token);
    }
    if (statusCode === 403 && sent.auth === "required" && readProblem(reply)?.code === "binding_required") {
      const error = toError(reply);
      if (sent.hasBound) {
        throw error;
      }
      await desk.wait(error);
      sent.hasBound = true;
      return true;
    }
    const seconds = statusCode === 429 || statusCode === 503 ? readRetryAfter(reply) : undefined;
    if (seconds === undefined || seconds > LONGEST_WAIT || !isRepeatable(api, options) || sent.waits++ >= MOST_WAITS) {
      return false;
    }
    await sleep(1000 * (seconds + Math.random() * 0.5));
    return true;
  }

  async function run(api: Api, given: Outgoing, wanted: Auth | undefined, line?: Line): Promise<Reply> {
    const options = { ...given, url: transport.toUrl(given.url) };
    const sent: Sent = { api, options, auth: readAuth(options.url, wanted), refusals: 0, waits: 0, hasBound: false };
    for (;;) {
      sent.token = sent.auth === "none" ? undefined : await session.enter(sent.auth === "optional");
      line?.check();
      const reply = await transport.send(api, options, sent.token, line);
      if (!(await judge(sent, reply))) {
        return reply;
      }
    }
  }

  const open =
    (api: Api) =>
    <T = unknown>({ auth, success, fail, complete, ...options }: RequestOptions<T>): Promise<Reply<T>> & Task =>
      start({ success, fail, complete }, (line) => run(api, options, auth, line) as Promise<Reply<T>>);

  /** Call menjin's own API; return its answer's data, or throw its problem. */
  async function ask<T>(method: string, path: string, data?: object): Promise<T> {
    const options: Outgoing = { url: settings.baseURL + path, method, timeout: settings.timeout };
    const reply = await run("request", data ? { ...options, data } : options, "required");
    if (reply.statusCode >= 300) {
      throw toError(reply);
    }
    return reply.data as T;
  }

  /** Open a socket with the login in its headers. A handshake cannot tell why it failed, so the login is looked at first. */
  function connectSocket({ auth, success, fail, complete, ...options }: RequestOptions): Promise<unknown> {
    const promise = (async () => {
      const url = readSocketUrl(options.url);
      const wanted = readAuth(url, auth);
      if (wanted === "required") {
        await ask("GET", "/v1/session");
      }
      const token = wanted === "none" ? undefined : await session.enter(wanted === "optional");
      return wx.connectSocket({ ...options, url, header: transport.dress(url, options.header, token) }) as unknown;
    })();
    tell(promise, { success, fail, complete } as Callbacks<unknown>);
    return promise;
  }

  const readSocketUrl = (url: string): string =>
    /^ws/i.test(url) ? url : transport.toUrl(url).replace(/^http/i, "ws");

  return {
    ask,
    request: open("request"),
    uploadFile: open("uploadFile"),
    downloadFile: open("downloadFile"),
    connectSocket,
  };
}

export type Requests = ReturnType<typeof openRequests>;
