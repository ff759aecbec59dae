/** CommonJS as a mini program has it: relative paths, and packages from miniprogram_npm. */

import type { ModuleFunction } from "./program";

interface Module {
  exports: unknown;
}

/** What every module is given beside `module`, `exports` and `require`, in the order of the build's SUPPLIED list. */
export type Supplied = readonly unknown[];

export class Modules {
  private readonly loaded = new Map<string, Module>();

  constructor(
    private readonly functions: Record<string, ModuleFunction>,
    private readonly supply: () => Supplied,
  ) {}

  /** Run a module once and return what it exports. */
  load(name: string): unknown {
    const known = this.loaded.get(name);
    if (known) return known.exports;
    const run = this.functions[name];
    if (!run) throw new Error(`module '${name}' is not defined`);
    const module: Module = { exports: {} };
    this.loaded.set(name, module);
    const folder = name.split("/").slice(0, -1);
    run(module, module.exports, (path: string) => this.load(this.resolve(folder, path)), ...this.supply());
    return module.exports;
  }

  private resolve(folder: string[], path: string): string {
    const bases = /^\.{0,2}\//.test(path) ? [join(folder, path)] : packages(folder).map((base) => join(base, path));
    for (const base of bases) {
      const found = [base, `${base}.js`, `${base}/index.js`].find((name) => name in this.functions);
      if (found) return found;
    }
    throw new Error(`module '${path}' is not defined, require args is '${path}'`);
  }
}

function join(folder: string[], path: string): string {
  const parts = path.startsWith("/") ? [] : [...folder];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The miniprogram_npm folders that are looked through: the nearest first. */
function packages(folder: string[]): string[][] {
  return folder
    .map((_, index) => [...folder.slice(0, folder.length - index), "miniprogram_npm"])
    .concat([["miniprogram_npm"]]);
}
