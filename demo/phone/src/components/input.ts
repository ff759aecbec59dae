/** <input>, and its type=nickname, which WeChat fills in and checks. */

import type { CodeSpace } from "glass-easel-miniprogram-adapter";
import type { Host } from "../runtime/host";
import { enterField } from "./form";
import { type Part, registerPart } from "./part";

interface Data {
  value: string;
  type: string;
  password: boolean;
  placeholder: string;
  disabled: boolean;
  maxlength: number;
  name: string;
}

const MODES: Record<string, string> = { number: "numeric", digit: "decimal", idcard: "text" };

export function registerInput(codeSpace: CodeSpace, host: Host): void {
  const drawn = new WeakMap<Element, string>();
  registerPart<Data>(codeSpace, "input", {
    properties: {
      value: String,
      type: { type: String, value: "text" },
      password: Boolean,
      placeholder: String,
      placeholderClass: String,
      disabled: Boolean,
      maxlength: { type: Number, value: 140 },
      name: String,
      confirmType: String,
    },
    attached: (part) => {
      const input = part.element as HTMLInputElement;
      input.autocomplete = "off";
      enterField(input, () => ({
        name: part.data.name,
        value: input.value,
        reset: () => {
          input.value = "";
        },
      }));
      listen(part, input);
      listenForNickname(part, input, host);
    },
    drawn: ({ element, data }) => {
      const input = element as HTMLInputElement;
      input.type = data.password ? "password" : "text";
      input.inputMode = MODES[data.type] ?? "text";
      input.placeholder = data.placeholder;
      input.disabled = data.disabled;
      input.maxLength = data.maxlength < 0 ? 524288 : data.maxlength;
      if (!data.ariaLabel && data.placeholder) input.setAttribute("aria-label", data.placeholder);
      // What the program sets counts when it sets it, not at every other change: the person is typing meanwhile.
      if (drawn.get(input) !== data.value) input.value = data.value;
      drawn.set(input, data.value);
    },
  });
}

function listen(part: Part<Data>, input: HTMLInputElement): void {
  input.addEventListener("input", () => part.emit("input", { value: input.value, cursor: input.selectionStart ?? 0 }));
  input.addEventListener("focus", () => part.emit("focus", { value: input.value, height: 0 }));
  input.addEventListener("blur", () => part.emit("blur", { value: input.value }));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") part.emit("confirm", { value: input.value });
  });
}

function listenForNickname(part: Part<Data>, input: HTMLInputElement, host: Host): void {
  const isNickname = () => part.data.type === "nickname";
  input.addEventListener("focus", () => {
    if (!isNickname()) return;
    host.offerNickname((name) => {
      input.value = name;
      part.emit("input", { value: name, cursor: name.length });
    });
  });
  input.addEventListener("blur", () => {
    if (!isNickname()) return;
    host.retractNickname();
    if (input.value) void review(part, input, host).catch((error) => host.report(error));
  });
}

/** WeChat looks at a nickname after the field is left, and empties the field of one that does not pass. */
async function review(part: Part<Data>, input: HTMLInputElement, host: Host): Promise<void> {
  const { value, pass } = await host.nickname(input.value);
  if (!pass) {
    input.value = value;
    part.emit("input", { value, cursor: 0 });
  }
  part.emit("nicknamereview", { pass, timeout: false });
}
