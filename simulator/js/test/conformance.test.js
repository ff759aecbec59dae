import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWx, startWxsim } from "../src/index.js";
import calls from "./cases/calls.js";
import facts from "./cases/facts.js";
import files from "./cases/files.js";
import login from "./cases/login.js";
import privacy from "./cases/privacy.js";
import requests from "./cases/requests.js";
import scopes from "./cases/scopes.js";
import sockets from "./cases/sockets.js";
import storage from "./cases/storage.js";
import taps from "./cases/taps.js";
import ui from "./cases/ui.js";
import { runBare, runHere } from "./realms.js";
import { startServer } from "./server.js";

const APPID = "wxde30000000000001";
const cases = { calls, facts, files, login, privacy, requests, scopes, sockets, storage, taps, ui };

/** @type {import("../src/start.js").Started} */
let simulator;
/** @type {import("./server.js").Server} */
let server;
let people = 0;

beforeAll(async () => {
  [simulator, server] = await Promise.all([startWxsim(), startServer()]);
  // Time is turned, never waited for: a slow machine changes nothing.
  await simulator.sim("clock", { frozen: true });
  await simulator.sim(`apps/${APPID}`, {
    domains: [server.url, server.url.replace("http", "ws"), "http://127.0.0.1:1"],
  });
});
afterAll(async () => {
  await Promise.all([simulator?.stop(), server?.close()]);
});

/** @param {Record<string, unknown>} options @returns {Promise<import("./realms.js").Kit>} */
async function kit(options) {
  people += 1;
  const person = `p${people}`;
  await simulator.sim("people", { name: person, phone: `1380000${String(people).padStart(4, "0")}` });
  const make = (more = {}) => createWx({ simulator: simulator.url, person, onWarning: () => {}, ...options, ...more });
  return {
    wx: make(),
    make,
    person,
    server: server.url,
    simulator: simulator.url,
    sim: simulator.sim,
    expect,
    text: expect.any(String),
    most: server.most,
    arrived: (path) => server.arrived(path),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    outcome: (call, given = {}) => new Promise((resolve) => call({ ...given, complete: resolve })),
  };
}

const ways = [
  { way: "here", run: runHere, options: {} },
  { way: "in a bare context", run: runBare, options: {} },
  { way: "by way of the simulator", run: runHere, options: { viaSimulator: true } },
];

describe.each(ways)("$way", ({ way, run, options }) => {
  for (const [group, list] of Object.entries(cases)) {
    const mine = list.filter((one) => (one.where ? one.where.includes(way) : way !== "by way of the simulator"));
    describe.skipIf(mine.length === 0)(group, () => {
      for (const one of mine) test(one.name, async () => run(one, await kit(options)));
    });
  }
});
