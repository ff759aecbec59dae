/**
 * wx.request and what a transfer has in common with it: the queue of ten, time limits, abort, life in the background.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html
 */

import { optionsOf, plain } from "./calls.js";
import { WxFail } from "./fail.js";
import { incoming, outgoing } from "./message.js";
import { Queue } from "./queue.js";
import { Task } from "./task.js";

const AT_ONCE = 10;
const DEFAULT_TIMEOUT = 60_000;
const INTERRUPTED_AFTER = 5000;
// As in calls.js: the real timers, whatever a test does to them later.
const { setTimeout, clearTimeout } = globalThis;

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {import("./message.js").Reply} Reply
 * @typedef {{ onHeaders?: (head: Omit<Reply, "body">) => void, onChunk?: (chunk: Uint8Array) => void,
 *   onSent?: (bytes: number) => void, onReceived?: (bytes: number, whole: number) => void,
 *   onAbort: (run: () => void) => void }} Watch
 * @typedef {(message: Message, watch: Watch, api: string) => Promise<Reply>} Carrier carries a message over the wire
 * @typedef {{ caller: import("./calls.js").Caller, carrier: Carrier, referer: () => string, timeouts: Record<string, number>,
 *   checkDomain: (url: string) => Promise<void> }} Setting
 */

/** The phone's network as one mini program sees it. */
export class Network {
  /** @param {Setting} setting */
  constructor(setting) {
    this.setting = setting;
    this.queue = new Queue(AT_ONCE);
    /** @type {Set<Task>} */
    this.tasks = new Set();
    this.state = "good";
    this.inBackground = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.hanging = undefined;
    this.onInterrupt = () => {};
  }

  /** wx.request: returns its task at once. @param {unknown} given */
  request(given) {
    const options = optionsOf(given);
    return this.start("request", options, async (task) => {
      const message = outgoing(plain(options));
      const chunked = options.enableChunked === true;
      const redirect = options.redirect === "manual" ? "manual" : "follow";
      const reply = await this.carry(
        "request",
        { ...message, redirect, chunked, timeout: this.timeout("request", options) },
        task,
      );
      return incoming(chunked ? { ...reply, body: new Uint8Array(0) } : reply, options);
    });
  }

  /**
   * Run a transfer as a task, and deliver its outcome to the callbacks.
   * @param {string} api
   * @param {Record<string, unknown>} options
   * @param {(task: Task) => Promise<Record<string, unknown>>} run
   */
  start(api, options, run) {
    const { caller } = this.setting;
    const task = new Task(caller);
    this.tasks.add(task);
    // An abort answers by itself: what the wire says afterwards interests nobody.
    const work = Promise.race([task.broken, Promise.resolve().then(() => run(task))]);
    caller
      .answer(api, options, () => work)
      .finally(() => {
        task.over = true;
        this.tasks.delete(task);
      });
    return task.face(api);
  }

  /** @param {string} api @param {Record<string, unknown>} options */
  timeout(api, options) {
    const own = options.timeout;
    return typeof own === "number" && own > 0 ? own : (this.setting.timeouts[api] ?? DEFAULT_TIMEOUT);
  }

  /**
   * Wait for a place among the ten, then carry a message within its time.
   * @param {string} api
   * @param {Message} message
   * @param {Task} task
   */
  async carry(api, message, task) {
    await this.setting.checkDomain(message.url);
    if (this.inBackground && this.hanging === undefined) throw new WxFail(" interrupted", 600003);
    const queueStart = Date.now();
    const leave = await this.queue.enter(task);
    const queueEnd = Date.now();
    // Broken off before it was sent: it never is.
    if (task.over) {
      leave();
      return task.broken;
    }
    const timer = setTimeout(() => task.break(new WxFail(" timeout", 5)), message.timeout);
    try {
      if (this.state === "none") throw offline();
      const headers = { ...message.headers, Referer: this.setting.referer() };
      const reply = await Promise.race([task.broken, this.setting.carrier({ ...message, headers }, task, api)]);
      return { ...reply, profile: profileOf(message, reply, { queueStart, queueEnd }) };
    } finally {
      clearTimeout(timer);
      leave();
    }
  }

  /** The mini program goes to the background: what is under way has five more seconds. */
  hide() {
    if (this.inBackground) return;
    this.inBackground = true;
    this.hanging = setTimeout(() => {
      this.hanging = undefined;
      for (const task of this.tasks) task.break(new WxFail(" interrupted", 600003));
      this.onInterrupt();
    }, INTERRUPTED_AFTER);
    /** @type {{ unref?: () => void }} */ (this.hanging).unref?.();
  }

  show() {
    this.inBackground = false;
    clearTimeout(this.hanging);
    this.hanging = undefined;
  }

  /** @param {string} state "good" or "none" */
  become(state) {
    this.state = state;
    if (state !== "none") return;
    for (const task of this.tasks) {
      task.break(new WxFail(" errcode:10011 cronet_error_code:0 error_msg:network change, cancel all task", 600001));
    }
  }
}

/** @param {Message} message @param {Reply} reply @param {{ queueStart: number, queueEnd: number }} queued */
function profileOf(message, reply, { queueStart, queueEnd }) {
  return {
    protocol: "http1.1",
    queueStart,
    queueEnd,
    fetchStart: queueStart,
    requestStart: queueEnd,
    responseEnd: Date.now(),
    sendBytesCount: message.body?.length ?? 0,
    receivedBytedCount: reply.body.length,
    statusCode: reply.statusCode,
  };
}

function offline() {
  return transport(-106, "ERR_INTERNET_DISCONNECTED");
}

/** What a broken transport looks like. @param {number} code @param {string} name */
export function transport(code, name) {
  return new WxFail(` errcode:${code} cronet_error_code:${code} error_msg:net::${name}`, 600001);
}
