/** createMenjin: who is wired to whom. */
import { type Account, camel, type Device, type Me, type Phone, toMe } from "./answers.js";
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

/** The way out of a conflict: a choice of the error's, and its ticket. */
export interface Resolution {
  bindTicket?: string;
  choice?: string;
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
  const data = openData(session, requests);
  const { ask } = requests;
  if (onSignedOut) {
    session.on("signedOut", onSignedOut);
  }

  const bindBy = (body: object, { bindTicket, choice }: Resolution = {}): Promise<Me> =>
    session.rotate("POST", "/v1/binding", () =>
      Promise.resolve({
        ...body,
        ...(bindTicket ? { bind_ticket: bindTicket } : {}),
        ...(choice ? { choice } : {}),
      }),
    ) as Promise<Me>;

  return {
    /** Wait for the login, and start it if need be. For every page's onLoad; onLaunch need not be waited for. */
    async ready(): Promise<Me> {
      await session.enter();
      return session.current().me as Me;
    },
    /** Log in; also after the session has ended. `force`: even if there is a session. */
    login: ({ force }: { force?: boolean } = {}): Promise<Me> => session.login(force),
    /** Sign out. `everywhere`: also on the person's other devices. */
    async logout({ everywhere }: { everywhere?: boolean } = {}): Promise<void> {
      try {
        if (everywhere) {
          await ask("DELETE", "/v1/sessions");
        }
      } finally {
        await session.leave();
      }
    },
    /** Who is signed in, as far as this phone knows; undefined if nobody is. */
    current: (): Me | undefined => session.current().me,
    /** The account, as the server has it now; null if none is bound. */
    account: async (): Promise<Account | null> => toMe(await ask("GET", "/v1/session")).account,
    /** The person's devices. */
    sessions: async (): Promise<Device[]> => camel<{ sessions: Device[] }>(await ask("GET", "/v1/sessions")).sessions,
    endSession: async (id: string): Promise<void> => {
      await ask("DELETE", `/v1/sessions/${encodeURIComponent(id)}`);
    },

    request: requests.request,
    uploadFile: requests.uploadFile,
    downloadFile: requests.downloadFile,
    connectSocket: requests.connectSocket,

    /**
     * Make sure, before the person taps, that what the tap brings can be opened: for onLoad and onShow, or at the start
     * of a tap of the app's own.
     *
     * @returns whether a login was needed: then a tap that has happened already must be asked for again.
     */
    async preparePrivateData(): Promise<{ loggedIn: boolean }> {
      const before = session.logins();
      await session.enter();
      if (session.logins() === before && !(await session.isAlive()) && session.logins() === before) {
        await session.login(true);
      }
      return { loggedIn: session.logins() > before };
    },
    phoneNumber: (event: DataEvent): Promise<Phone> => data.phoneNumber(event),
    userInfo: <T = Record<string, unknown>>(event: DataEvent): Promise<T> => data.openData<T>(event, "user_info"),
    openData: <T = Record<string, unknown>>(event: DataEvent, kind?: Kind): Promise<T> => data.openData<T>(event, kind),

    /** Bind the account of a name and a password. A conflict is an error with `conflict`: ask, and call again with both. */
    bind: ({ username, password, ...resolution }: Partial<Password> & Resolution): Promise<Me> =>
      bindBy({ method: "password", username, password }, resolution),
    /** Bind the account of a phone number; without an event, of the number opened in the last ten minutes. */
    async bindPhone(event?: DataEvent | null, resolution?: Resolution): Promise<Me> {
      const detail = event && readEvent(event);
      if (detail && !detail.code) {
        await data.phoneNumber(detail);
      }
      const code = detail?.code ? { phone_code: detail.code } : {};
      return bindBy({ method: "phone", ...code }, resolution);
    },
    /** Stop waiting for a binding: for the binding page's onUnload. */
    giveUpBinding: (): void => desk.giveUp(),
    unbind: async (): Promise<void> => {
      await session.rotate("DELETE", "/v1/binding");
    },
    /** Prove once more who it is: by password, by a phone button's event, or by a fresh wx.login. */
    stepUp: (proof?: Password | { phone: DataEvent }): Promise<Me> =>
      session.rotate("POST", "/v1/session/step-up", async () => {
        if (!proof) {
          return { login_code: await session.code() };
        }
        if ("phone" in proof) {
          return { phone_code: readEvent(proof.phone).code };
        }
        return { username: proof.username, password: proof.password };
      }) as Promise<Me>,

    /** Ask for a permission; after a refusal explain, and lead to the settings page. */
    authorize: (scope: string, { explain }: { explain?: Explain } = {}): Promise<boolean> =>
      authorize(wx, scope, explain),
    privacy: openPrivacy(settings),

    /** Be told; returns what ends it. */
    on<E extends SessionEvent>(
      event: E,
      listener: (value: E extends "signedOut" ? MenjinError : Me) => void,
    ): () => void {
      return session.on(event, listener as (value: never) => void);
    },
  };
}

export type Menjin = ReturnType<typeof createMenjin>;
