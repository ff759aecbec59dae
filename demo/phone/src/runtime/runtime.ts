/** One running mini program: its code, its app object, its pages. */

import { type CodeSpace, type ComponentEnv, MiniProgramEnv } from "glass-easel-miniprogram-adapter";
import { registerBuiltIns } from "../components/built-ins";
import { makeBackend } from "./backend";
import type { Host } from "./host";
import { Modules } from "./modules";
import type { AppObject, LaunchOptions, PageObject, Program } from "./program";
import { Router } from "./router";

let sharedBackend: ReturnType<typeof makeBackend> | undefined;

export class Runtime {
  readonly router: Router;
  private app: AppObject = {};
  private readonly modules: Modules;
  private environment: ComponentEnv | undefined;
  private readonly codeSpace: CodeSpace;

  constructor(
    private readonly program: Program,
    private readonly host: Host,
  ) {
    sharedBackend ??= makeBackend();
    const env = new MiniProgramEnv();
    this.codeSpace = env.createCodeSpace("", true);
    registerBuiltIns(this.codeSpace, host, () => this.router);
    this.modules = new Modules(program.modules, () => this.supplied());
    this.router = new Router(program, env.associateBackend(sharedBackend as never), this.codeSpace, host);
  }

  /** Start the mini program as a tap on its icon does. */
  launch(scene = 1089): void {
    this.modules.load("app.js");
    for (const [path, { json, scope }] of Object.entries(this.program.components)) {
      this.codeSpace.addComponentStaticConfig(path, json);
      this.codeSpace.addCompiledTemplate(path, {
        groupList: this.program.templates,
        content: this.program.templates[path],
      } as never);
      if (scope) this.codeSpace.addStyleSheet(path, undefined, scope);
    }
    for (const path of Object.keys(this.program.components)) {
      this.codeSpace.componentEnv(path, (environment) => {
        this.environment = environment;
        this.modules.load(`${path}.js`);
      });
    }
    const options = this.launchOptions(scene);
    this.guard(() => this.app.onLaunch?.(options));
    this.guard(() => this.app.onShow?.(options));
    this.router.reLaunch(`/${options.path}`);
  }

  /** The person comes back to the mini program after a while elsewhere. */
  show(): void {
    this.guard(() => this.app.onShow?.(this.launchOptions(1089)));
    this.guard(() => this.router.top?.page.onShow?.());
  }

  /** The person turns to something else. */
  hide(): void {
    this.guard(() => this.router.top?.page.onHide?.());
    this.guard(() => this.app.onHide?.());
  }

  /** WeChat ends the mini program: no life-cycle call says so. */
  end(): void {
    this.router.clear();
  }

  private launchOptions(scene: number): LaunchOptions {
    return { path: this.program.app.pages[0] ?? "", query: {}, scene };
  }

  private supplied(): readonly unknown[] {
    const within = (name: keyof ComponentEnv) => (definition: unknown) =>
      (this.environment?.[name] as ((given: unknown) => unknown) | undefined)?.(definition);
    return [
      this.host.wx,
      (app: AppObject) => {
        this.app = app;
      },
      within("Page"),
      within("Component"),
      within("Behavior"),
      () => this.app,
      (): PageObject[] => this.router.pages(),
      console,
    ];
  }

  private guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.host.report(error);
    }
  }
}
