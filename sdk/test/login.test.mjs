import { describe, expect, it } from "vitest";
import { loadSdk, WAYS } from "./support/cell.mjs";
import { BASE, ok, problem } from "./support/tiny.mjs";
import { codeOf, many, open } from "./support/ways.mjs";

const STORED = `menjin:${BASE}`;

/** Like `open`, with what the SDK logs. */
function openLogged(way, options) {
  const events = [];
  const logger = (event, details) => events.push([event, details]);
  return { events, ...open(way, { logger, ...options }) };
}

describe.each(WAYS)("login, $way", (way) => {
  it("logs in once for 100 cold requests, and all get their answer", async () => {
    const { menjin, phone, server } = openLogged(way);
    const answers = await many(100, (at) => menjin.request({ url: `/things/${at}` }));
    expect(answers.map((answer) => answer.data.path)).toEqual(Array.from({ length: 100 }, (_, at) => `/things/${at}`));
    expect([phone.logins, server.count("POST", "/v1/sessions")]).toEqual([1, 1]);
  });

  it("logs in once for 100 parallel 401s, and replays each once", async () => {
    const { menjin, phone, server } = openLogged(way, { delay: () => Math.random() * 20 });
    await menjin.ready();
    server.end("session_expired");
    const answers = await many(100, () => menjin.request({ url: "/things" }));
    expect(answers.every((answer) => answer.statusCode === 200)).toBe(true);
    expect(phone.logins).toBe(2);
    expect(server.count("GET", "/things")).toBe(200);
  });

  it("takes a late 401 for an older token as a reason to replay, not to log in", async () => {
    let slow;
    const delay = (call, way) => (call.path === "/slow" && way === "back" ? slow : 1);
    const { menjin, phone, server } = openLogged(way, { delay });
    await menjin.ready();
    server.end("session_expired");
    slow = 150;
    const late = menjin.request({ url: "/slow" });
    await menjin.request({ url: "/quick" });
    expect(phone.logins).toBe(2);
    slow = 1;
    expect((await late).statusCode).toBe(200);
    expect(phone.logins).toBe(2);
    expect(server.count("GET", "/slow")).toBe(2);
  });

  it("tries twice, with one clear error, against a server that always says 401", async () => {
    const { menjin, phone, server } = openLogged(way);
    server.routes.push(({ path }) => path === "/never" && problem(401, "session_expired", "login"));
    expect(await codeOf(menjin.request({ url: "/never" }))).toBe("session_refused");
    expect(server.count("GET", "/never")).toBe(2);
    expect(phone.logins).toBe(2);
  });

  it("does not storm such a server: 300 requests after one another cost a handful of logins", async () => {
    const { menjin, phone, server } = openLogged(way);
    server.routes.push(({ path }) => path === "/never" && problem(401, "session_expired", "login"));
    for (let times = 0; times < (way.oldPromise ? 30 : 300); times++) {
      expect(await codeOf(menjin.request({ url: "/never" }))).toBe("session_refused");
    }
    expect(phone.logins).toBeLessThanOrEqual(5);
  });

  it("says what wx.login said when it fails, and lets the next one try", async () => {
    const { menjin, phone } = openLogged(way);
    phone.login = () => ({ errMsg: "login:fail", errno: 1402101 });
    expect(await codeOf(menjin.ready())).toBe("login_blocked");
    phone.login = undefined;
    expect((await menjin.login()).binding).toBe("bound");
  });

  it("gives all who wait the same error when a login fails, without a login each", async () => {
    const { menjin, phone } = openLogged(way);
    phone.login = () => ({ errMsg: "login:fail network error", errno: 108 });
    const codes = await many(50, () => codeOf(menjin.request({ url: "/things" })));
    expect(new Set(codes)).toEqual(new Set(["network_failed"]));
    expect(phone.logins).toBe(1);
  });

  it("leaves a server alone that says when to come back, unless the app asks", async () => {
    const { menjin, phone, server } = openLogged(way);
    let busy = true;
    const answer = { ...problem(429, "too_many_attempts", "none"), header: { "Retry-After": "60" } };
    server.routes.push(({ path, method }) => busy && method === "POST" && path === "/v1/sessions" && answer);
    for (let times = 0; times < 5; times++) {
      expect(await codeOf(menjin.request({ url: "/things" }))).toBe("too_many_attempts");
    }
    expect(phone.logins).toBe(1);
    await new Promise((done) => setTimeout(done, 1200));
    expect(await codeOf(menjin.ready())).toBe("too_many_attempts");
    expect(phone.logins).toBe(1);
    busy = false;
    await menjin.login();
    expect((await menjin.request({ url: "/things" })).statusCode).toBe(200);
  });

  it("does not wait for ever for wx.login", async () => {
    const { menjin, phone } = openLogged(way, { timeout: 50 });
    phone.login = () => "silence";
    expect(await codeOf(menjin.ready())).toBe("timeout");
  });

  it("asks once more when wx.login succeeds without a code or with a cached result", async () => {
    for (const odd of [{ errMsg: "login:ok" }, { errMsg: "login:ok", code: "used-before", fromCache: true }]) {
      const { menjin, phone, server } = openLogged(way);
      phone.login = (times) => (times === 1 ? odd : undefined);
      expect((await menjin.ready()).binding).toBe("bound");
      expect(phone.logins).toBe(2);
      expect(server.calls.some((call) => call.data?.login_code === "used-before")).toBe(false);
    }
  });

  it("refuses a login that is only ever served from a cache", async () => {
    const { menjin, phone, server } = openLogged(way);
    phone.login = () => ({ errMsg: "login:ok", code: "used-before", fromCache: true });
    expect(await codeOf(menjin.ready())).toBe("login_failed");
    expect([phone.logins, server.calls.length]).toEqual([2, 0]);
  });

  it("asks for a lost answer again with the same code and the same Idempotency-Key", async () => {
    const { menjin, phone, server } = openLogged(way);
    const seen = [];
    server.routes.push(({ path, method, data, key }) => {
      if (path !== "/v1/sessions" || method !== "POST") return undefined;
      seen.push([data.login_code, key]);
      return seen.length === 1 ? { errMsg: "request:fail timeout", errno: 5 } : undefined;
    });
    await menjin.ready();
    expect(phone.logins).toBe(1);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0][1]).toMatch(/^[\w-]{22,128}$/);
  });

  it("takes a fresh code after login_code_used, once", async () => {
    const { menjin, phone, server } = openLogged(way);
    let refusals = 0;
    server.routes.push(
      ({ path, method }) =>
        path === "/v1/sessions" && method === "POST" && refusals++ < 1 && problem(409, "login_code_used", "login"),
    );
    await menjin.ready();
    expect(phone.logins).toBe(2);
    const other = openLogged(way);
    other.server.routes.push(({ path }) => path === "/v1/sessions" && problem(409, "login_code_used", "login"));
    expect(await codeOf(other.menjin.ready())).toBe("login_code_used");
    expect(other.phone.logins).toBe(2);
  });

  it("takes no second code for a person who is blocked", async () => {
    const { menjin, phone, server } = openLogged(way);
    server.routes.push(({ path }) => path === "/v1/sessions" && problem(403, "user_blocked", "none"));
    expect(await codeOf(menjin.ready())).toBe("user_blocked");
    expect(phone.logins).toBe(1);
  });

  it("stays out after replaced and kicked_out, also after a restart, until the app logs in", async () => {
    for (const code of ["replaced", "kicked_out", "signed_out"]) {
      const told = [];
      const { menjin, phone, server, sdk } = openLogged(way, { onSignedOut: (error) => told.push(error.code) });
      await menjin.ready();
      server.end(code, "none");
      const codes = await many(20, () => codeOf(menjin.request({ url: "/things" })));
      expect(new Set(codes)).toEqual(new Set([code]));
      expect(told).toEqual([code]);
      const restarted = loadSdk(way, phone.wx).createMenjin({ baseURL: BASE });
      expect(await codeOf(restarted.ready())).toBe(code);
      expect(phone.logins).toBe(1);
      expect((await restarted.login()).binding).toBe("bound");
      expect(sdk.isMenjinError(new sdk.MenjinError("aborted"))).toBe(true);
    }
  });

  it("asks menjin why, before it logs in, when a business answers 401 in its own way", async () => {
    const { menjin, phone, server } = openLogged(way);
    await menjin.ready();
    server.routes.push(
      ({ path, token }, { sessions }) =>
        path.startsWith("/shop") && !sessions.has(token) && { statusCode: 401, header: {}, data: { error: 1001 } },
    );
    server.end("replaced", "none");
    const codes = await many(20, () => codeOf(menjin.request({ url: "/shop/orders" })));
    expect(new Set(codes)).toEqual(new Set(["replaced"]));
    expect(phone.logins).toBe(1);
  });

  it("ends no session for a 401 that does not say so", async () => {
    const { menjin, phone, server } = openLogged(way);
    await menjin.ready();
    server.routes.push(({ path }) => path === "/relay" && problem(401, "client_invalid", "none"));
    expect(await codeOf(menjin.request({ url: "/relay" }))).toBe("client_invalid");
    expect((await menjin.request({ url: "/things" })).statusCode).toBe(200);
    expect(phone.logins).toBe(1);
  });

  it("heals a business's own 401 by one login when the session has expired", async () => {
    const { menjin, phone, server } = openLogged(way);
    await menjin.ready();
    server.routes.push(
      ({ path, token }, { sessions }) =>
        path.startsWith("/shop") && !sessions.has(token) && { statusCode: 401, header: {}, data: "" },
    );
    server.end("session_expired");
    await many(20, () => menjin.request({ url: "/shop/orders" }));
    expect(phone.logins).toBe(2);
    expect(server.count("GET", "/v1/session")).toBe(1);
  });

  it("does not log in for a 401 that has nothing to do with the session", async () => {
    const { menjin, phone, server } = openLogged(way);
    await menjin.ready();
    server.routes.push(({ path }) => path === "/door" && { statusCode: 401, header: {}, data: { error: "wrong PIN" } });
    const error = await menjin.request({ url: "/door" }).catch((failed) => failed);
    expect([error.code, error.response]).toEqual(["unauthorized", { error: "wrong PIN" }]);
    expect([phone.logins, server.count("GET", "/door")]).toEqual([1, 1]);
  });

  it("forgets on logout at once, tells the server, and drops a login that comes back later", async () => {
    const { menjin, phone, server } = openLogged(way, { delay: () => 20 });
    await menjin.ready();
    server.end("session_expired");
    const waiting = codeOf(menjin.request({ url: "/things" }));
    await new Promise((done) => setTimeout(done, 70)); // the login is under way
    await menjin.logout();
    expect(await waiting).toBe("signed_out");
    await new Promise((done) => setTimeout(done, 120));
    expect(menjin.current()).toBeUndefined();
    expect(phone.storage.get(STORED).token).toBeUndefined();
    expect(server.sessions.size).toBe(0);
  });

  it("logs in once for ten login({ force }) at once", async () => {
    const { menjin, phone } = openLogged(way);
    await menjin.ready();
    await many(10, () => menjin.login({ force: true }));
    expect(phone.logins).toBe(2);
    await menjin.login();
    expect(phone.logins).toBe(2);
  });

  it("spreads its login after session_invalid, since the server may have lost all sessions", async () => {
    const { menjin, phone, server } = openLogged(way, { spread: 400 });
    await menjin.ready();
    const waits = [];
    for (let times = 0; times < 6; times++) {
      server.sessions.clear();
      const began = performance.now();
      await menjin.request({ url: "/things" });
      waits.push(performance.now() - began);
    }
    expect(phone.logins).toBe(7);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(30);
  });

  it("shares one login and one token between several instances", async () => {
    const { menjin, start, phone } = openLogged(way);
    const other = start();
    await Promise.all([menjin.ready(), other.ready(), other.request({ url: "/things" })]);
    expect(phone.logins).toBe(1);
  });

  it("takes over the token that another copy of the SDK has put into storage", async () => {
    const { menjin, phone, server } = openLogged(way);
    const copy = loadSdk(way, phone.wx).createMenjin({ baseURL: BASE, spread: 0 });
    await menjin.ready();
    await copy.ready();
    expect(phone.logins).toBe(1);
    server.end("session_expired");
    await copy.request({ url: "/things" });
    await menjin.request({ url: "/things" });
    expect(phone.logins).toBe(2);
  });

  it("keeps two servers of one app apart", async () => {
    const { menjin, start, phone } = openLogged(way);
    await menjin.ready();
    await start({ baseURL: "https://other.example.com" }).ready();
    expect([phone.logins, phone.storage.size]).toEqual([2, 2]);
  });

  it("sends a tenant, this phone's id and its label with the login, and keeps the id", async () => {
    const { menjin, server } = openLogged(way, { tenant: () => "hotel-7" });
    await menjin.login();
    await menjin.logout();
    await menjin.login();
    const [first, second] = server.calls.filter((call) => call.path === "/v1/sessions").map((call) => call.data);
    expect(first).toMatchObject({ appid: "wxde30000000000001", tenant: "hotel-7", device: { label: "iPhone 15" } });
    expect(first.device.id).toMatch(/^[\w-]{16,64}$/);
    expect(second.device.id).toBe(first.device.id);
  });

  it("sends a label as far as it is plain, since no login is to fail for the name of a phone", async () => {
    for (const [model, label] of [
      ["荣耀 X50\u0000\u2028", "荣耀 X50"],
      ["\u0007", ""],
      ["", ""],
    ]) {
      const { menjin, server, phone } = openLogged(way);
      phone.wx.getDeviceInfo = () => ({ model });
      await menjin.login();
      const { device } = server.calls.find((call) => call.path === "/v1/sessions").data;
      expect(device.label).toBe(label);
    }
  });

  it("puts no token, code or key into a log or an error", async () => {
    const { menjin, server, events } = openLogged(way);
    await menjin.ready();
    server.end("session_expired");
    await menjin.request({ url: "/things" });
    server.end("replaced", "none");
    const error = await menjin.request({ url: "/things" }).catch((failed) => failed);
    const told = JSON.stringify([events, error, String(error), error.stack]);
    expect(told).toContain("replaced");
    expect(told).not.toMatch(/mjs_|code-\d/);
    expect(ok().statusCode).toBe(200);
  });
});
