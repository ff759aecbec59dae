/** The calls of wx that move pages and show WeChat's own boxes. */

import type { PhoneFrame } from "../frame/frame";
import type { Router } from "../runtime/router";
import { words } from "../words";

export type Options = Record<string, unknown>;
export type Calls = Record<string, (options: Options) => unknown>;

const text = (options: Options, name: string, otherwise = ""): string =>
  options[name] === undefined ? otherwise : String(options[name]);

/** Return what the simulator's wx asks its host for. */
export function makeScreenCalls(frame: PhoneFrame, router: () => Router): Calls {
  return {
    navigateTo: (options) => router().navigateTo(text(options, "url")),
    redirectTo: (options) => router().redirectTo(text(options, "url")),
    switchTab: (options) => router().switchTab(text(options, "url")),
    reLaunch: (options) => router().reLaunch(text(options, "url")),
    navigateBack: (options) => router().navigateBack(Number(options.delta ?? 1)),
    setNavigationBarTitle: (options) => router().setTitle(text(options, "title")),
    setTabBarItem: (options) => router().setTabText(Number(options.index), text(options, "text")),
    pageScrollTo: (options) =>
      frame.screen.querySelector(".wx-page:not([hidden])")?.scrollTo({ top: Number(options.scrollTop ?? 0) }),
    showToast: (options) =>
      frame.showToast(text(options, "title"), text(options, "icon", "success"), Number(options.duration ?? 1500)),
    hideToast: () => frame.hideToast(),
    showLoading: (options) => frame.showToast(text(options, "title"), "loading", 0),
    hideLoading: () => frame.hideToast(),
    showModal: (options) => showModal(frame, options),
    showActionSheet: async (options) => {
      const items = (options.itemList as string[] | undefined) ?? [];
      const chosen = await frame.choose(items, text(options, "alertText"));
      return chosen < 0 ? {} : { tapIndex: chosen };
    },
  };
}

async function showModal(frame: PhoneFrame, options: Options): Promise<object> {
  const hasCancel = options.showCancel !== false;
  const cancel = { text: text(options, "cancelText", words().phone.cancel), kind: "quiet" as const };
  const confirm = { text: text(options, "confirmText", words().phone.confirm), kind: "primary" as const };
  const actions = hasCancel ? [cancel, confirm] : [confirm];
  const body = text(options, "content") ? [text(options, "content")] : [];
  const shape = "dialog" as const;
  const chosen = await frame.ask({ shape, title: text(options, "title"), body, actions, dismissed: 0 });
  return { confirm: chosen === actions.length - 1 };
}
