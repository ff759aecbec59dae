/** Runs a case here, or in a bare context that has nothing but what a mini program has. */

import vm from "node:vm";

/**
 * @typedef {object} Kit what a case gets
 * @property {any} wx the object of a person of its own
 * @property {(options?: Record<string, unknown>) => any} make another `wx`; the same person unless told otherwise
 * @property {string} person
 * @property {string} server base address of the test server
 * @property {string} simulator base address of the simulator
 * @property {(path: string, body?: unknown) => Promise<any>} sim
 * @property {typeof import("vitest").expect} expect
 * @property {any} text matches any string
 * @property {(call: (options: Record<string, unknown>) => unknown, options?: Record<string, unknown>) => Promise<any>} outcome
 * @property {(ms: number) => Promise<void>} sleep
 * @property {() => number} most how many requests the server has held at once
 * @property {(path: string) => boolean} arrived whether a request for that path has reached the server
 *
 * @typedef {{ name: string, run: (kit: Kit) => Promise<void>, where?: string[] }} Case
 */

/** Run a case as it stands. @param {Case} one @param {Kit} kit */
export async function runHere(one, kit) {
  await one.run(kit);
}

/** Run a case's source in a context of its own, code from strings forbidden. @param {Case} one @param {Kit} kit */
export async function runBare(one, kit) {
  const context = vm.createContext(
    { console, setTimeout, clearTimeout, setInterval, clearInterval },
    { codeGeneration: { strings: false, wasm: false } },
  );
  const source = `(async (kit) => { const run = ${one.run.toString()}; await run(kit); })`;
  await vm.runInContext(source, context)(kit);
}
