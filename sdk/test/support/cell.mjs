// A cell: what a mini program has and no more. `wx`, `console` and timers; no eval; on old iOS a Promise of macro-tasks.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const root = fileURLToPath(new URL("../../", import.meta.url));
const FILES = {
  source: `${root}../.cache/sdk/source.js`,
  output: `${root}miniprogram_dist/index.js`,
  converted: `${root}../.cache/sdk/converted.js`,
};

/** The ways every test runs. WeChat's tools convert async functions for old phones; then the global Promise does it all. */
export const WAYS = [
  { way: "source", file: "source", oldPromise: false },
  { way: "output", file: "output", oldPromise: false },
  { way: "output, converted, on old iOS", file: "converted", oldPromise: true },
  ...(process.env.MENJIN_SDK_ALL_WAYS ? [{ way: "output on old iOS", file: "output", oldPromise: true }] : []),
];

// Its reactions run as timers, later than anything that came by microtask, as WeChat's did on iOS <= 15.
const MACRO_PROMISE = `(() => {
  const isThenable = (value) => value && (typeof value === "object" || typeof value === "function") && typeof value.then === "function";
  class OldPromise {
    constructor(run) {
      this.state = "pending"; this.reactions = [];
      let done = false;
      const once = (act) => (value) => { if (!done) { done = true; act(value); } };
      const settle = (state) => (value) => {
        this.state = state; this.value = value;
        this.reactions.splice(0).forEach((react) => setTimeout(react, 0));
      };
      const reject = settle("rejected");
      const resolve = (value) => {
        if (!isThenable(value)) return settle("fulfilled")(value);
        let called = false;
        setTimeout(() => {
          try {
            value.then((got) => { if (!called) { called = true; resolve(got); } }, (why) => { if (!called) { called = true; reject(why); } });
          } catch (why) { if (!called) { called = true; reject(why); } }
        }, 0);
      };
      const [yes, no] = [once(resolve), (why) => { if (!done) { done = true; reject(why); } }];
      try { run(yes, no); } catch (why) { no(why); }
    }
    then(good, bad) {
      return new OldPromise((resolve, reject) => {
        const react = () => {
          const handler = this.state === "fulfilled" ? good : bad;
          if (typeof handler !== "function") return (this.state === "fulfilled" ? resolve : reject)(this.value);
          try { resolve(handler(this.value)); } catch (why) { reject(why); }
        };
        if (this.state === "pending") this.reactions.push(react); else setTimeout(react, 0);
      });
    }
    catch(bad) { return this.then(undefined, bad); }
    static resolve(value) { return value instanceof OldPromise ? value : new OldPromise((resolve) => resolve(value)); }
    static reject(why) { return new OldPromise((_, reject) => reject(why)); }
    static race(list) {
      return new OldPromise((resolve, reject) => [...list].forEach((one) => OldPromise.resolve(one).then(resolve, reject)));
    }
    static all(list) {
      return new OldPromise((resolve, reject) => {
        const all = [...list]; const got = []; let left = all.length;
        if (!left) resolve(got);
        all.forEach((one, at) => OldPromise.resolve(one).then((value) => { got[at] = value; if (!--left) resolve(got); }, reject));
      });
    }
  }
  globalThis.Promise = OldPromise;
})()`;

/**
 * Load the SDK into a cell of its own.
 *
 * @returns its exports; `wx` is the cell's global.
 */
export const loadSdk = ({ file, oldPromise }, wx) => loadFile(FILES[file], wx, oldPromise);

/** The same, of any file. */
export function loadFile(path, wx, oldPromise = false) {
  const cell = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  Object.assign(cell, { wx, console, setTimeout, clearTimeout, setInterval, clearInterval });
  if (oldPromise) {
    vm.runInContext(MACRO_PROMISE, cell);
  }
  const module = { exports: {} };
  const code = readFileSync(path, "utf8");
  vm.runInContext(`(function (module, exports) {${code}\n})`, cell, { filename: path })(module, module.exports);
  return module.exports;
}
