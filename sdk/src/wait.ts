/** Waiting. Promises here never depend on the order in which callbacks run: old iOS queues them as macro-tasks. */
/** Wait so many milliseconds. */
export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Wait for a promise's end, whatever it is. */
export const settled = (promise: Promise<unknown>): Promise<void> => promise.then(nothing, nothing);

export const nothing = (): void => undefined;

/** Make a runner: while one call is under way, further calls get its promise. */
export function single<R, V = void>(run: (value: V) => Promise<R>): typeof run {
  let pending: Promise<R> | undefined;
  const alone = async (value: V): Promise<R> => {
    try {
      return await run(value);
    } finally {
      pending = undefined;
    }
  };
  return (value) => {
    pending = pending || alone(value);
    return pending;
  };
}
