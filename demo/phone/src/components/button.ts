/** <button> with its open-types: what only a real tap may ask of WeChat. */

import type { CodeSpace } from "glass-easel-miniprogram-adapter";
import type { Host } from "../runtime/host";
import { type Part, registerPart } from "./part";

interface Data {
  type: string;
  size: string;
  plain: boolean;
  loading: boolean;
  disabled: boolean;
  openType: string;
  formType: string;
  phoneNumberNoQuotaToast: boolean;
}

const AGREE = "agreePrivacyAuthorization";

export function registerButton(codeSpace: CodeSpace, host: Host): void {
  registerPart<Data>(codeSpace, "button", {
    properties: {
      type: { type: String, value: "default" },
      size: { type: String, value: "default" },
      plain: Boolean,
      loading: Boolean,
      disabled: Boolean,
      openType: String,
      formType: String,
      phoneNumberNoQuotaToast: { type: Boolean, value: true },
    },
    attached: (part) => {
      part.element.addEventListener("click", () => void press(part, host).catch((error) => host.report(error)));
    },
    drawn: ({ element, data }) => {
      element.dataset.type = data.type;
      element.dataset.size = data.size;
      element.toggleAttribute("data-plain", data.plain);
      element.toggleAttribute("data-loading", data.loading);
      element.setAttribute("aria-busy", String(data.loading));
      (element as HTMLButtonElement).disabled = data.disabled;
    },
  });
}

async function press(part: Part<Data>, host: Host): Promise<void> {
  const { openType, formType, phoneNumberNoQuotaToast } = part.data;
  if (formType) part.element.closest("form")?.dispatchEvent(new CustomEvent(`wx-${formType}`));
  if (!openType) return;
  const [name = ""] = openType.split("|").filter((one) => one !== AGREE || openType === AGREE);
  const detail = await host.openType(openType, { phoneNumberNoQuotaToast, id: part.element.id });
  // `a|agreePrivacyAuthorization` is both at once, and WeChat answers each with an event of its own.
  if (openType.includes(AGREE) && name !== AGREE) part.emit(AGREE.toLowerCase(), { errMsg: `${AGREE}:ok` });
  if (detail) part.emit(name.toLowerCase(), detail);
}
