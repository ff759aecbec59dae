/** The calls of wx that move pages and show WeChat's own boxes. */

import type { PhoneFrame } from "../frame/frame";
import type { Router } from "../runtime/router";
import { words } from "../words";
import { type Options, toLocalCall, type WxCall } from "./calls";

const text = (options: Options, name: string, otherwise = ""): string => (options[name] === undefined ? otherwise : String(options[name]));

export function makeScreenCalls(frame: PhoneFrame, router: () => Router): Record<string, WxCall> {
  const calls: Record<string, (options: Options) => unknown> = {
    navigateTo: (options) => router().navigateTo(text(options, "url")),
    redirectTo: (options) => router().redirectTo(text(options, "url")),
    switchTab: (options) => router().switchTab(text(options, "url")),
    reLaunch: (options) => router().reLaunch(text(options, "url")),
    navigateBack: (options) => router().navigateBack(Number(options.delta ?? 1)),
    setNavigationBarTitle: (options) => router().setTitle(text(options, "title")),
    setNavigationBarColor: () => undefined,
    stopPullDownRefresh: () => undefined,
    pageScrollTo: (options) => frame.screen.querySelector(".wx-page:not([hidden])")?.scrollTo({ top: Number(options.scrollTop ?? 0) }),
    showToast: (options) => frame.showToast(text(options, "title"), text(options, "icon", "success"), Number(options.duration ?? 1500)),
    hideToast: () => frame.hideToast(),
    showLoading: (options) => frame.showToast(text(options, "title"), "loading", 0),
    hideLoading: () => frame.hideToast(),
    showModal: (options) => showModal(frame, options),
    showActionSheet: (options) => showActionSheet(frame, options),
    vibrateShort: () => undefined,
    setClipboardData: (options) => navigator.clipboard?.writeText(text(options, "data")),
  };
  return Object.fromEntries(Object.entries(calls).map(([api, run]) => [api, toLocalCall(api, run)]));
}

async function showModal(frame: PhoneFrame, options: Options): Promise<object> {
  const hasCancel = options.showCancel !== false;
  const cancel = { text: text(options, "cancelText", words().phone.cancel), kind: "quiet" as const };
  const confirm = { text: text(options, "confirmText", words().phone.confirm), kind: "primary" as const };
  const actions = hasCancel ? [cancel, confirm] : [confirm];
  const body = text(options, "content") ? [text(options, "content")] : [];
  const chosen = await frame.ask({ shape: "dialog", title: text(options, "title"), body, actions, dismissed: 0 });
  const confirmed = chosen === actions.length - 1;
  return { confirm: confirmed, cancel: !confirmed };
}

async function showActionSheet(frame: PhoneFrame, options: Options): Promise<object> {
  const chosen = await frame.choose((options.itemList as string[]) ?? [], text(options, "alertText"));
  if (chosen < 0) throw new Error("cancel");
  return { tapIndex: chosen };
}
