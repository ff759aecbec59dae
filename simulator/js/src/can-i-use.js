/** wx.canIUse: by the base library's version, for what this simulator knows. */

import { atLeast } from "./versions.js";

const PARTS = /** @type {Record<string, string>} */ ({
  "button.open-type.getPhoneNumber": "1.2.0",
  "button.open-type.getUserInfo": "1.3.0",
  "button.open-type.openSetting": "2.0.7",
  "button.open-type.chooseAvatar": "2.21.2",
  "button.open-type.getRealtimePhoneNumber": "2.24.4",
  "button.open-type.agreePrivacyAuthorization": "2.32.3",
  "input.type.nickname": "2.21.2",
  "input.bindnicknamereview": "2.29.1",
  "login.object.timeout": "1.9.90",
  "request.object.enableChunked": "2.20.2",
  "request.object.redirect": "3.2.2",
  "request.success.cookies": "2.10.0",
  "setStorage.object.encrypt": "2.21.3",
});
const COMPONENTS = new Set([
  "view",
  "text",
  "image",
  "button",
  "input",
  "form",
  "navigator",
  "scroll-view",
  "switch",
  "picker",
  "swiper",
  "block",
  "checkbox",
  "label",
  "radio",
  "slider",
  "textarea",
  "icon",
  "progress",
  "rich-text",
  "cover-view",
  "web-view",
  "map",
]);

/**
 * @param {Record<string, unknown>} wx
 * @param {string} baseLibrary
 */
export function canIUse(wx, baseLibrary) {
  return (/** @type {unknown} */ schema) => {
    const asked = String(schema ?? "");
    const since = PARTS[asked];
    if (since) return atLeast(baseLibrary, since);
    const [first = ""] = asked.split(".");
    return !first.startsWith("$") && (first in wx || COMPONENTS.has(first));
  };
}
