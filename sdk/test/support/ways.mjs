// What the tests of the SDK do over and over.
import { loadSdk } from "./cell.mjs";
import { BASE, makePhone, TinyMenjin } from "./tiny.mjs";

/** Do something many times at once. */
export const many = (count, run) => Promise.all(Array.from({ length: count }, (_, at) => run(at)));

/** Return the code of the error a promise ends with; of one that succeeds its value. */
export const codeOf = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => error.code || error,
  );

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A phone before a small menjin, with the SDK on it; `load` says which build. `start` makes another client there. */
export function open(way, { delay, ...options } = {}, load = loadSdk) {
  const server = new TinyMenjin();
  const phone = makePhone(server, { delay });
  const sdk = load(way, phone.wx);
  const start = (more = {}) => sdk.createMenjin({ baseURL: BASE, spread: 0, ...options, ...more });
  return { server, phone, sdk, start, menjin: start() };
}
