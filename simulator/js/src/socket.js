/**
 * wx.connectSocket and its SocketTask, and the older calls that speak of the one socket.
 *
 * Source: https://developers.weixin.qq.com/miniprogram/dev/api/network/websocket/wx.connectSocket.html
 */

import { optionsOf, plain } from "./calls.js";
import { needString, WxFail } from "./fail.js";
import { headerOf } from "./message.js";

const MOST = 5;
const ADDRESS = /^wss?:\/\/[^/?#]/i;
const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];
const KINDS = ["Open", "Message", "Error", "Close"];
let count = 0;
// As in calls.js: the real timers, whatever a test does to them later.
const { setTimeout, clearTimeout } = globalThis;

/**
 * @typedef {{ open: (head: { header: Record<string, string> }) => void, message: (data: string | ArrayBuffer) => void,
 *   error: (text: string) => void, close: (code: number, reason: string) => void }} Ears
 * @typedef {{ send: (data: string | ArrayBuffer) => void, close: (code: number, reason: string) => void, drop: () => void }} Wire
 * @typedef {(url: string, how: { headers: Record<string, string>, protocols: string[] }, ears: Ears) => Wire} Dial
 * @typedef {{ caller: import("./calls.js").Caller, dial: Dial, referer: () => string, timeout: number,
 *   checkDomain: (url: string) => Promise<void>, isOffline: () => boolean }} Setting
 */

/** One mini program's sockets. */
export class Sockets {
  /** @param {Setting} setting */
  constructor(setting) {
    this.setting = setting;
    /** @type {Set<Connection>} */
    this.open = new Set();
    /** The one that the older calls speak of. @type {Connection | undefined} */
    this.first = undefined;
    /** @type {Record<string, unknown>} */
    this.heard = {};
  }

  /** @param {unknown} given */
  connect(given) {
    const { caller } = this.setting;
    const options = optionsOf(given);
    const url = options.url;
    const isAddress = typeof url === "string" && ADDRESS.test(url);
    const connection = isAddress && this.open.size < MOST ? this.add() : undefined;
    caller.answer("connectSocket", options, async () => {
      const found = needString(url, "parameter.url");
      if (!isAddress) throw new WxFail(` invalid url "${found}"`, 600009);
      if (!connection) throw new WxFail(` fail reach max websocket connect count ${MOST}`);
      connection.dial(found, plain(options));
      return { socketTaskId: connection.id };
    });
    if (!isAddress) return undefined;
    return connection?.face ?? closedTask(caller);
  }

  add() {
    const connection = new Connection(this);
    this.open.add(connection);
    if (!this.first || this.first.state === CLOSED) this.first = connection;
    return connection;
  }

  /** Break every connection off, as a mini program in the background finds them. */
  interrupt() {
    for (const connection of this.open) connection.broken("interrupted");
  }

  calls() {
    const { caller } = this.setting;
    /** @type {Record<string, unknown>} */
    const calls = { connectSocket: (/** @type {unknown} */ given) => this.connect(given) };
    for (const kind of KINDS) {
      calls[`onSocket${kind}`] = (/** @type {unknown} */ listener) => {
        if (typeof listener === "function") this.heard[kind] = listener;
      };
    }
    calls.sendSocketMessage = caller.call("sendSocketMessage", (options) => {
      if (this.first?.state !== OPEN) throw new WxFail(" WebSocket is not connected");
      this.first.send(options.data);
      return undefined;
    });
    calls.closeSocket = caller.call("closeSocket", (options) => {
      if (!this.first || this.first.state === CLOSED) throw new WxFail(" WebSocket is not connected");
      for (const connection of this.open) connection.close(options);
      return undefined;
    });
    return calls;
  }
}

/** @param {import("./calls.js").Caller} caller */
function closedTask(caller) {
  const refuse = caller.call("SocketTask.send", () => {
    throw new WxFail(" SocketTask.readyState is not OPEN");
  });
  const nothing = () => {};
  const listening = Object.fromEntries(KINDS.map((kind) => [`on${kind}`, nothing]));
  return { readyState: CLOSED, CONNECTING, OPEN, CLOSING, CLOSED, send: refuse, close: nothing, ...listening };
}

