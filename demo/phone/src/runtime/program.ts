/** What the build makes of a mini program's folder. */

export interface PageConfig {
  component?: boolean;
  usingComponents: Record<string, string>;
  navigationBarTitleText?: string;
  navigationBarBackgroundColor?: string;
  navigationBarTextStyle?: "black" | "white";
  enablePullDownRefresh?: boolean;
}

export interface TabItem {
  pagePath: string;
  text: string;
  iconPath?: string;
  selectedIconPath?: string;
}

export interface AppConfig {
  pages: string[];
  window?: Omit<PageConfig, "usingComponents" | "component">;
  tabBar?: { list: TabItem[]; color?: string; selectedColor?: string };
}

export type ModuleFunction = (...supplied: unknown[]) => void;

export interface Program {
  app: AppConfig;
  components: Record<string, { json: PageConfig; scope: string }>;
  templates: Record<string, unknown>;
  modules: Record<string, ModuleFunction>;
}

/** Options of App(), and after it the app itself. */
export interface AppObject {
  onLaunch?(options: LaunchOptions): void;
  onShow?(options: LaunchOptions): void;
  onHide?(): void;
  onError?(message: string): void;
  [name: string]: unknown;
}

export interface LaunchOptions {
  path: string;
  query: Record<string, string>;
  scene: number;
}

export type Params = Record<string, unknown>;

/** A page in the stack, as its own code sees it. */
export interface PageObject {
  route: string;
  options: Record<string, string>;
  data: Params;
  setData(data: Params): void;
  onLoad?(query: Record<string, string>): void;
  onShow?(): void;
  onReady?(): void;
  onHide?(): void;
  onUnload?(): void;
  onPullDownRefresh?(): void;
  onTabItemTap?(item: { index: number; pagePath: string; text: string }): void;
  [name: string]: unknown;
}
