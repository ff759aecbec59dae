/**
 * What a tap on a button with an open-type brings: the event its handler gets.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/component/button.html
 */

import { isArrayBuffer } from "./bytes.js";
import { failObject } from "./fail.js";

/** open-type → the event's name. */
const EVENTS = /** @type {Record<string, string>} */ ({
  getPhoneNumber: "getphonenumber",
  getRealtimePhoneNumber: "getrealtimephonenumber",
  getUserInfo: "getuserinfo",
  chooseAvatar: "chooseavatar",
  agreePrivacyAuthorization: "agreeprivacyauthorization",
  openSetting: "opensetting",
  nickname: "nicknamereview",
});
const AGREE = "agreePrivacyAuthorization";

/**
 * @param {import("./phone.js").Phone} phone
 * @param {import("./calls.js").Caller} caller
 * @param {{ buttonTapped: (id: unknown) => void, keepAvatar: (path: string, bytes?: Uint8Array) => void }} setting
 */
export function tapper(phone, caller, { buttonTapped, keepAvatar }) {
  /**
   * Tap a button and wait for its event; null where WeChat fires none.
   * @param {string} openType e.g. `getPhoneNumber`, or with the contract `getPhoneNumber|agreePrivacyAuthorization`
   * @param {Record<string, unknown>} [options] the button's own attributes and `id`; `file`: an avatar's bytes
   */
  return async (openType, options = {}) => {
    const kinds = openType.split("|");
    const api = kinds.find((kind) => kind !== AGREE) ?? AGREE;
    const name = EVENTS[api];
    if (!name)
      throw new TypeError(`wx.$tap knows no open-type ${openType}; it knows ${Object.keys(EVENTS).join(", ")}`);
    const { id = "", file, ...asked } = options;
    const agrees = kinds.includes(AGREE);
    if (agrees) buttonTapped(id);
    const detail = await phone
      .call(api, agrees && api !== AGREE ? { ...asked, [AGREE]: true } : asked, { tap: true })
      .catch((error) => failObject(api, error, caller.withErrno));
    if (api === "chooseAvatar" && !chosen(detail, file, keepAvatar)) return null;
    const target = { id, dataset: options.dataset ?? {}, offsetLeft: 0, offsetTop: 0 };
    return { type: name, timeStamp: Date.now(), target, currentTarget: target, mark: {}, detail };
  };
}

/**
 * A chosen avatar is a temporary file and nothing else; without one no event fires.
 * @param {Record<string, unknown>} detail
 * @param {unknown} file
 * @param {(path: string, bytes?: Uint8Array) => void} keepAvatar
 */
function chosen(detail, file, keepAvatar) {
  if (!detail.avatarUrl) return false;
  keepAvatar(String(detail.avatarUrl), isArrayBuffer(file) ? new Uint8Array(file) : undefined);
  delete detail.errMsg;
  return true;
}
