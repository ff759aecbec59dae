/** A WebSocket client (RFC 6455) on node:http: Node 20 has none of its own, and none sets headers. */

import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import https from "node:https";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [TEXT, BINARY, CLOSE, PING, PONG] = [1, 2, 8, 9, 10];
const MOST_BYTES = 64 * 1024 * 1024;

/** @type {import("./socket.js").Dial} */
export const nodeDial = (url, { headers, protocols }, ears) => {
  const key = randomBytes(16).toString("base64");
  const target = new URL(url.replace(/^ws/i, "http"));
  const offered = protocols.length ? { "Sec-WebSocket-Protocol": protocols.join(", ") } : {};
  const request = (target.protocol === "https:" ? https : http).request(target, {
    agent: false,
    headers: {
      ...headers,
      ...offered,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
    },
  });
  /** @type {Frames | undefined} */
  let frames;
  request.on("error", (error) => ears.error(error.message));
  request.on("response", (response) => {
    response.resume();
    ears.error(`Unexpected response code: ${response.statusCode}`);
  });
  request.on("upgrade", (response, socket, head) => {
    const expected = createHash("sha1")
      .update(key + MAGIC)
      .digest("base64");
    if (response.headers["sec-websocket-accept"] !== expected) {
      socket.destroy();
      ears.error("Error during WebSocket handshake: Incorrect 'Sec-WebSocket-Accept' header value");
      return;
    }
    frames = new Frames(socket, ears);
    ears.open({ header: /** @type {Record<string, string>} */ ({ ...response.headers }) });
    if (head.length) frames.feed(head);
  });
  request.end();
  return {
    send: (data) =>
      typeof data === "string" ? frames?.write(TEXT, Buffer.from(data)) : frames?.write(BINARY, Buffer.from(data)),
    close: (code, reason) => frames?.farewell(code, reason),
    drop: () => {
      request.destroy();
      frames?.socket.destroy();
    },
  };
};

/** Frames in and out of one connection. */
class Frames {
  /** @param {import("node:stream").Duplex} socket @param {import("./socket.js").Ears} ears */
  constructor(socket, ears) {
    this.socket = socket;
    this.ears = ears;
    this.waiting = Buffer.alloc(0);
    /** @type {Buffer[]} */
    this.parts = [];
    this.kind = 0;
    /** @type {[number, string] | undefined} */
    this.said = undefined;
    socket.on("data", (data) => this.feed(data));
    socket.on("error", () => {});
    socket.on("close", () => this.ears.close(...(this.said ?? [1006, "abnormal closure"])));
  }

  /** @param {Buffer} data */
  feed(data) {
    this.waiting = Buffer.concat([this.waiting, data]);
    for (let frame = this.next(); frame; frame = this.next()) this.take(frame);
  }

  /** Cut the next whole frame off what has come. @returns {{ final: boolean, opcode: number, body: Buffer } | undefined} */
  next() {
    const { waiting } = this;
    const [start, length] = extent(waiting);
    if (length > MOST_BYTES) {
      this.farewell(1009, "");
      return undefined;
    }
    if (waiting.length < start + length) return undefined;
    const first = waiting.readUInt8(0);
    this.waiting = waiting.subarray(start + length);
    return { final: first >= 128, opcode: first & 15, body: waiting.subarray(start, start + length) };
  }

  /** @param {{ final: boolean, opcode: number, body: Buffer }} frame */
  take({ final, opcode, body }) {
    if (opcode === CLOSE) return this.closed(body);
    if (opcode === PING) return this.write(PONG, body);
    if (opcode === PONG) return undefined;
    if (opcode) this.kind = opcode;
    this.parts.push(body);
    if (!final) return undefined;
    const whole = Buffer.concat(this.parts);
    this.parts = [];
    this.ears.message(this.kind === TEXT ? whole.toString("utf8") : new Uint8Array(whole).buffer);
    return undefined;
  }

  /** @param {Buffer} body */
  closed(body) {
    const code = body.length >= 2 ? body.readUInt16BE(0) : 1005;
    this.said ??= [code, body.subarray(2).toString("utf8")];
    this.write(CLOSE, body.subarray(0, 2));
    this.socket.end();
  }

  /** @param {number} code @param {string} reason */
  farewell(code, reason) {
    const body = Buffer.alloc(2 + Buffer.byteLength(reason));
    body.writeUInt16BE(code, 0);
    body.write(reason, 2);
    this.said = [code, reason];
    this.write(CLOSE, body);
    // A server that never answers the farewell is not waited for.
    setTimeout(() => this.socket.destroy(), 2000).unref();
  }

  /** Send one frame, masked as a client must. @param {number} opcode @param {Buffer} body */
  write(opcode, body) {
    if (this.socket.destroyed || this.socket.writableEnded) return undefined;
    const mask = randomBytes(4);
    const extended = body.length > 65_535 ? 8 : body.length > 125 ? 2 : 0;
    const head = Buffer.alloc(2 + extended);
    head.writeUInt8(128 | opcode, 0);
    head.writeUInt8(128 | (extended === 8 ? 127 : extended === 2 ? 126 : body.length), 1);
    if (extended === 2) head.writeUInt16BE(body.length, 2);
    if (extended === 8) head.writeBigUInt64BE(BigInt(body.length), 2);
    const masked = Buffer.from(body);
    for (let at = 0; at < masked.length; at += 1) masked[at] = (masked[at] ?? 0) ^ (mask[at & 3] ?? 0);
    this.socket.write(Buffer.concat([head, mask, masked]));
    return undefined;
  }
}

/**
 * Where a frame's body begins and how long it is; what has not come yet lets it begin behind the end.
 * @param {Buffer} frame
 * @returns {[number, number]}
 */
function extent(frame) {
  const short = frame.length < 2 ? 0 : frame.readUInt8(1) & 127;
  if (short < 126) return [2, short];
  const start = short === 126 ? 4 : 10;
  if (frame.length < start) return [start, 0];
  return [start, short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2))];
}
