/** createMenjin: who is wired to whom. */
import { type Account, camel, type Device, type Me, toMe } from "./answers.js";
import { authorize, type Explain } from "./authorize.js";
import { openBindingDesk } from "./binding.js";
import { type DataEvent, type Kind, openData, readEvent } from "./data.js";
import type { MenjinError } from "./errors.js";
import { type MenjinOptions, readOptions } from "./options.js";
import { openPrivacy } from "./privacy.js";
import { openRequests } from "./request.js";
import { openSession, type Session, type SessionEvent } from "./session.js";
import { openTransport } from "./transport.js";
import type { Wx } from "./wx.js";

export interface Password {
  username: string;
  password: string;
}

// Several createMenjin of one app for one server are one: one login, one token.
const shared = new WeakMap<Wx, Record<string, Session>>();

export function createMenjin(options: MenjinOptions) {
  const settings = readOptions(options);
  const { wx, storageKey, onSignedOut } = settings;
  const transport = openTransport(settings);
  const houses = shared.get(wx) || {};
  const session = houses[storageKey] || openSession(settings, transport);
  houses[storageKey] = session;
  shared.set(wx, houses);
  const desk = openBindingDesk(settings, session);
  const requests = openRequests(settings, transport, session, desk);
  const { guard, phoneNumber, openData: open } = openData(session, requests);
  const { ask, request, uploadFile, downloadFile, connectSocket } = requests;
  if (onSignedOut) {
    session.on("signedOut", onSignedOut);
  }

  const rotate = (path: string, body: object): Promise<Me> => session.rotate(path, "POST", body) as Promise<Me>;

  return {
    /** Wait for the login, and start it if need be. For every page's onLoad; onLaunch need not be waited for. */
    ready: (): Promise<Me> => session.enter().then(() => session.me() as Me),
    /** Log in; also after the session has ended. `force`: even if there is a session. */
    login: (how?: { force?: boolean }): Promise<Me> => session.login(how?.force),
    /** Sign out. `everywhere`: also on the person's other devices. */
    async logout({ everywhere }: { everywhere?: boolean } = {}): Promise<void> {
      try {
        if (everywhere) {
          await ask("/v1/sessions", "DELETE");
        }
      } finally {
        await session.leave();
      }
    },
    /** Who is signed in, as far as this phone knows; undefined if nobody is. */
    current: (): Me | undefined => session.me(),
    /** The account, as the server has it now; null if none is bound. */
    account: (): Promise<Account | null> => ask("/v1/session").then((answer) => toMe(answer).account),
    /** The person's devices. */
    sessions: (): Promise<Device[]> =>
      ask("/v1/sessions").then((answer) => camel<{ sessions: Device[] }>(answer).sessions),
    endSession: (id: string): Promise<void> => ask(`/v1/sessions/${encodeURIComponent(id)}`, "DELETE"),

    request,
    uploadFile,
    downloadFile,
    connectSocket,

    /**
     * Make sure, before the person taps, that what the tap brings can be opened: for onLoad and onShow, or at the start
     * of a tap of the app's own.
     *
     * @returns whether a login was needed: then a tap that has happened already must be asked for again.
     */
    async preparePrivateData(): Promise<{ loggedIn: boolean }> {
      const before = session.logins();
      await session.enter();
      if (session.logins() === before && !(await session.isAlive())) {
        await session.login(true);
      }
      return { loggedIn: session.logins() > before };
    },
    phoneNumber,
    userInfo: <T = Record<string, unknown>>(event: DataEvent): Promise<T> => open(event, "user_info"),
    openData: <T = Record<string, unknown>>(event: DataEvent, kind: Kind): Promise<T> => open(event, kind),

    /**
     * Bind the account of a name and a password. A conflict is an error with `conflict`: its choices for the person, and
     * a ticket; after `move_with_password` call this again with it.
     */
    bind: ({ username, password, bindTicket }: Password & { bindTicket?: string | undefined }): Promise<Me> =>
      rotate("/v1/binding", { method: "password", username, password, bind_ticket: bindTicket }),
    /**
     * Bind the account of a phone button's number; without an event, of the number proved in this session in the last
     * ten minutes, or, after a conflict's `confirm`, of the ticket.
     */
    async bindPhone(event?: DataEvent | null, bindTicket?: string): Promise<Me> {
      const { code, sealed } = event ? readEvent(event) : ({} as Partial<ReturnType<typeof readEvent>>);
      const proof = code ? { phone_code: code } : sealed;
      return guard(() => rotate("/v1/binding", { method: "phone", bind_ticket: bindTicket, ...proof }));
    },
    /** Stop waiting for a binding: for the binding page's onUnload. */
    giveUpBinding: desk.giveUp,
    /** Part WeChat and account. Within ten minutes of a login or of `stepUp`. */
    unbind: (): Promise<Me> => session.rotate("/v1/binding", "DELETE") as Promise<Me>,
    /** Prove once more who it is: by password, by a phone button's event, or by a fresh wx.login. */
    async stepUp(proof?: Password | { phone: DataEvent }): Promise<Me> {
      const phone = proof && "phone" in proof && { phone_code: readEvent(proof.phone).code };
      return rotate("/v1/session/step-up", phone || proof || { login_code: await session.askCode() });
    },

    /** Ask for a permission; after a refusal explain, and lead to the settings page. */
    authorize: (scope: string, { explain }: { explain?: Explain } = {}): Promise<boolean> =>
      authorize(wx, scope, explain),
    privacy: openPrivacy(settings),

    /** Be told; returns what ends it. */
    on: <E extends SessionEvent>(event: E, listener: (value: E extends "signedOut" ? MenjinError : Me) => void) =>
      session.on(event, listener as (value: never) => void),
  };
}

export type Menjin = ReturnType<typeof createMenjin>;
