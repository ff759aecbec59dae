/**
 * What a tap brings: phone_code, or data under the session_key. It is sent before anything else is done: a wx.login
 * between the tap and the server could replace the key it is sealed with.
 */
import { camel, type Phone } from "./answers.js";
import { type ClientCode, fromWx, MenjinError } from "./errors.js";
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

const KINDS: Record<string, Kind> = {
  getUserInfo: "user_info",
  getUserProfile: "user_info",
  getWeRunData: "werun",
  getShareInfo: "share_info",
  getGroupEnterInfo: "group_enter_info",
  authPrivateMessage: "private_message",
};

/** Return what an event carries; throw what went wrong at the tap. */
export function readEvent(event: DataEvent): Detail {
  const detail: Detail = (event && (event as { detail?: Detail }).detail) || (event as Detail) || {};
  if (!/:ok$/.test(detail.errMsg || (detail.code || detail.encryptedData ? ":ok" : ""))) {
    throw fromWx(detail);
  }
  return detail;
}

/** Return the sealed part of what an event carries. */
function readSealed({ encryptedData, iv }: Detail, otherwise: ClientCode) {
  if (!encryptedData || !iv) {
    throw new MenjinError(otherwise);
  }
  return { encrypted_data: encryptedData, iv };
}

export function openData(session: Session, { ask }: Requests) {
  const retap = (): MenjinError =>
    new MenjinError("stale_session_key", { action: "retap", message: "请再点一次 / please tap once more" });

  /** Send sealed data. If it cannot be opened: log in now, and say that another tap is needed. */
  async function send<T>(path: string, data: object): Promise<T> {
    const before = session.logins();
    if (!(await session.enter(true))) {
      await session.enter(); // this login may replace the key that the data is sealed with
      throw retap();
    }
    try {
      return await ask<T>("POST", path, data);
    } catch (error) {
      if ((error as MenjinError).action === "retap" && session.logins() === before) {
        await session.login(true);
      }
      throw error;
    }
  }

  /** Return the number of a phone button's event; it is not bound to anything. */
  async function phoneNumber(event: DataEvent): Promise<Phone> {
    const detail = readEvent(event);
    const path = "/v1/phone";
    return camel(
      detail.code
        ? await ask("POST", path, { phone_code: detail.code })
        : await send(path, readSealed(detail, "not_supported")),
    );
  }

  /** Return what WeChat sealed, in WeChat's own names. */
  async function openSealed<T>(event: DataEvent, kind?: Kind): Promise<T> {
    const detail = readEvent(event);
    const { rawData, signature } = detail;
    const signed = rawData && signature ? { raw_data: rawData, signature } : undefined;
    const sealed = detail.encryptedData || !signed ? readSealed(detail, "wx_failed") : undefined;
    const found = kind || KINDS[(detail.errMsg || "").replace(/:.*/, "")] || "user_info";
    const opened = await send<{ data: T }>("/v1/open-data", { kind: found, ...sealed, ...signed });
    return opened.data;
  }

  return { phoneNumber, openData: openSealed };
}
