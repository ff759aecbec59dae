/** A server that does what the path says, for the tests of wx.request. */

import { createHash } from "node:crypto";
import http from "node:http";
import { gzipSync } from "node:zlib";

/** @typedef {{ url: string, most: () => number, arrived: (path: string) => boolean,
 *   close: () => Promise<void> }} Server */

/** @returns {Promise<Server>} */
export async function startServer() {
  const counted = { now: 0, most: 0 };
  const sockets = new Set();
  const paths = new Set();
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://here");
    paths.add(url.pathname);
    if (url.pathname === "/slow") count(counted, response);
    const route = ROUTES[url.pathname.split("/")[1] ?? ""] ?? ROUTES.missing;
    /** @type {Buffer[]} */
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => route?.(request, response, url, Buffer.concat(parts)));
  });
  server.on("upgrade", (request, socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    upgrade(request, socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, most: () => counted.most, arrived: (path) => paths.has(path), close };
}

/** @param {{ now: number, most: number }} counted @param {http.ServerResponse} response */
function count(counted, response) {
  counted.now += 1;
  counted.most = Math.max(counted.most, counted.now);
  response.on("close", () => {
    counted.now -= 1;
  });
}

/** @typedef {(request: http.IncomingMessage, response: http.ServerResponse, url: URL, body: Buffer) => void} Route */

/** @type {Record<string, Route>} */
const ROUTES = {
  echo: (request, response, url, body) => {
    const { method, headers, rawHeaders } = request;
    response.setHeader("Content-Type", "application/json");
    response.end(
      JSON.stringify({ method, path: url.pathname + url.search, headers, rawHeaders, body: body.toString("latin1") }),
    );
  },
  status: (_, response, url) => {
    response.statusCode = Number(url.pathname.split("/")[2]);
    response.end('{"a":1}');
  },
  slow: (_, response, url) => {
    setTimeout(() => response.end("late"), Number(url.searchParams.get("ms")));
  },
  hang: () => {},
  reset: (request) => request.socket.destroy(),
  cut: (request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("short");
    setTimeout(() => request.socket.destroy(), 20);
  },
  redirect: (_, response) => {
    response.writeHead(302, { location: "/echo/there" });
    response.end();
  },
  astray: (_, response) => {
    response.writeHead(302, { location: "http://127.0.0.1:99999/" });
    response.end();
  },
  loop: (_, response) => {
    response.writeHead(302, { location: "/loop" });
    response.end();
  },
  bom: (_, response) => response.end('\ufeff{"a":1}'),
  text: (_, response) => response.end("not json {"),
  empty: (_, response) => {
    response.statusCode = 204;
    response.end();
  },
  bytes: (_, response) => response.end(Buffer.from([0, 1, 254, 255])),
  gzip: (_, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync('{"packed":true}'));
  },
  cookies: (_, response) => {
    response.setHeader("Set-Cookie", ["a=1; Path=/", "b=2"]);
    response.end("{}");
  },
  chunks: (_, response) => {
    response.write("one");
    setTimeout(() => response.end("two"), 30);
  },
  "picture.png": (_, response) => response.end(Buffer.from([137, 80, 78, 71])),
  missing: (_, response) => {
    response.statusCode = 404;
    response.end('{"missing":true}');
  },
};

/** @param {http.IncomingMessage} request @param {import("node:stream").Duplex} socket */
function upgrade(request, socket) {
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  if (request.url === "/refused") {
    socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const accepted = request.url === "/forged" ? "forged" : accept;
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
  );
  socket.write(frame(1, Buffer.from(JSON.stringify(request.headers))));
  let waiting = Buffer.alloc(0);
  socket.on("data", (data) => {
    waiting = Buffer.concat([waiting, data]);
    for (let found = unframed(waiting); found; found = unframed(waiting)) {
      waiting = waiting.subarray(found.size);
      answer(socket, found);
    }
  });
}

/** Echo; a text "bye" is answered by a farewell, "drop" by a broken line, "split" in two pieces around a ping. */
/** @param {import("node:stream").Duplex} socket @param {{ opcode: number, body: Buffer }} found */
function answer(socket, { opcode, body }) {
  const said = body.toString();
  if (opcode === 8) socket.end(frame(8, body));
  else if (said === "bye") socket.write(frame(8, Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from("over")])));
  else if (said === "drop") socket.destroy();
  else if (said === "split") {
    socket.write(
      Buffer.concat([frame(1, Buffer.from("sp"), 0), frame(9, Buffer.from("?")), frame(0, Buffer.from("lit"))]),
    );
  } else if (opcode === 1 || opcode === 2) socket.write(frame(opcode, body));
}

/** @param {number} opcode @param {Buffer} body @param {number} [final] */
function frame(opcode, body, final = 128) {
  const head =
    body.length > 125
      ? Buffer.from([final | opcode, 126, body.length >> 8, body.length & 255])
      : Buffer.from([final | opcode, body.length]);
  return Buffer.concat([head, body]);
}

/** @param {Buffer} data */
function unframed(data) {
  if (data.length < 6) return undefined;
  const short = data.readUInt8(1) & 127;
  if (!(data.readUInt8(1) & 128)) throw new Error("a client must mask its frames");
  const [length, start] =
    short === 126 ? [data.readUInt16BE(2), 8] : short === 127 ? [Number(data.readBigUInt64BE(2)), 14] : [short, 6];
  if (data.length < start + length) return undefined;
  const body = Buffer.from(data.subarray(start, start + length));
  const mask = data.subarray(start - 4, start);
  for (let at = 0; at < body.length; at += 1) body[at] = (body[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return { opcode: data.readUInt8(0) & 15, body, size: start + length };
}
