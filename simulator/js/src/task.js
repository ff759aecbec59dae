import { buffer } from "./bytes.js";
import { WxFail } from "./fail.js";

/** A transfer under way: what a mini program holds of it, and what breaks it off. */
export class Task {
  /** @param {import("./calls.js").Caller} caller */
  constructor(caller) {
    this.caller = caller;
    this.over = false;
    /** @type {Record<"headers" | "chunk" | "progress", Set<unknown>>} */
    this.listeners = { headers: new Set(), chunk: new Set(), progress: new Set() };
    /** Heard while a body goes out or comes in. @type {(bytes: number) => void} */
    this.onSent = () => {};
    /** @type {(bytes: number, whole: number) => void} */
    this.onReceived = () => {};
    /** @type {(() => void)[]} */
    this.ends = [];
    /** @type {(reason: unknown) => void} */
    let reject = () => {};
    this.broken = /** @type {Promise<never>} */ (
      new Promise((_, no) => {
        reject = no;
      })
    );
    this.broken.catch(() => {});
    this.reject = reject;
  }

  /** Break the transfer off. @param {unknown} reason */
  break(reason) {
    if (this.over) return;
    this.over = true;
    this.reject(reason);
    for (const end of this.ends) end();
  }

  /** @param {() => void} run */
  onAbort(run) {
    if (this.over) run();
    else this.ends.push(run);
  }

  /** @param {{ statusCode: number, header: Record<string, string>, cookies: string[] }} head */
  onHeaders(head) {
    this.emit("headers", head);
  }

  /** @param {Uint8Array} chunk */
  onChunk(chunk) {
    this.emit("chunk", { data: buffer(chunk) });
  }

  /** Say how far a transfer is. @param {number} bytes @param {number} whole @param {"Sent" | "Written"} how */
  progress(bytes, whole, how) {
    const expected = how === "Sent" ? "totalBytesExpectedToSend" : "totalBytesExpectedToWrite";
    const progress = whole > 0 ? Math.floor((bytes / whole) * 100) : 0;
    this.emit("progress", { progress, [`totalBytes${how}`]: bytes, [expected]: whole });
  }

  /** @param {"headers" | "chunk" | "progress"} event @param {unknown} value */
  emit(event, value) {
    if (this.over) return;
    for (const listener of this.listeners[event]) this.caller.later(() => this.caller.tell(listener, value));
  }

  /** What the mini program gets: RequestTask, UploadTask or DownloadTask. @param {string} api */
  face(api) {
    const face = {
      abort: () => this.break(new WxFail(" abort")),
      ...this.pair("HeadersReceived", "headers"),
    };
    if (api === "request") return { ...face, ...this.pair("ChunkReceived", "chunk") };
    return { ...face, ...this.pair("ProgressUpdate", "progress") };
  }

  /** @param {string} name @param {"headers" | "chunk" | "progress"} event */
  pair(name, event) {
    const listeners = this.listeners[event];
    return {
      [`on${name}`]: (/** @type {unknown} */ listener) => {
        if (typeof listener === "function") listeners.add(listener);
      },
      [`off${name}`]: (/** @type {unknown} */ listener) => {
        if (listener === undefined) listeners.clear();
        else listeners.delete(listener);
      },
    };
  }
}
