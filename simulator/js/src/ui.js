/** Toasts, dialogs, pages: shown by the host where there is one, answered plainly where there is none. */

import { needString, typeName, WxFail } from "./fail.js";

/** Calls that only show something: without a host they succeed and nothing is seen. */
const SHOWN = [
  "showToast",
  "hideToast",
  "showLoading",
  "hideLoading",
  "setNavigationBarTitle",
  "setNavigationBarColor",
  "showNavigationBarLoading",
  "hideNavigationBarLoading",
  "stopPullDownRefresh",
  "startPullDownRefresh",
  "pageScrollTo",
  "showTabBar",
  "hideTabBar",
  "setTabBarBadge",
  "removeTabBarBadge",
  "showTabBarRedDot",
  "hideTabBarRedDot",
  "setTabBarItem",
  "setTabBarStyle",
  "vibrateShort",
  "setClipboardData",
  "showShareMenu",
  "hideShareMenu",
  "updateShareMenu",
  "setBackgroundColor",
];
/** Calls that need somebody who has pages. */
const PAGES = [
  "navigateTo",
  "redirectTo",
  "navigateBack",
  "switchTab",
  "reLaunch",
  "navigateToMiniProgram",
  "exitMiniProgram",
  "navigateBackMiniProgram",
  "previewImage",
  "chooseImage",
  "chooseMedia",
  "makePhoneCall",
  "getClipboardData",
  "getLocation",
];

/**
 * @typedef {Record<string, (options: any) => unknown>} Host
 */

/**
 * @param {Host} host
 * @param {import("./calls.js").Caller} caller
 * @param {() => void} gesture notes that the person has just tapped
 */
export function uiCalls(host, caller, gesture) {
  /** @param {string} api @param {Record<string, unknown>} options */
  const ask = async (api, options) => /** @type {Record<string, unknown> | undefined} */ (await host[api]?.(options));
  /** @type {Record<string, unknown>} */
  const calls = {};
  for (const api of SHOWN) calls[api] = caller.call(api, (options) => ask(api, options));
  for (const api of PAGES) {
    calls[api] = caller.call(api, async (options) => {
      if (!host[api]) throw new WxFail(` wxsim: createWx was given no host.${api}`);
      return ask(api, options);
    });
  }
  Object.assign(calls, stubs());
  for (const api of Object.keys(host)) calls[api] ??= caller.call(api, (options) => ask(api, options));
  calls.showModal = caller.call("showModal", async (options) => {
    if (options.title !== undefined) needString(options.title, "parameter.title");
    if (options.content !== undefined) needString(options.content, "parameter.content");
    const said = (await ask("showModal", options)) ?? { confirm: true };
    const confirm = said.confirm === true;
    // A press on a dialog's button is a tap of the person's.
    gesture();
    return { content: null, ...said, confirm, cancel: !confirm };
  });
  calls.showActionSheet = caller.call("showActionSheet", async (options) => {
    checkItems(options.itemList);
    const said = (await ask("showActionSheet", options)) ?? { tapIndex: 0 };
    if (typeof said.tapIndex !== "number") throw new WxFail(" cancel");
    gesture();
    return said;
  });
  return calls;
}

/** Managers that a mini program may ask for at its start; nothing comes of them here. */
function stubs() {
  const nothing = () => {};
  const log = { debug: nothing, info: nothing, log: nothing, warn: nothing, error: nothing, setFilterMsg: nothing };
  const update = { onCheckForUpdate: nothing, onUpdateReady: nothing, onUpdateFailed: nothing, applyUpdate: nothing };
  return {
    getLogManager: () => log,
    getRealtimeLogManager: () => log,
    getUpdateManager: () => update,
    reportEvent: nothing,
    reportMonitor: nothing,
    reportPerformance: nothing,
  };
}

/** @param {unknown} list */
function checkItems(list) {
  if (!Array.isArray(list)) {
    throw new WxFail(` parameter error: parameter.itemList should be Array instead of ${typeName(list)};`, 1001);
  }
  if (list.length < 1) throw new WxFail(" parameter error: itemList should have at least 1 item");
  if (list.length > 6) throw new WxFail(" parameter error: itemList should not be larger than 6");
}
