/** wx's manners: success, fail and complete, or a promise where none of them is given; never an answer at once. */

import type { Answer } from "./carrier";

export interface Options {
  success?: (answer: Answer) => void;
  fail?: (answer: Answer) => void;
  complete?: (answer: Answer) => void;
  [name: string]: unknown;
}

export type WxCall = (options?: Options) => Promise<Answer> | undefined;

/** Return a call of wx around what does the work. */
export function toWxCall(run: (options: Options) => Promise<Answer>): WxCall {
  return (options = {}) => {
    const work = run(options);
    if (!options.success && !options.fail && !options.complete) {
      return work.then((answer) => {
        if (isFailure(answer)) throw answer;
        return answer;
      });
    }
    void work.then((answer) => {
      if (isFailure(answer)) options.fail?.(answer);
      else options.success?.(answer);
      options.complete?.(answer);
    });
    return undefined;
  };
}

export function isFailure(answer: Answer): boolean {
  return /:fail/.test(answer.errMsg);
}

/** What of the options goes over the wire. */
export function plain(options: Options): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value !== "function"));
}

/** Return a call of wx that the phone itself carries out. */
export function toLocalCall(api: string, run: (options: Options) => unknown): WxCall {
  return toWxCall(async (options) => {
    try {
      await Promise.resolve();
      const answer = await run(options);
      return { ...(answer as object), errMsg: `${api}:ok` };
    } catch (error) {
      return { errMsg: `${api}:fail ${error instanceof Error ? error.message : String(error)}` };
    }
  });
}
