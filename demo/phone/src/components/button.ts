/** <button> with its open-types: what only a real tap may ask of WeChat. */

import type { CodeSpace } from "glass-easel-miniprogram-adapter/dist/glass_easel_miniprogram_adapter";
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
  // `a|agreePrivacyAuthorization` is both at once; WeChat answers each with an event of its own.
  const names = openType.split("|").filter(Boolean);
  for (const name of names) {
    const agreeing = name !== "agreePrivacyAuthorization" && names.includes("agreePrivacyAuthorization");
    const options = { agreePrivacyAuthorization: agreeing, phoneNumberNoQuotaToast, buttonId: part.element.id };
    const detail = await host.openType(name, options);
    part.emit(name.toLowerCase(), detail);
  }
}
