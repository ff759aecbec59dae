/** The `wx` of the phone: the simulator's own, with this phone's screen as its host. */

import { createWx, type Wx } from "wxsim";
import type { PhoneFrame } from "../frame/frame";
import type { Holder } from "../phone";
import type { Detail } from "../runtime/host";
import type { Router } from "../runtime/router";
import { isChinese, words } from "../words";
import type { Consent } from "./consent";
import { makeScreenCalls } from "./screen-calls";

const QUOTA_GONE = 1400001;

export interface WxParts {
  appid: string;
  holder: Holder;
  /** Keeps what mini programs store. */
  storage: PhoneStorage;
  frame: PhoneFrame;
  consent: Consent;
  router: () => Router;
  report: (error: unknown) => void;
}

/** The memory of the phones on this page: as long as the page's tab, and no longer than this run of the demo. */
export class PhoneStorage {
  constructor(private readonly run: string) {}

  getItem(key: string): string | null {
    return sessionStorage.getItem(`${this.run} ${key}`);
  }

  setItem(key: string, value: string): void {
    sessionStorage.setItem(`${this.run} ${key}`, value);
  }

  removeItem(key: string): void {
    sessionStorage.removeItem(`${this.run} ${key}`);
  }
}

export function makeWx(parts: WxParts): Wx {
  const { holder, frame, consent } = parts;
  const wx: Wx = createWx({
    simulator: location.origin,
    appid: parts.appid,
    person: holder.person,
    device: holder.device,
    language: isChinese() ? "zh_CN" : "en",
    storage: parts.storage,
    consent: (ask) => consent.decide(ask),
    host: {
      ...makeScreenCalls(frame, parts.router),
      openPrivacyContract: () => consent.showContract(),
    },
    onError: parts.report,
  });
  const facts = wx.getDeviceInfo();
  wx.getDeviceInfo = () => ({ ...facts, model: words().phone.model(holder.device) });
  return wx;
}

/** WeChat's part of a button with an open-type; what it returns is the event's detail, or null for no event. */
export async function tapButton(parts: WxParts, wx: Wx, openType: string, button: Detail): Promise<Detail | null> {
  const asked = { ...button };
  if (openType === "chooseAvatar") {
    const picture = await parts.consent.choosePicture();
    if (!picture) return null;
    asked.file = await picture.arrayBuffer();
  }
  const event = await wx.$tap(openType as "getPhoneNumber", asked);
  if (!event) return null;
  const detail = event.detail as unknown as Detail;
  const isToasted = detail.errno === QUOTA_GONE && button.phoneNumberNoQuotaToast !== false;
  if (isToasted) parts.frame.showToast(words().phone.quotaGone, "none", 2000);
  return detail;
}
