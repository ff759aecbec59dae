/** What each side remembers at this moment, side by side. */

import { h } from "../dom";
import { words } from "../words";
import { SIDES, type Side } from "./hop-list";

interface SessionRow {
  id: string;
  device: string | null;
  token_hash: string;
  ended: string | null;
  issued_at: number;
  ends_at: number;
}

export interface State {
  now: number;
  phone: { key: string; text: string; keeper: string }[];
  menjin: {
    identity: string | null;
    unionid: string | null;
    account: string | null;
    external_id: string | null;
    session_key: string | null;
    access_token: string | null;
    sessions: SessionRow[];
  };
  wechat: {
    openid: string;
    unionid: string | null;
    session_key: string | null;
    session_key_made_at: number | null;
    access_token: string | null;
    phone: string | null;
    faults: string[];
  };
  shop: { member: string | null; nickname?: string; orders?: number };
  /** Whoever holds the phone, and the password to bind with. */
  member: { name: string; password: string };
}

interface Line {
  name: string;
  text: string;
  kind?: "secret" | "own" | "ended" | "new" | undefined;
}

const DAY = 86_400;

export class StateBoard {
  readonly element: HTMLElement;
  private readonly heading = h("h2", { id: "state-heading" });
  private readonly grid = h("div", { className: "state-grid" });
  private state: State | undefined;

  constructor() {
    this.element = h(
      "section",
      { className: "panel state-panel", "aria-labelledby": "state-heading" },
      h("div", { className: "panel-head" }, this.heading),
      this.grid,
    );
    this.speak();
  }

  speak(): void {
    this.heading.textContent = words().state.heading;
    if (this.state) this.show(this.state);
  }

  show(state: State): void {
    this.state = state;
    const lines: Record<Side, Line[]> = {
      phone: phoneLines(state),
      menjin: menjinLines(state),
      wechat: wechatLines(state),
      shop: shopLines(state),
    };
    const { name, password } = state.member;
    const { tip } = words().state;
    this.grid.replaceChildren(
      ...SIDES.map((side) => drawSide(side, lines[side], side === "shop" ? tip(name, password) : words().hops.nothing)),
    );
  }
}

function drawSide(side: Side, lines: Line[], otherwise: string): HTMLElement {
  const rows = lines.flatMap((line) => [
    h("dt", {}, line.name),
    h("dd", { className: line.kind ? `is-${line.kind}` : "" }, line.text),
  ]);
  const body = rows.length ? h("dl", {}, ...rows) : h("p", { className: "none" }, otherwise);
  return h("div", { className: `side side-${side}`, "data-side": side }, h("h3", {}, words().state[side]), body);
}

function phoneLines({ phone }: State): Line[] {
  return phone.map(({ key, text, keeper }) => ({
    name: key,
    text,
    kind: keeper === "phone" ? "own" : undefined,
  }));
}

function menjinLines({ menjin, now, wechat }: State): Line[] {
  const account = menjin.account && short(menjin.account) + (menjin.external_id ? ` = ${menjin.external_id}` : "");
  const isFresh = menjin.session_key === wechat.session_key;
  const key = menjin.session_key && `#${menjin.session_key} ${isFresh ? "=" : "≠"}`;
  return [
    ...line("account", account),
    ...line("identity", menjin.identity && short(menjin.identity)),
    ...line("unionid", menjin.unionid && short(menjin.unionid)),
    ...menjin.sessions.slice(0, 3).map((session) => sessionLine(session, now)),
    ...line("session_key", key, isFresh ? "secret" : "ended"),
    ...line("access_token", menjin.access_token && `#${menjin.access_token}`, "secret"),
  ];
}

/** Return the line of a value; none where there is none. */
function line(name: string, text: string | null, kind?: Line["kind"]): Line[] {
  return text ? [{ name, text, kind }] : [];
}

function sessionLine(session: SessionRow, now: number): Line {
  const left = session.ended ?? `${Math.max(0, (session.ends_at - now) / DAY).toFixed(1)} d`;
  const text = `${session.device ?? ""} #${session.token_hash.slice(0, 4)} · ${left}`;
  return { name: "session", text, kind: session.ended ? "ended" : "own" };
}

function wechatLines({ wechat }: State): Line[] {
  const key: Line["kind"] = wechat.session_key ? "secret" : "ended";
  return [
    ...line("openid", short(wechat.openid)),
    ...line("unionid", wechat.unionid && short(wechat.unionid)),
    ...line("session_key", wechat.session_key ? `#${wechat.session_key}` : "✕", key),
    ...line("access_token", wechat.access_token && `#${wechat.access_token}`, "secret"),
    ...line("phone", wechat.phone),
    ...wechat.faults.flatMap((fault) => line("fault", fault, "ended")),
  ];
}

function shopLines({ shop }: State): Line[] {
  if (!shop.member) return [];
  return [
    { name: "member", text: shop.member },
    { name: "orders", text: String(shop.orders ?? 0) },
    ...(shop.nickname ? [{ name: "nickname", text: shop.nickname }] : []),
  ];
}

function short(id: string): string {
  return id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id;
}
