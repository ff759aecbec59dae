/**
 * One request as its caller sees it: a promise, wx's callbacks, and the task that wx.request returns (abort, progress,
 * headers, chunks). A replay is a second wx task behind the same face.
 */
import { MenjinError } from "./errors.js";

type Listener = (result: never) => void;
type Inner = Record<string, ((listener?: Listener) => void) | undefined>;

const EVENTS = ["HeadersReceived", "ChunkReceived", "ProgressUpdate"];

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

/** What the sending side sees of a task. */
export interface Line {
  /** Throw if the caller has aborted. */
  check(): void;
  /** Pass the caller's listeners and his abort on to a wx task. */
  attach(inner: unknown): void;
}

/** Start `run`, and return its promise dressed as a task. */
export function start<R>(callbacks: Callbacks<R>, run: (line: Line) => Promise<R>): Promise<R> & Task {
  let listeners: [string, Listener][] = [];
  let inner: Inner = {};
  let cancel: (() => void) | undefined;
  let gone: MenjinError | undefined;

  const line: Line = {
    check() {
      if (gone) {
        throw gone;
      }
    },
    attach(made) {
      inner = (made || {}) as Inner;
      for (const [name, listener] of listeners) {
        inner[`on${name}`]?.(listener);
      }
    },
  };
  const promise = new Promise<R>((resolve, reject) => {
    cancel = () => reject(gone);
    run(line).then(resolve, reject);
  });
  const task: Record<string, unknown> = {
    abort() {
      gone = new MenjinError("aborted");
      gone.errMsg = "request:fail abort";
      inner.abort?.();
      cancel?.();
    },
  };
  EVENTS.forEach((name) => {
    task[`on${name}`] = (listener: Listener) => {
      listeners.push([name, listener]);
      inner[`on${name}`]?.(listener);
    };
    task[`off${name}`] = (listener?: Listener) => {
      listeners = listeners.filter(([of, one]) => of !== name || (listener && one !== listener));
      inner[`off${name}`]?.(listener);
    };
  });
  tell(promise, callbacks);
  return Object.assign(promise, task) as unknown as Promise<R> & Task;
}

/** Call wx's callbacks, if there are any; then nobody need look at the promise. */
export function tell<R>(promise: Promise<R>, { success, fail, complete }: Callbacks<R>): void {
  if (!success && !fail && !complete) {
    return;
  }
  const call = <V>(first: ((value: V) => void) | undefined, value: V, last: ((value: V) => void) | undefined): void => {
    try {
      first?.(value);
    } finally {
      last?.(value);
    }
  };
  promise.then(
    (result) => call(success, result, complete),
    (error: MenjinError) => call(fail, error, complete),
  );
}
