/** What comes up over a page and is WeChat's own: dialogs, sheets, toasts. */

import { h } from "../dom";
import { isStill } from "../motion";

export interface Action {
  text: string;
  kind?: "primary" | "quiet" | "danger";
}

export interface SheetOptions {
  /** `sheet` comes from below, `dialog` stands in the middle. */
  shape: "sheet" | "dialog";
  title: string;
  body?: (Node | string)[];
  actions: Action[];
  /** What Escape and a tap beside it mean: the index of an action, or -1. */
  dismissed: number;
  stacked?: boolean;
}

let count = 0;

export class Sheets {
  /** Chooses for the person, once: the index of an action of the next sheet. */
  private forced: ((options: SheetOptions) => number | undefined) | undefined;

  constructor(
    private readonly layer: HTMLElement,
    private readonly behind: () => HTMLElement[],
  ) {}

  /** Let somebody else choose in the next sheet that `choose` has an answer for; the sheet is shown for a moment. */
  force(choose: (options: SheetOptions) => number | undefined): void {
    this.forced = choose;
  }

  /** Show a sheet; resolves to the index of the action tapped. */
  async ask(options: SheetOptions): Promise<number> {
    const before = document.activeElement;
    count += 1;
    const id = `sheet-${count}`;
    const done = deferred<number>();
    const box = this.draw(options, id, done.resolve);
    const veil = h("div", { className: `ph-veil ph-veil-${options.shape}` }, box);
    veil.addEventListener(
      "click",
      (event) => event.target === veil && options.dismissed >= -1 && done.resolve(options.dismissed),
    );
    box.addEventListener("keydown", (event) => onKey(event, box, () => done.resolve(options.dismissed)));
    this.layer.append(veil);
    this.cover();
    (box.querySelector<HTMLElement>("[data-first]") ?? box).focus();
    this.applyForce(options, box, done.resolve);
    const chosen = await done.promise;
    veil.remove();
    this.cover();
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    return chosen;
  }

  /** Close whatever is open, as WeChat does when the mini program ends. */
  clear(): void {
    this.layer.replaceChildren();
    this.forced = undefined;
    this.cover();
  }

  private draw(options: SheetOptions, id: string, choose: (index: number) => void): HTMLElement {
    const buttons = options.actions.map((action, index) =>
      h(
        "button",
        {
          type: "button",
          className: `ph-sheet-action ph-sheet-${action.kind ?? "plain"}`,
          "data-first":
            action.kind === "primary" || (index === 0 && !options.actions.some((one) => one.kind === "primary"))
              ? ""
              : undefined,
          onclick: () => choose(index),
        },
        action.text,
      ),
    );
    return h(
      "div",
      {
        className: `ph-sheet ph-sheet-${options.shape}`,
        role: "dialog",
        "aria-modal": "true",
        "aria-labelledby": id,
        tabindex: -1,
      },
      h("h3", { id, className: options.title ? "ph-sheet-title" : "unseen" }, options.title || "WeChat"),
      h("div", { className: "ph-sheet-body" }, ...(options.body ?? [])),
      h("div", { className: options.stacked ? "ph-sheet-actions ph-stacked" : "ph-sheet-actions" }, ...buttons),
    );
  }

  private applyForce(options: SheetOptions, box: HTMLElement, choose: (index: number) => void): void {
    const index = this.forced?.(options);
    if (index === undefined) return;
    this.forced = undefined;
    box.querySelectorAll(".ph-sheet-action")[index]?.classList.add("ph-chosen");
    setTimeout(() => choose(index), isStill() ? 100 : 900);
  }

  /** While a sheet is up, nothing behind it can be reached. */
  private cover(): void {
    for (const element of this.behind()) element.inert = this.layer.childElementCount > 0;
  }
}

function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Escape dismisses, Tab stays within. */
function onKey(event: KeyboardEvent, box: HTMLElement, dismiss: () => void): void {
  if (event.key === "Escape") {
    event.preventDefault();
    dismiss();
  }
  if (event.key !== "Tab") return;
  const all = [...box.querySelectorAll<HTMLElement>("button, input, [tabindex='0']")];
  const last = event.shiftKey ? all[0] : all[all.length - 1];
  const next = event.shiftKey ? all[all.length - 1] : all[0];
  if (document.activeElement !== last && document.activeElement !== box) return;
  event.preventDefault();
  next?.focus();
}