/** One socket, from its dialling to its end. */
class Connection {
  /** @param {Sockets} sockets */
  constructor(sockets) {
    count += 1;
    this.id = count;
    this.sockets = sockets;
    this.state = CONNECTING;
    this.began = Date.now();
    /** @type {Wire | undefined} */
    this.wire = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {Map<string, Set<unknown>>} */
    this.listeners = new Map(KINDS.map((kind) => [kind, new Set()]));
    this.face = this.makeFace();
  }

  makeFace() {
    const { caller } = this.sockets.setting;
    const state = () => this.state;
    const face = {
      CONNECTING,
      OPEN,
      CLOSING,
      CLOSED,
      get readyState() {
        return state();
      },
      send: (/** @type {unknown} */ given) => {
        const open = this.state === OPEN;
        const options = optionsOf(given);
        caller.answer(open ? "sendSocketMessage" : "SocketTask.send", options, () => {
          if (!open) throw new WxFail(" SocketTask.readyState is not OPEN");
          return undefined;
        });
        if (open) this.send(options.data);
      },
      close: (/** @type {unknown} */ given) => {
        const options = optionsOf(given);
        caller.answer("closeSocket", options, () => undefined);
        this.close(options);
      },
    };
    for (const [kind, listeners] of this.listeners) {
      const listen = (/** @type {unknown} */ listener) => {
        if (typeof listener === "function") listeners.add(listener);
      };
      Object.assign(face, { [`on${kind}`]: listen });
    }
    return face;
  }

  /** @param {string} kind @param {unknown} value */
  emit(kind, value) {
    const { caller } = this.sockets.setting;
    const old = this.sockets.first === this ? this.sockets.heard[kind] : undefined;
    caller.later(() => {
      for (const listener of [...(this.listeners.get(kind) ?? []), old]) caller.tell(listener, value);
    });
  }

  /** @param {string} url @param {Record<string, unknown>} options */
  async dial(url, options) {
    const { setting } = this.sockets;
    const limit = typeof options.timeout === "number" && options.timeout > 0 ? options.timeout : setting.timeout;
    this.timer = setTimeout(() => this.broken("timeout"), limit);
    try {
      await setting.checkDomain(url);
    } catch {
      return this.broken("url not in domain list");
    }
    if (this.state !== CONNECTING) return undefined;
    if (setting.isOffline()) return this.broken("net::ERR_INTERNET_DISCONNECTED");
    const headers = { ...headerOf(options.header), Referer: setting.referer() };
    const protocols = Array.isArray(options.protocols) ? options.protocols.map(String) : [];
    this.wire = setting.dial(url, { headers, protocols }, this.ears());
    return undefined;
  }

  /** @returns {Ears} */
  ears() {
    return {
      open: (head) => {
        if (this.state !== CONNECTING) return;
        clearTimeout(this.timer);
        this.state = OPEN;
        this.emit("Open", { ...head, profile: { fetchStart: this.began, connectEnd: Date.now() } });
      },
      message: (data) => {
        if (this.state === OPEN) this.emit("Message", { data });
      },
      error: (text) => this.broken(text),
      close: (code, reason) => this.over(code, reason),
    };
  }

  /** @param {unknown} data */
  send(data) {
    this.wire?.send(/** @type {string | ArrayBuffer} */ (data));
  }

  /** @param {Record<string, unknown>} options */
  close({ code, reason }) {
    if (this.state === CLOSED || this.state === CLOSING) return;
    const told = typeof code === "number" ? code : 1000;
    const why = typeof reason === "string" ? reason : "";
    const connected = this.state === OPEN;
    this.state = CLOSING;
    if (connected) this.wire?.close(told, why);
    else {
      this.wire?.drop();
      this.over(told, why);
    }
  }

  /** The connection is gone without a farewell. @param {string} text */
  broken(text) {
    if (this.state === CLOSED) return;
    if (this.state !== CLOSING) this.emit("Error", { errMsg: text });
    this.wire?.drop();
    this.over(1006, "abnormal closure");
  }

  /** @param {number} code @param {string} reason */
  over(code, reason) {
    if (this.state === CLOSED) return;
    clearTimeout(this.timer);
    this.state = CLOSED;
    this.sockets.open.delete(this);
    this.emit("Close", { code, reason });
  }
}
