/**
 * How a call of `wx` answers: always later, success or fail and then complete, a promise only without callbacks.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/app-service/api.html and the result types of
 * miniprogram-api-typings (that a callback's key is there decides, whatever its value).
 */

import { failObject, isFailure } from "./fail.js";
import { atLeast, ERRNO, PROMISES } from "./versions.js";

/**
 * @typedef {Record<string, unknown>} Options
 * @typedef {Record<string, unknown>} Answer
 */

const CALLBACKS = ["success", "fail", "complete"];
// Taken when the module loads: a test that later puts fake timers in their place does not stop the phone.
const { setTimeout } = globalThis;

/** @param {unknown} options @returns {Options} */
export function optionsOf(options) {
  return typeof options === "object" && options !== null ? /** @type {Options} */ (options) : {};
}

/** @param {Options} options */
export function wantsPromise(options) {
  return !CALLBACKS.some((name) => Object.hasOwn(options, name));
}

/** The options without the callbacks: what the call itself is about. @param {Options} options @returns {Options} */
export function plain(options) {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !CALLBACKS.includes(name)));
}

/** How answers get back to the mini program. */
export class Caller {
  /**
   * @param {{ baseLibrary: string, Promise: PromiseConstructor, onError: (error: unknown) => void }} setting
   */
  constructor(setting) {
    this.baseLibrary = setting.baseLibrary;
    this.Promise = setting.Promise;
    this.onError = setting.onError;
    this.withErrno = atLeast(setting.baseLibrary, ERRNO);
    this.withPromises = atLeast(setting.baseLibrary, PROMISES);
  }

  /**
   * Run something as a turn of its own, as every message of the phone is.
   * @param {() => void} run
   */
  later(run) {
    setTimeout(run, 0);
  }

  /**
   * Call back into the mini program; what it throws is the mini program's own affair.
   * @param {unknown} callback
   * @param {unknown[]} values
   */
  tell(callback, ...values) {
    if (typeof callback !== "function") return;
    try {
      callback(...values);
    } catch (error) {
      this.onError(error);
    }
  }

  /**
   * Deliver an outcome to callbacks, in a turn of its own.
   * @param {Options} options
   * @param {"success" | "fail"} way
   * @param {unknown} answer
   */
  settle(options, way, answer) {
    this.later(() => {
      this.tell(options[way], answer);
      this.tell(options.complete, answer);
    });
  }

  /**
   * Run a call and deliver what comes of it to the callbacks.
   * @param {string} api
   * @param {Options} options
   * @param {() => Answer | undefined | Promise<Answer | undefined>} run
   */
  async answer(api, options, run) {
    try {
      const answer = (await run()) ?? {};
      if (!("errMsg" in answer)) answer.errMsg = `${api}:ok`;
      this.settle(options, "success", answer);
    } catch (error) {
      this.settle(options, "fail", this.failure(api, error));
    }
  }

  /** What failed, for the mini program; a mistake of this package's own is shown besides. @param {string} api @param {unknown} error */
  failure(api, error) {
    if (isFailure(error)) return failObject(api, error, this.withErrno);
    this.onError(error);
    return { errMsg: `${api}:fail wxsim: ${String(error)}` };
  }

  /**
   * Make a call of `wx` out of a function.
   * @param {string} api
   * @param {(options: Options) => Answer | undefined | Promise<Answer | undefined>} run
   * @param {{ promise?: boolean }} [kind] `promise: false` where WeChat gives none
   */
  call(api, run, kind = {}) {
    const promising = this.withPromises && kind.promise !== false;
    return (/** @type {unknown} */ given) => {
      const options = optionsOf(given);
      if (!promising || !wantsPromise(options)) {
        this.answer(api, options, async () => run(plain(options)));
        return undefined;
      }
      return new this.Promise((resolve, reject) => {
        this.answer(api, { success: resolve, fail: reject }, async () => run(plain(options)));
      });
    };
  }
}
