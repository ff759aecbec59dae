/** The `wx` of the phone: the simulator's answers, this phone's screen. */

import type { PhoneFrame } from "../frame/frame";
import type { Holder } from "../phone";
import type { Detail } from "../runtime/host";
import type { Router } from "../runtime/router";
import { isChinese, words } from "../words";
import { type Options, plain, toLocalCall, toWxCall, type WxCall } from "./calls";
import type { Answer, Carrier } from "./carrier";
import type { Consent } from "./consent";
import { makeNetworkCalls } from "./network";
import type { Pictures } from "./pictures";
import { makeScreenCalls } from "./screen-calls";
import type { Storage } from "./storage";

/** Calls that the simulator answers as they are. */
const CARRIED = ["login", "checkSession", "getSetting", "authorize", "getPrivacySetting", "requirePrivacyAuthorize", "getUserInfo", "getUserProfile", "getWeRunData", "getUserCryptoManager", "getLatestUserKey"];

export interface WxParts {
  carrier: Carrier;
  storage: Storage;
  frame: PhoneFrame;
  pictures: Pictures;
  holder: Holder;
  consent: Consent;
  router: () => Router;
}

type PrivacyListener = (resolve: (answer: { event: string }) => void, info: { referrer: string }) => void;

export async function makeWx(parts: WxParts): Promise<{ wx: Record<string, unknown>; tapped: (name: string, button: Detail) => Promise<Detail> }> {
  const { carrier, consent, holder } = parts;
  const account = await carrier.call("getAccountInfoSync", {});
  let listener: PrivacyListener | undefined;
  const call = (api: string, options: object, tap = false) => carrier.call(api, options, { tap, handler: listener !== undefined });
  const carried = Object.fromEntries(CARRIED.map((api) => [api, toWxCall((options) => call(api, plain(options)))]));
  const facts = {
    getAccountInfoSync: () => ({ miniProgram: account.miniProgram }),
    getAppBaseInfo: () => ({ SDKVersion: "3.17.0", language: isChinese() ? "zh_CN" : "en", theme: "light", version: "8.0.50" }),
    getDeviceInfo: () => ({ brand: "wxsim", model: words().phone.model(holder.device), platform: "ios", system: "iOS 18.0" }),
    getWindowInfo: () => windowInfo(parts.frame.screen),
    getSystemInfoSync: () => ({ ...windowInfo(parts.frame.screen), language: isChinese() ? "zh_CN" : "en", platform: "ios", SDKVersion: "3.17.0", model: "wxsim" }),
    canIUse: (name: string) => name.split(".")[0] as string in wx,
    getLaunchOptionsSync: () => ({ path: "pages/home/home", query: {}, scene: 1089 }),
  };
  const own: Record<string, WxCall> = {
    openSetting: toWxCall(async () => openSetting(parts)),
    openPrivacyContract: toLocalCall("openPrivacyContract", () => consent.showContract()),
    setTabBarItem: toLocalCall("setTabBarItem", (options: Options) => parts.router().setTabText(Number(options.index), String(options.text))),
  };
  const wx: Record<string, unknown> = {
    ...carried,
    ...facts,
    ...parts.storage.calls(),
    ...makeNetworkCalls(carrier, parts.pictures),
    ...makeScreenCalls(parts.frame, parts.router),
    ...own,
    onNeedPrivacyAuthorization: (given: PrivacyListener) => {
      listener = given;
    },
    onNetworkStatusChange: () => undefined,
    onAppShow: () => undefined,
    onAppHide: () => undefined,
  };
  return { wx, tapped: (name, button) => tapped(parts, call, name, button) };
}

/** WeChat's part of a button with an open-type; what it returns is the event's detail. */
async function tapped(parts: WxParts, call: (api: string, options: object, tap: boolean) => Promise<Answer>, name: string, button: Detail): Promise<Detail> {
  if (name === "openSetting") return openSetting(parts);
  const answer = await call(name, button, true);
  if (name === "chooseAvatar" && typeof answer.avatarUrl === "string" && parts.consent.chosen) parts.pictures.keep(answer.avatarUrl, parts.consent.chosen);
  const isQuotaGone = answer.errno === 1400001 && button.phoneNumberNoQuotaToast !== false;
  if (isQuotaGone) parts.frame.showToast(words().phone.quotaGone, "none", 2000);
  return answer;
}

async function openSetting({ carrier, consent }: WxParts): Promise<Answer> {
  const wished = await consent.openSettings();
  await fetch("/demo/settings", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ person: carrier.person, scopes: wished }),
  });
  const answer = await carrier.call("getSetting", {});
  return { ...answer, errMsg: "openSetting:ok" };
}

function windowInfo(screen: HTMLElement): object {
  return { windowWidth: screen.clientWidth, windowHeight: screen.clientHeight, pixelRatio: 2, statusBarHeight: 44 };
}
