/** WeChat's own components, as far as mini programs with a login use them. */

import type { CodeSpace } from "glass-easel-miniprogram-adapter";
import type { Host } from "../runtime/host";
import type { Router } from "../runtime/router";
import { registerButton } from "./button";
import { registerPicker, registerSwitch } from "./choosers";
import { registerForm } from "./form";
import { registerInput } from "./input";
import { registerPart, setOrRemove } from "./part";

export function registerBuiltIns(codeSpace: CodeSpace, host: Host, router: () => Router): void {
  for (const tag of ["view", "text", "label"]) registerPart(codeSpace, tag, {});
  registerImage(codeSpace, host);
  registerScrollView(codeSpace);
  registerNavigator(codeSpace, router);
  registerButton(codeSpace, host);
  registerForm(codeSpace);
  registerInput(codeSpace, host);
  registerSwitch(codeSpace);
  registerPicker(codeSpace, host);
}

function registerImage(codeSpace: CodeSpace, host: Host): void {
  registerPart<{ src: string; mode: string }>(codeSpace, "image", {
    properties: { src: String, mode: { type: String, value: "scaleToFill" }, lazyLoad: Boolean },
    attached: (part) => {
      part.element.addEventListener("load", () => part.emit("load", {}));
      part.element.addEventListener("error", () => part.emit("error", { errMsg: "image load fail" }));
    },
    drawn: ({ element, data }) => {
      element.dataset.mode = data.mode;
      element.setAttribute("alt", data.ariaLabel);
      setOrRemove(element, "src", data.src && host.pictureUrl(data.src));
    },
  });
}

function registerScrollView(codeSpace: CodeSpace): void {
  registerPart<{ scrollX: boolean; scrollY: boolean }>(codeSpace, "scroll-view", {
    properties: { scrollX: Boolean, scrollY: Boolean },
    drawn: ({ element, data }) => {
      element.tabIndex = 0;
      element.toggleAttribute("data-x", data.scrollX);
      element.toggleAttribute("data-y", data.scrollY);
    },
  });
}

function registerNavigator(codeSpace: CodeSpace, router: () => Router): void {
  registerPart<{ url: string; openType: string; delta: number }>(codeSpace, "navigator", {
    properties: { url: String, openType: { type: String, value: "navigate" }, delta: { type: Number, value: 1 } },
    attached: (part) => {
      const { element } = part;
      element.tabIndex = 0;
      element.setAttribute("role", "link");
      element.addEventListener("click", () => {
        const { url, openType, delta } = part.data;
        if (openType === "navigateBack") router().navigateBack(delta);
        else if (openType === "switchTab") router().switchTab(url);
        else if (openType === "redirect") router().redirectTo(url);
        else if (openType === "reLaunch") router().reLaunch(url);
        else router().navigateTo(url);
      });
    },
  });
}
