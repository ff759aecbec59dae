/** The page stack and the tabs: which page is on the screen, and which wait beneath it. */

import type { AssociatedBackend, CodeSpace, Root } from "glass-easel-miniprogram-adapter";
import type { Host } from "./host";
import type { PageConfig, PageObject, Program, TabItem } from "./program";

const DEEPEST = 10;

interface Open {
  path: string;
  page: PageObject;
  box: HTMLElement;
  root: Root;
  title: string;
}

export class RouteError extends Error {}

export class Router {
  private stack: Open[] = [];
  private readonly tabs = new Map<string, Open>();
  private opening: Open | undefined;
  private readonly tabTexts = new Map<number, string>();

  constructor(
    private readonly program: Program,
    private readonly backend: AssociatedBackend,
    private readonly codeSpace: CodeSpace,
    private readonly host: Host,
  ) {}

  /** The page on the screen. */
  get top(): Open | undefined {
    return this.stack[this.stack.length - 1];
  }

  /** The stack as getCurrentPages gives it. */
  pages(): PageObject[] {
    return this.stack.map((open) => open.page);
  }

  navigateTo(url: string): void {
    const [path, query] = this.parse(url);
    if (this.tabIndex(path) >= 0) throw new RouteError("can not navigateTo a tabbar page");
    if (this.stack.length >= DEEPEST) throw new RouteError("webview count limit exceed");
    this.leave();
    this.push(this.create(path, query));
  }

  redirectTo(url: string): void {
    const [path, query] = this.parse(url);
    if (this.tabIndex(path) >= 0) throw new RouteError("can not redirectTo a tabbar page");
    this.close(this.stack.pop());
    this.push(this.create(path, query));
  }

  navigateBack(delta = 1): void {
    const most = this.stack.length - 1;
    if (most < 1) throw new RouteError("cannot navigate back at first page");
    for (let count = Math.min(delta, most); count > 0; count -= 1) this.close(this.stack.pop());
    this.enter();
  }

  switchTab(url: string): void {
    const [path] = this.parse(url);
    const index = this.tabIndex(path);
    if (index < 0) throw new RouteError("can not switch to no-tabBar page");
    while (this.stack.length > 1) this.close(this.stack.pop());
    const current = this.stack.pop();
    if (current && current.path !== path) {
      this.call(current, "onHide");
      current.box.hidden = true;
      if (this.tabIndex(current.path) < 0) this.close(current);
    }
    const open = this.tabs.get(path) ?? this.create(path, {});
    this.tabs.set(path, open);
    this.push(open);
  }

  reLaunch(url: string): void {
    const [path, query] = this.parse(url);
    this.clear();
    const open = this.create(path, query);
    if (this.tabIndex(path) >= 0) this.tabs.set(path, open);
    this.push(open);
  }

  /** Close every page. */
  clear(): void {
    for (const open of new Set([...this.stack, ...this.tabs.values()])) this.close(open);
    this.stack = [];
    this.tabs.clear();
  }

  /** A tab was tapped. */
  tapTab(index: number): void {
    const item = this.tabItems()[index];
    if (!item) return;
    this.switchTab(`/${item.pagePath}`);
    const { pagePath, text } = item;
    this.top?.page.onTabItemTap?.({ index, pagePath, text });
  }

  /** Name the page that is opening, or else the one on the screen. */
  setTitle(title: string): void {
    const open = this.opening ?? this.top;
    if (open) open.title = title;
    this.draw();
  }

  private parse(url: string): [string, Record<string, string>] {
    const [given = "", search = ""] = url.split("?");
    const parts = given.startsWith("/") ? [] : (this.top?.path.split("/").slice(0, -1) ?? []);
    for (const part of given.split("/")) {
      if (part === "..") parts.pop();
      else if (part && part !== ".") parts.push(part);
    }
    const path = parts.join("/");
    if (!this.program.app.pages.includes(path)) throw new RouteError(`page "${path}" is not found`);
    const pairs = search
      .split("&")
      .filter(Boolean)
      .map((pair) => pair.split("="));
    return [path, Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]))];
  }

  /** Give a tab another text, until the mini program ends. */
  setTabText(index: number, text: string): void {
    this.tabTexts.set(index, text);
    this.draw();
  }

  private tabItems(): TabItem[] {
    const items = this.program.app.tabBar?.list ?? [];
    return items.map((item, index) => ({ ...item, text: this.tabTexts.get(index) ?? item.text }));
  }

  private tabIndex(path: string): number {
    return this.tabItems().findIndex((item) => item.pagePath === path);
  }

  private create(path: string, query: Record<string, string>): Open {
    const box = document.createElement("div");
    box.className = "wx-page";
    box.dataset.path = path;
    box.tabIndex = -1;
    const place = document.createElement("span");
    box.append(place);
    this.host.frame.screen.append(box);
    const root = this.backend.createRoot("wx-root", this.codeSpace, path);
    const page = root.get() as unknown as PageObject;
    page.route = path;
    page.options = query;
    root.attach(box as never, place as never);
    const title = this.configOf(path).navigationBarTitleText ?? "";
    const open = { path, page, box, root, title };
    this.opening = open;
    this.call(open, "onLoad", query);
    this.opening = undefined;
    return open;
  }

  private configOf(path: string): Partial<PageConfig> {
    return { ...this.program.app.window, ...this.program.components[path]?.json };
  }

  private push(open: Open): void {
    const isNew = !open.box.dataset.ready;
    this.stack.push(open);
    this.enter();
    if (!isNew) return;
    open.box.dataset.ready = "1";
    this.call(open, "onReady");
  }

  private enter(): void {
    const open = this.top;
    if (!open) return;
    open.box.hidden = false;
    this.draw();
    open.box.focus({ preventScroll: true });
    this.call(open, "onShow");
  }

  private leave(): void {
    const open = this.top;
    if (!open) return;
    this.call(open, "onHide");
    open.box.hidden = true;
  }

  private close(open: Open | undefined): void {
    if (!open) return;
    this.tabs.delete(open.path);
    this.call(open, "onUnload");
    open.root.release();
    open.box.remove();
  }

  private draw(): void {
    const open = this.top;
    if (!open) return;
    const index = this.tabIndex(open.path);
    this.host.frame.showBar(open.title, this.stack.length > 1, this.configOf(open.path));
    this.host.frame.showTabs(index < 0 ? [] : this.tabItems(), index);
  }

  private call(
    open: Open,
    name: "onLoad" | "onShow" | "onReady" | "onHide" | "onUnload",
    query?: Record<string, string>,
  ): void {
    try {
      (open.page[name] as ((given?: object) => void) | undefined)?.call(open.page, query);
    } catch (error) {
      this.host.report(error);
    }
  }
}
