/** The phone around the mini program: its bars, its edge, and what WeChat draws over a page. */

import { h, icon } from "../dom";
import type { Frame } from "../runtime/host";
import type { PageConfig, TabItem } from "../runtime/program";
import { words } from "../words";
import { type Action, type SheetOptions, Sheets } from "./sheets";

const BACK = "M15 5l-7 7 7 7";
const TAB_ICONS: Record<string, string[]> = {
  home: ["M4 11l8-7 8 7", "M6 10v9h12v-9"],
  orders: ["M7 4h10v16l-2.5-1.5L12 20l-2.5-1.5L7 20z", "M10 9h4", "M10 13h4"],
  me: ["M12 12a4 4 0 100-8 4 4 0 000 8z", "M5 20c1-4 4-5 7-5s6 1 7 5"],
};

export class PhoneFrame implements Frame {
  readonly element: HTMLElement;
  readonly screen = h("div", { className: "wx-screen" });
  readonly sheets: Sheets;
  onBack: () => void = () => undefined;
  onTab: (index: number) => void = () => undefined;
  onMenu: () => void = () => undefined;
  onHome: () => void = () => undefined;
  private readonly title = h("h2", { className: "ph-nav-title" });
  private readonly back: HTMLButtonElement;
  private readonly bar: HTMLElement;
  private readonly tabs = h("nav", { className: "ph-tab-bar" });
  private readonly layer = h("div", { className: "ph-sheet-layer" });
  private readonly toast = h("div", { className: "ph-toast", role: "status", "aria-live": "polite" });
  private readonly suggestion = h("div", { className: "ph-keyboard", hidden: true });
  private readonly clock = h("span", { className: "ph-status-time" });
  private toastTimer = 0;

  constructor() {
    this.back = h("button", { type: "button", className: "ph-nav-back", onclick: () => this.onBack() }, icon(BACK));
    this.bar = h("header", { className: "ph-nav-bar" }, this.back, this.title, this.drawCapsule());
    const status = h(
      "div",
      { className: "ph-status-bar", "aria-hidden": "true" },
      this.clock,
      h("span", { className: "ph-status-island" }),
      h("span", { className: "ph-status-signs" }, drawSigns()),
    );
    const body = h(
      "div",
      { className: "ph-glass" },
      status,
      this.bar,
      this.screen,
      this.tabs,
      h("div", { className: "ph-home-line", "aria-hidden": "true" }),
      this.suggestion,
      this.layer,
      this.toast,
    );
    this.element = h("div", { className: "ph-body" }, body);
    this.sheets = new Sheets(this.layer, () => [this.bar, this.screen, this.tabs]);
  }

  showBar(title: string, canGoBack: boolean, config: Partial<PageConfig>): void {
    this.title.textContent = title;
    this.back.hidden = !canGoBack;
    this.back.setAttribute("aria-label", words().phone.back);
    this.bar.dataset.text = config.navigationBarTextStyle ?? "black";
    this.bar.style.backgroundColor = config.navigationBarBackgroundColor ?? "";
  }

  showTabs(items: TabItem[], selected: number): void {
    this.tabs.hidden = items.length === 0;
    this.tabs.setAttribute("aria-label", words().phone.tabs);
    this.tabs.replaceChildren(
      ...items.map((item, index) =>
        h(
          "button",
          {
            type: "button",
            className: "ph-tab",
            "aria-current": index === selected ? "page" : undefined,
            onclick: () => this.onTab(index),
          },
          icon(...(TAB_ICONS[item.pagePath.split("/").pop() ?? ""] ?? TAB_ICONS.home ?? [])),
          h("span", {}, item.text),
        ),
      ),
    );
  }

  showTime(at: Date): void {
    this.clock.textContent = `${at.getHours()}:${String(at.getMinutes()).padStart(2, "0")}`;
  }

  async choose(items: string[], title: string): Promise<number> {
    const actions: Action[] = [...items.map((text) => ({ text })), { text: words().phone.cancel, kind: "quiet" }];
    const chosen = await this.ask({ shape: "sheet", title, actions, dismissed: items.length, stacked: true });
    return chosen === items.length ? -1 : chosen;
  }

  ask(options: SheetOptions): Promise<number> {
    return this.sheets.ask(options);
  }

  /** Show a toast for so many milliseconds; 0 keeps it until it is hidden. */
  showToast(text: string, kind: string, duration: number): void {
    clearTimeout(this.toastTimer);
    const sign =
      kind === "loading"
        ? h("span", { className: "ph-spinner", "aria-hidden": "true" })
        : kind === "success"
          ? icon("M5 13l4 4L19 7")
          : kind === "error"
            ? icon("M6 6l12 12", "M18 6L6 18")
            : null;
    this.toast.replaceChildren(...(sign ? [sign] : []), h("span", {}, text));
    this.toast.classList.add("ph-shown");
    if (duration > 0) this.toastTimer = window.setTimeout(() => this.hideToast(), duration);
  }

  hideToast(): void {
    this.toast.classList.remove("ph-shown");
    this.toast.replaceChildren();
  }

  /** Offer WeChat's nickname above a keyboard. */
  offer(name: string, take: () => void): void {
    const press = (event: Event) => {
      event.preventDefault(); // the field keeps the focus
      take();
    };
    const button = h(
      "button",
      { type: "button", tabindex: -1, onmousedown: press, ontouchstart: press },
      words().phone.useNickname(name),
    );
    this.suggestion.replaceChildren(button);
    this.suggestion.hidden = false;
  }

  retract(): void {
    this.suggestion.hidden = true;
  }

  /** The phone is empty: no mini program runs. */
  clear(): void {
    this.sheets.clear();
    this.hideToast();
    this.retract();
    this.screen.replaceChildren();
  }

  private drawCapsule(): HTMLElement {
    return h(
      "div",
      { className: "ph-capsule" },
      h(
        "button",
        { type: "button", "aria-label": words().phone.menu, onclick: () => this.onMenu() },
        h("span", { className: "ph-dots", "aria-hidden": "true" }),
      ),
      h(
        "button",
        { type: "button", "aria-label": words().phone.close, onclick: () => this.onHome() },
        h("span", { className: "ph-ring", "aria-hidden": "true" }),
      ),
    );
  }
}

function drawSigns(): SVGElement {
  return icon("M2 17v2", "M6 14v5", "M10 11v8", "M14 8v11", "M18 8h4v9h-4z");
}
