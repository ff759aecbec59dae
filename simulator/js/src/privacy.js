/**
 * The page's own privacy popup: wx.onNeedPrivacyAuthorization and its rules.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/user-privacy/PrivacyAuthorize.html
 */

import { optionsOf } from "./calls.js";

/**
 * @typedef {{ event?: unknown, buttonId?: unknown }} Resolution
 * @typedef {(resolve: (resolution: Resolution) => void, info: { referrer: string }) => void} Listener
 */

/** Which listener there is, and which agree-buttons have really been tapped. */
export class Privacy {
  /**
   * @param {import("./calls.js").Caller} caller
   * @param {(text: string) => void} onWarning
   */
  constructor(caller, onWarning) {
    this.caller = caller;
    this.onWarning = onWarning;
    /** The last one registered; there is only ever one. @type {Listener | undefined} */
    this.listener = undefined;
    /** @type {Set<string>} */
    this.tapped = new Set();
    this.pending = 0;
  }

  /** @param {unknown} listener */
  listen(listener) {
    this.listener = typeof listener === "function" ? /** @type {Listener} */ (listener) : undefined;
  }

  /** @param {unknown} buttonId */
  buttonTapped(buttonId) {
    if (typeof buttonId === "string") this.tapped.add(buttonId);
  }

  /**
   * Let the page ask: the call waits until the page has resolved it.
   * @param {string} referrer
   * @returns {Promise<"allow" | "refuse">}
   */
  async ask(referrer) {
    // A tap counts for the questions that were open when it came, not for later ones.
    if (this.pending === 0) this.tapped.clear();
    this.pending += 1;
    try {
      return await this.put(referrer);
    } finally {
      this.pending -= 1;
    }
  }

  /** @param {string} referrer @returns {Promise<"allow" | "refuse">} */
  put(referrer) {
    return new Promise((settle) => {
      this.caller.later(() =>
        this.caller.tell(
          this.listener,
          (/** @type {Resolution} */ given) => {
            const said = this.read(optionsOf(given));
            if (said) settle(said);
          },
          { referrer },
        ),
      );
    });
  }

  /**
   * @param {Resolution} resolution
   * @returns {"allow" | "refuse" | undefined} nothing where the call goes on waiting
   */
  read({ event, buttonId }) {
    if (event === "exposureAuthorization") return undefined;
    if (event === "disagree") return "refuse";
    if (event !== "agree") {
      this.onWarning(`onNeedPrivacyAuthorization: resolve knows no event ${JSON.stringify(event)}`);
      return undefined;
    }
    if (typeof buttonId === "string" && this.tapped.has(buttonId)) return "allow";
    this.onWarning(
      `onNeedPrivacyAuthorization: agree needs the id of a tapped <button open-type="agreePrivacyAuthorization">, not ${JSON.stringify(buttonId)}`,
    );
    return undefined;
  }
}
