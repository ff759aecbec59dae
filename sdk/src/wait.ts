/** Waiting. Promises here never depend on the order in which callbacks run: old iOS queues them as macro-tasks. */

/** Wait so many milliseconds. */
export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Wait for a promise's end, whatever it is. */
export const settled = (promise: Promise<unknown>): Promise<void> =>
  promise.then(
    () => undefined,
    () => undefined,
  );

/** Make a runner: while one call is under way, further calls get its promise. */
export function single<R>(): (run: () => Promise<R>) => Promise<R> {
  let pending: Promise<R> | undefined;
  return (run) => {
    if (!pending) {
      pending = (async () => {
        try {
          return await run();
        } finally {
          pending = undefined;
        }
      })();
    }
    return pending;
  };
}
