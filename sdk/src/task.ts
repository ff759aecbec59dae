/**
 * One request as its caller sees it: a promise, wx's callbacks, and the task that wx.request returns (abort, progress,
 * headers, chunks). A replay is a second wx task behind the same face.
 */
import { MenjinError } from "./errors.js";

type Listener = (result: never) => void;
type Inner = Record<string, ((listener?: Listener) => void) | undefined>;

export interface Task {
  abort(): void;
  onHeadersReceived(listener: (result: { header: Record<string, string> }) => void): void;
  offHeadersReceived(listener?: (result: { header: Record<string, string> }) => void): void;
  onChunkReceived(listener: (result: { data: ArrayBuffer }) => void): void;
  offChunkReceived(listener?: (result: { data: ArrayBuffer }) => void): void;
  onProgressUpdate(listener: (result: { progress: number }) => void): void;
  offProgressUpdate(listener?: (result: { progress: number }) => void): void;
}

export interface Callbacks<R> {
  success?: (result: R) => void;
  fail?: (error: MenjinError) => void;
  complete?: (result: R | MenjinError) => void;
}

/** What the sending side sees of a task: it passes the caller's listeners and his abort on to a wx task. */
export type Attach = (inner?: unknown) => void;

/** Start `run`, and return its promise dressed as a task. `attach` throws once the caller has aborted. */
export function start<R>(callbacks: Callbacks<R>, run: (attach: Attach) => Promise<R>): Promise<R> & Task {
  const said: [string, Listener][] = []; // to be said again to the next wx task
  let inner: Inner = {};
  let gone: MenjinError | undefined;
  let refuse: (why: unknown) => void;

  const promise = new Promise<R>((resolve, reject) => {
    refuse = reject;
    run((made) => {
      if (gone) {
        throw gone;
      }
      inner = (made || {}) as Inner;
      for (const [name, listener] of said) {
        inner[name]?.(listener);
      }
    }).then(resolve, reject);
  });
  const task: Record<string, unknown> = {
    abort() {
      gone = new MenjinError("aborted", { errMsg: "request:fail abort" });
      inner.abort?.();
      refuse(gone);
    },
  };
  for (const event of ["HeadersReceived", "ChunkReceived", "ProgressUpdate"]) {
    for (const name of [`on${event}`, `off${event}`]) {
      task[name] = (listener: Listener) => {
        said.push([name, listener]);
        inner[name]?.(listener);
      };
    }
  }
  tell(promise, callbacks);
  return Object.assign(promise, task) as unknown as Promise<R> & Task;
}

/** Call wx's callbacks, if there are any; then nobody need look at the promise. */
export function tell<R>(promise: Promise<R>, { success, fail, complete }: Callbacks<R>): void {
  const then =
    <V>(first?: (value: V) => void, last?: (value: V) => void) =>
    (value: V): void => {
      try {
        first?.(value);
      } finally {
        last?.(value);
      }
    };
  if (success || fail || complete) {
    promise.then(then(success, complete), then(fail, complete));
  }
}
