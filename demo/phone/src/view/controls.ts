/** The clock, who holds the phone, and what can be made to go wrong. */

import { h } from "../dom";
import type { Holder } from "../phone";
import { isChinese, words } from "../words";

export interface Story {
  zh: string;
  en: string;
  next: "stay" | "wake" | "refuse_next" | "other_phone" | "other_person";
  is_on: boolean;
}

/** The troubles in the order of the page, by what they belong to. */
const GROUPS: [keyof ReturnType<typeof words>["troubles"]["groups"], string[]][] = [
  ["session", ["expire_session_key", "end_session", "reuse_code"]],
  ["wechat", ["wechat_busy", "wechat_down", "rotate_access_token", "bind_open_platform"]],
  ["person", ["quota_empty", "refuse_next", "second_phone", "another_person", "resell_number"]],
];
/** Those that last until they are pressed again. */
const LASTING = new Set(["wechat_down", "quota_empty"]);
const STEPS = [300, 7200, 259200, 2678400];

export interface ControlEvents {
  onClock(seconds: number): void;
  onTrouble(name: string): void;
  onHolder(holder: Holder): void;
}

export class Controls {
  readonly element = h("div", { className: "controls" });
  private readonly time = h("time", { className: "now" });
  private now = 0;
  private holder: Holder = { person: "an", device: "d1" };
  private readonly on = new Set<string>();

  constructor(
    private readonly holders: Record<string, string>,
    private readonly events: ControlEvents,
  ) {
    this.speak();
  }

  speak(): void {
    this.element.replaceChildren(this.drawClock(), this.drawHolders(), this.drawTroubles());
    this.showTime(this.now);
  }

  showTime(now: number): void {
    this.now = now;
    if (now === 0) return; // nobody has told yet
    const at = new Date(now * 1000);
    this.time.dateTime = at.toISOString();
    this.time.textContent = at.toLocaleString(isChinese() ? "zh-CN" : "en-GB", {
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    });
  }

  showHolder(holder: Holder): void {
    this.holder = holder;
    this.speak();
  }

  /** Mark a trouble that lasts. */
  mark(name: string, isOn: boolean): void {
    if (!LASTING.has(name)) return;
    if (isOn) this.on.add(name);
    else this.on.delete(name);
    this.element.querySelector(`[data-trouble="${name}"]`)?.setAttribute("aria-pressed", String(isOn));
  }

  private drawClock(): HTMLElement {
    const { clock } = words();
    const buttons = STEPS.map((seconds) =>
      h(
        "button",
        { type: "button", className: "chip", "data-step": seconds, onclick: () => this.events.onClock(seconds) },
        clock.steps[seconds] ?? "",
      ),
    );
    return group("clock", clock.heading, this.time, ...buttons);
  }

  private drawHolders(): HTMLElement {
    const all = Object.entries(this.holders).flatMap(([person, nickname]) =>
      ["d1", "d2"].map((device) => ({ person, device, nickname })),
    );
    const shown = all
      .filter(({ device }) => device === "d1")
      .concat(all.filter(({ person, device }) => device === "d2" && person === "an"));
    const buttons = shown.map(({ person, device, nickname }) => {
      const isNow = person === this.holder.person && device === this.holder.device;
      const text = words().holders.label(nickname, person, words().phone.model(device));
      return h(
        "button",
        {
          type: "button",
          className: "chip",
          "data-holder": `${person}/${device}`,
          "aria-pressed": String(isNow),
          onclick: () => this.events.onHolder({ person, device }),
        },
        text,
      );
    });
    return group("holders", words().holders.heading, ...buttons);
  }

  private drawTroubles(): HTMLElement {
    const { troubles } = words();
    const groups = GROUPS.map(([name, list]) => {
      const buttons = list.map((trouble) =>
        h(
          "button",
          {
            type: "button",
            className: "chip chip-trouble",
            "data-trouble": trouble,
            "aria-pressed": LASTING.has(trouble) ? String(this.on.has(trouble)) : undefined,
            onclick: () => this.events.onTrouble(trouble),
          },
          troubles.names[trouble] ?? trouble,
        ),
      );
      return h(
        "div",
        { className: "trouble-group" },
        h("h3", {}, troubles.groups[name]),
        h("div", { className: "chips" }, ...buttons),
      );
    });
    return h(
      "section",
      { className: "panel trouble-panel", "aria-labelledby": "troubles" },
      h("h2", { id: "troubles", className: "unseen" }, troubles.heading),
      h("div", { className: "trouble-groups" }, ...groups),
    );
  }
}

function group(name: string, heading: string, ...children: Node[]): HTMLElement {
  return h("section", { className: `strip strip-${name}`, "aria-label": heading }, ...children);
}
