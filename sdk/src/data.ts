/**
 * What a tap brings: phone_code, or data under the session_key. It is sent before anything else is done: a wx.login
 * between the tap and the server could replace the key it is sealed with.
 */
import { camel, type Phone } from "./answers.js";
import { fromWx, MenjinError } from "./errors.js";
import type { Requests } from "./request.js";
import type { Session } from "./session.js";
import type { WxFail } from "./wx.js";

/** A button's event, or what wx.getUserProfile, wx.getWeRunData and their like give to `success`. */
export type DataEvent = { detail: Detail } | Detail;

interface Detail extends WxFail {
  code?: string;
  encryptedData?: string;
  iv?: string;
  rawData?: string;
  signature?: string;
}

export type Kind = "user_info" | "werun" | "share_info" | "group_enter_info" | "private_message";

/** Return what an event carries, in the server's names; throw what went wrong at the tap. */
export function readEvent(event: DataEvent) {
  const detail: Detail = (event as { detail?: Detail }).detail || (event as Detail);
  const { errMsg = "", code, encryptedData, iv, rawData, signature } = detail;
  if (!/:ok$/.test(errMsg) && (errMsg || !(code || encryptedData))) {
    throw fromWx(detail);
  }
  return {
    code,
    sealed: encryptedData ? { encrypted_data: encryptedData, iv } : undefined,
    signed: rawData ? { raw_data: rawData, signature } : undefined,
  };
}

export function openData(session: Session, { ask }: Requests) {
  /** If data cannot be opened: log in now, unless that has just been done; the error says that another tap is needed. */
  async function guard<T>(run: () => Promise<T>): Promise<T> {
    const before = session.logins();
    try {
      return await run();
    } catch (error) {
      if ((error as MenjinError).action === "retap" && session.logins() === before) {
        await session.login(true);
      }
      throw error;
    }
  }

  /** Send sealed data. */
  const send = <T>(path: string, data?: object): Promise<T> =>
    guard(async () => {
      if (!(await session.enter(true))) {
        await session.enter(); // this login may replace the key that the data is sealed with
        throw new MenjinError("stale_session_key", { action: "retap", message: "请再点一次 / tap once more" });
      }
      return ask<T>(path, "POST", data);
    });

  return {
    guard,

    /** Return the number of a phone button's event; it is not bound to anything. */
    async phoneNumber(event: DataEvent): Promise<Phone> {
      const { code, sealed } = readEvent(event);
      return camel(await (code ? ask("/v1/phone", "POST", { phone_code: code }) : send("/v1/phone", sealed)));
    },

    /** Return what WeChat sealed or signed, in WeChat's own names. */
    async openData<T>(event: DataEvent, kind: Kind): Promise<T> {
      const { sealed, signed } = readEvent(event);
      return (await send<{ data: T }>("/v1/open-data", { kind, ...sealed, ...signed })).data;
    },
  };
}
