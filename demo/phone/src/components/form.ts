/** <form>: collects the named fields within it when a button of form-type submit is tapped. */

import type { CodeSpace } from "glass-easel-miniprogram-adapter";
import { registerPart } from "./part";

interface Field {
  name: string;
  value: unknown;
  reset(): void;
}

const FIELDS = new WeakMap<Element, () => Field>();

/** Let an element stand in its form with a name and a value. */
export function enterField(element: Element, read: () => Field): void {
  element.setAttribute("data-field", "");
  FIELDS.set(element, read);
}

export function registerForm(codeSpace: CodeSpace): void {
  registerPart(codeSpace, "form", {
    attached: (part) => {
      const fields = () =>
        [...part.element.querySelectorAll("[data-field]")].flatMap((element) => FIELDS.get(element)?.() ?? []);
      part.element.addEventListener("submit", (event) => event.preventDefault());
      part.element.addEventListener("wx-submit", () => {
        const named = fields().filter((field) => field.name);
        part.emit("submit", { value: Object.fromEntries(named.map((field) => [field.name, field.value])) });
      });
      part.element.addEventListener("wx-reset", () => {
        for (const field of fields()) field.reset();
        part.emit("reset", {});
      });
    },
  });
}
