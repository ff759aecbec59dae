/** The sequence of hops, live: four lanes, an arrow a message, its payload on demand. */

import { h, icon } from "../dom";
import { words } from "../words";

export type Side = "phone" | "menjin" | "wechat" | "shop";
export const SIDES: Side[] = ["phone", "menjin", "wechat", "shop"];

export interface Field {
  name: string;
  text: string;
  keeper: "" | "server" | "phone" | "person";
}

export interface Hop {
  number: number;
  at: number;
  call: number;
  kind: "call" | "answer";
  source: Side;
  target: Side;
  title: string;
  fields: Field[];
  status: number;
  went_well: boolean;
}

const MOST = 160;
const NEAR = 80;
const LONG = 28;
const LOCK = ["M7 11V8a5 5 0 0110 0v3", "M6 11h12v9H6z"];

export class HopList {
  readonly element: HTMLElement;
  private readonly list = h("ol", { className: "hops", tabindex: 0 });
  private readonly lanes = h("div", { className: "lanes", "aria-hidden": "true" });
  private readonly heading = h("h2", { id: "hops-heading", className: "unseen" });
  private readonly clearButton = h("button", { type: "button", className: "plain", onclick: () => this.clear() });
  private readonly empty = h("p", { className: "hops-empty" });
  private hops: Hop[] = [];
  /** Whether the newest hop is kept in sight: until the reader scrolls back. */
  private isFollowing = true;

  constructor() {
    this.element = h(
      "section",
      { className: "panel hop-panel", "aria-labelledby": "hops-heading" },
      h("div", { className: "panel-head" }, this.heading, this.clearButton),
      this.lanes,
      this.list,
    );
    this.list.setAttribute("aria-labelledby", "hops-heading");
    this.list.addEventListener("scroll", () => {
      this.isFollowing = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
    });
    new ResizeObserver(() => this.keepUp()).observe(this.list);
    this.speak();
  }

  /** Say everything again, after the language has changed. */
  speak(): void {
    const { hops, sides } = words();
    this.heading.textContent = hops.heading;
    this.clearButton.textContent = hops.clear;
    this.empty.textContent = hops.empty;
    this.lanes.replaceChildren(...SIDES.map((side) => h("span", { className: `lane lane-${side}` }, sides[side])));
    const kept = this.hops;
    this.clear();
    for (const hop of kept) this.add(hop);
  }

  clear(): void {
    this.hops = [];
    this.list.replaceChildren(h("li", { className: "hops-none" }, this.empty));
  }

  add(hop: Hop): void {
    if (this.hops.length === 0) this.list.replaceChildren();
    this.hops.push(hop);
    this.list.append(this.draw(hop));
    while (this.hops.length > MOST) {
      this.hops.shift();
      this.list.firstElementChild?.remove();
    }
    this.keepUp();
  }

  private keepUp(): void {
    if (this.isFollowing) this.list.scrollTop = this.list.scrollHeight;
  }

  private draw(hop: Hop): HTMLLIElement {
    const from = SIDES.indexOf(hop.source);
    const to = SIDES.indexOf(hop.target);
    const row = h("li", {
      className: `${Math.min(from, to) > 1 ? "hop-far " : ""}hop hop-${hop.kind} ${hop.went_well ? "" : "hop-refused"} ${hop.kind === "call" && hop.source === "phone" ? "hop-first" : ""}`,
      "data-number": hop.number,
      "data-call": hop.call,
      "data-from": hop.source,
      "data-to": hop.target,
      "data-label": toLabel(hop),
    });
    row.style.setProperty("--left", String(Math.min(from, to)));
    row.style.setProperty("--right", String(Math.max(from, to)));
    row.append(
      h("span", { className: "unseen" }, this.say(hop)),
      h("span", { className: `arrow ${to > from ? "arrow-right" : "arrow-left"}`, "aria-hidden": "true" }),
      this.drawLabel(hop),
    );
    return row;
  }

  private say(hop: Hop): string {
    const { sides, hops } = words();
    return `${sides[hop.source]} ${hops.to} ${sides[hop.target]}, ${hop.kind === "call" ? hops.request : hops.answer}: `;
  }

  private drawLabel(hop: Hop): HTMLElement {
    const label = toLabel(hop);
    const code = h("code", { title: label }, label.length > LONG ? label.replace(/ \/.*\//, " …/") : label);
    if (!hop.fields.length) return h("div", { className: "hop-label" }, code);
    const secret = hop.fields.some((field) => field.keeper === "server");
    const seal =
      secret &&
      h("span", { className: "seal" }, icon(...LOCK), h("span", { className: "seal-text" }, words().hops.secret));
    return h("details", { className: "hop-label" }, h("summary", {}, code, seal), drawFields(hop.fields));
  }
}

/** What stands at the arrow: of a call its name, of an answer its status and, if it refuses, its code. */
function toLabel(hop: Hop): string {
  const find = (name: string) => hop.fields.find((field) => field.name === name)?.text ?? "";
  const asked = find("ask.about");
  if (asked) return words().hops.asks(asked);
  if (hop.kind === "call") return hop.title;
  const code = hop.went_well ? "" : find("code") || find("errcode");
  return [hop.status || "", code].filter(Boolean).join(" ") || (hop.went_well ? "ok" : "fail");
}

function drawFields(fields: Field[]): HTMLElement {
  const { hops } = words();
  const notes: Record<string, string> = { server: hops.secret, phone: hops.phoneOnly, person: "" };
  const rows = fields.flatMap((field) => [
    h("dt", {}, field.name),
    h(
      "dd",
      { className: field.keeper ? `kept kept-${field.keeper}` : "" },
      field.text || hops.nothing,
      field.keeper && notes[field.keeper] ? h("em", {}, notes[field.keeper] ?? "") : null,
    ),
  ]);
  return h("dl", {}, ...rows);
}
