/** <switch> and <picker>. */

import type { CodeSpace } from "glass-easel-miniprogram-adapter";
import type { Host } from "../runtime/host";
import { enterField } from "./form";
import { registerPart } from "./part";

export function registerSwitch(codeSpace: CodeSpace): void {
  registerPart<{ checked: boolean; disabled: boolean; name: string }>(codeSpace, "switch", {
    properties: { checked: Boolean, disabled: Boolean, name: String, color: String },
    attached: (part) => {
      const { element } = part;
      element.tabIndex = 0;
      element.setAttribute("role", "switch");
      const isOn = () => element.getAttribute("aria-checked") === "true";
      const set = (on: boolean) => element.setAttribute("aria-checked", String(on));
      element.addEventListener("click", () => {
        if (part.data.disabled) return;
        set(!isOn());
        part.emit("change", { value: isOn() });
      });
      enterField(element, () => ({ name: part.data.name, value: isOn(), reset: () => set(part.data.checked) }));
    },
    drawn: ({ element, data }) => {
      element.setAttribute("aria-checked", String(data.checked));
      element.setAttribute("aria-disabled", String(data.disabled));
    },
  });
}

interface PickerData {
  range: unknown[];
  rangeKey: string;
  value: number;
  disabled: boolean;
  headerText: string;
  name: string;
}

export function registerPicker(codeSpace: CodeSpace, host: Host): void {
  registerPart<PickerData>(codeSpace, "picker", {
    properties: {
      range: Array,
      rangeKey: String,
      value: Number,
      disabled: Boolean,
      headerText: String,
      name: String,
      mode: String,
    },
    attached: (part) => {
      const { element } = part;
      element.tabIndex = 0;
      element.setAttribute("role", "button");
      element.setAttribute("aria-haspopup", "dialog");
      element.addEventListener("click", async () => {
        const { range, rangeKey, disabled, headerText } = part.data;
        if (disabled) return;
        const names = range.map((item) => String(rangeKey ? (item as Record<string, unknown>)[rangeKey] : item));
        const value = await host.frame.choose(names, headerText);
        part.emit(value < 0 ? "cancel" : "change", value < 0 ? {} : { value });
      });
      enterField(element, () => ({ name: part.data.name, value: part.data.value, reset: () => undefined }));
    },
  });
}
