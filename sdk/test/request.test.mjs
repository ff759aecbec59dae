import { describe, expect, it, vi } from "vitest";
import { loadSdk, WAYS } from "./support/cell.mjs";
import { BASE, ok, problem } from "./support/tiny.mjs";
import { codeOf, many, open, pause } from "./support/ways.mjs";

describe.each(WAYS)("requests, $way", (way) => {
  it("takes wx.request's own callbacks, and gives the promise as well", async () => {
    const { menjin } = open(way);
    const told = [];
    const answer = await menjin.request({
      url: "things",
      success: (got) => told.push(["success", got.statusCode]),
      fail: () => told.push("fail"),
      complete: (got) => told.push(["complete", got.data.path]),
    });
    await pause(20);
    expect(answer.errMsg).toBe("request:ok");
    expect(told).toEqual([
      ["success", 200],
      ["complete", "/things"],
    ]);
  });

  it("tells failures to callbacks, and then leaves no promise unhandled", async () => {
    const { menjin, server } = open(way);
    server.routes.push(() => ({ errMsg: "request:fail timeout", errno: 5 }));
    const told = await new Promise((done) => {
      menjin.request({ url: "/things", auth: "none", fail: ({ code, errMsg }) => done([code, errMsg]) });
    });
    expect(told).toEqual(["timeout", "request:fail timeout"]);
  });

  it("passes any status on that is not its own affair, as wx.request does", async () => {
    const { menjin, server } = open(way);
    for (const statusCode of [204, 302, 400, 404, 409, 500, 503]) {
      server.routes = [({ path }) => path === "/odd" && { statusCode, header: {}, data: "x" }];
      expect((await menjin.request({ url: "/odd" })).statusCode).toBe(statusCode);
    }
  });

  it("aborts before the login has ended, under way, and not twice", async () => {
    const { menjin, server } = open(way, { delay: () => 30 });
    const early = menjin.request({ url: "/things" });
    early.abort();
    const error = await early.catch((failed) => failed);
    expect([error.code, error.errMsg]).toEqual(["aborted", "request:fail abort"]);
    await menjin.ready();
    const late = menjin.request({ url: "/things" });
    await pause(way.oldPromise ? 45 : 15);
    late.abort();
    late.abort();
    expect(await codeOf(late)).toBe("aborted");
    await pause(80);
    expect(server.count("GET", "/things")).toBeLessThanOrEqual(1);
  });

  it("keeps the task's listeners through a replay", async () => {
    const { menjin, server, phone } = open(way);
    await menjin.ready();
    const seen = [];
    const plain = phone.wx.request;
    phone.wx.request = (options) => ({
      ...plain(options),
      onHeadersReceived: (listener) => seen.push(listener),
      offHeadersReceived: (listener) => seen.splice(seen.indexOf(listener), 1),
    });
    server.end("session_expired");
    const [stays, goes] = [() => undefined, () => undefined];
    const task = menjin.request({ url: "/things" });
    task.onHeadersReceived(stays);
    task.onHeadersReceived(goes);
    task.offHeadersReceived(goes);
    await task;
    expect(seen.filter((one) => one === stays).length).toBeGreaterThanOrEqual(2);
    expect(seen).not.toContain(goes);
  });

  it("names itself and the request, and leaves the app's own names alone", async () => {
    const { menjin, server } = open(way);
    await menjin.request({ url: "/things", header: { "X-Request-ID": "mine-0001", "Content-Type": "text/plain" } });
    const { header } = server.calls.at(-1);
    expect(header).toMatchObject({ "x-request-id": "mine-0001", "content-type": "text/plain" });
    expect(header["x-menjin-client"]).toMatch(/^js\//);
    expect(header.authorization).toMatch(/^Bearer mjs_/);
    expect(server.calls[0].header["x-request-id"]).toMatch(/^[\w-]{8,64}$/);
  });

  it("shows the login to nobody but the server and those who are trusted by name", async () => {
    const { menjin, server, phone } = open(way, { trusted: ["https://shop.example.com"] });
    server.routes.push(({ origin }) => origin !== BASE && ok({ origin }));
    await menjin.ready();
    const strangers = [
      "https://evil.example.com/x",
      "http://api.example.com/x",
      "https://api.example.com.evil.com/x",
      "https://api.example.com@evil.com/x",
      "https://api.example.com:8443/x",
      "https://evil.com\\@api.example.com/x",
      "https://evil.com#https://api.example.com/",
      "https://evil.com?https://api.example.com/",
      "ftp://api.example.com/x",
      "javascript:https://api.example.com/",
    ];
    for (const url of strangers) {
      expect(await codeOf(menjin.request({ url, auth: "required" }))).not.toEqual({ value: expect.anything() });
    }
    await menjin.request({ url: "https://evil.example.com/x" });
    expect(server.calls.at(-1)).toMatchObject({ origin: "https://evil.example.com", token: undefined });
    expect(Object.keys(server.calls.at(-1).header)).toEqual([]);
    await menjin.request({ url: "https://SHOP.example.com/x" });
    expect(server.calls.at(-1).token).toMatch(/^mjs_/);
    for (const url of ["//evil.com/x", "  https://evil.com/", "/\\evil.com", "@evil.com"]) {
      await menjin.request({ url }); // no address of its own: a path of ours
      expect(server.calls.at(-1).origin).toBe(BASE);
    }
    server.calls = server.calls.filter((call) => call.origin !== BASE);
    const shown = server.calls.filter((call) => call.token).map((call) => call.origin);
    expect(new Set(shown)).toEqual(new Set(["https://shop.example.com"]));
    expect(phone.logins).toBe(1);
  });

  it("knows the three kinds: without login, with one if there is one, with one", async () => {
    const { menjin, server, phone } = open(way);
    await menjin.request({ url: "/open/home", auth: "none" });
    await menjin.request({ url: "/open/home", auth: "optional" });
    expect([phone.logins, server.calls.every((call) => !call.token)]).toEqual([0, true]);
    await menjin.ready();
    await menjin.request({ url: "/open/home", auth: "optional" });
    expect(server.calls.at(-1).token).toMatch(/^mjs_/);
    server.end("replaced", "none");
    server.routes.push(({ path, token }) => path === "/open/home" && !token && ok("plain"));
    expect((await menjin.request({ url: "/open/home", auth: "optional" })).data).toBe("plain");
    expect(phone.logins).toBe(1);
  });

  it("waits as Retry-After says, for what may be repeated, and not for ever", async () => {
    const { menjin, server } = open(way);
    await menjin.ready();
    let busy = 1;
    server.routes.push(
      ({ path }) =>
        path === "/busy" &&
        busy-- > 0 && { ...problem(503, "store_unavailable", "none"), header: { "retry-after": "0.05" } },
    );
    expect((await menjin.request({ url: "/busy" })).statusCode).toBe(200);
    busy = 1;
    expect((await menjin.request({ url: "/busy", method: "POST" })).statusCode).toBe(503);
    busy = 1;
    expect(
      (await menjin.request({ url: "/busy", method: "POST", header: { "Idempotency-Key": "k".repeat(22) } }))
        .statusCode,
    ).toBe(200);
    busy = 9;
    expect((await menjin.request({ url: "/busy" })).statusCode).toBe(503);
    expect(busy).toBe(6);
    server.routes = [
      ({ path }) => path === "/busy" && { statusCode: 429, header: { "Retry-After": "3600" }, data: "" },
    ];
    expect((await menjin.request({ url: "/busy" })).statusCode).toBe(429);
  });

  it("logs in for uploads, downloads and sockets too, and replays them", async () => {
    const { menjin, server, phone } = open(way);
    await menjin.ready();
    server.end("session_expired");
    const [up, down] = await Promise.all([
      menjin.uploadFile({ url: "/avatar", filePath: "wxfile://a", name: "file" }),
      menjin.downloadFile({ url: "/picture" }),
    ]);
    expect([up.statusCode, down.statusCode, down.tempFilePath]).toEqual([200, 200, "wxfile://t"]);
    expect(phone.logins).toBe(2);
    server.end("session_expired");
    phone.wx.connectSocket = (options) => {
      phone.socket = options;
      return { send: () => undefined };
    };
    const task = await menjin.connectSocket({ url: "/live" });
    expect(typeof task.send).toBe("function");
    expect(phone.socket.url).toBe("wss://api.example.com/live");
    expect(phone.socket.url).not.toContain("mjs_");
    expect(server.sessions.has(phone.socket.header.authorization.slice(7))).toBe(true);
    expect(phone.logins).toBe(3);
  });

  it("does not log in again for a download that was refused because of another phone", async () => {
    const { menjin, server, phone } = open(way);
    await menjin.ready();
    server.end("replaced", "none");
    expect(await codeOf(menjin.downloadFile({ url: "/picture" }))).toBe("replaced");
    expect(phone.logins).toBe(1);
  });

  it("holds what needs an account until it is bound, asks once, and replays", async () => {
    const asked = [];
    const { menjin, server } = open(way, { onNeedBinding: (error) => void asked.push(error.code) });
    server.binding = "required";
    const waiting = many(20, () => menjin.request({ url: "/members" }));
    await vi.waitFor(() => expect(server.count("GET", "/members")).toBe(20), { timeout: 5000 });
    await menjin.bind({ username: "ming", password: "x" });
    expect((await waiting).map((answer) => answer.statusCode)).toEqual(Array(20).fill(200));
    expect(asked).toEqual(["binding_required"]);
  });

  it("lets the person give up binding, by word or by leaving the page", async () => {
    const words = open(way, { onNeedBinding: () => false });
    words.server.binding = "required";
    expect(await codeOf(words.menjin.request({ url: "/members" }))).toBe("binding_required");
    const leaving = open(way, { onNeedBinding: () => setTimeout(() => leaving.menjin.giveUpBinding(), 10) });
    leaving.server.binding = "required";
    expect(await codeOf(leaving.menjin.request({ url: "/members" }))).toBe("binding_required");
    const nobody = open(way);
    nobody.server.binding = "required";
    expect(await codeOf(nobody.menjin.request({ url: "/members" }))).toBe("binding_required");
  });

  it("loses none of 100 requests while the person binds, however slow the network", async () => {
    const { menjin, server, phone } = open(way, { delay: () => Math.random() * 30 });
    server.binding = "required";
    await menjin.ready();
    const before = many(50, () => menjin.request({ url: "/things" }));
    const bound = menjin.bind({ username: "ming", password: "x" });
    const after = many(50, () => menjin.request({ url: "/things" }));
    await bound;
    for (const answer of [...(await before), ...(await after)]) {
      expect(answer.statusCode).toBe(200);
    }
    expect(phone.logins).toBe(1);
  });

  it("finds out by a login that it is bound, when the answer was lost", async () => {
    const { menjin, server, phone } = open(way);
    server.binding = "required";
    await menjin.ready();
    let lost = 0;
    server.routes.push((call, house) => {
      if (call.path !== "/v1/binding" || lost++) return undefined;
      house.serve(call);
      return { errMsg: "request:fail timeout", errno: 5 };
    });
    expect((await menjin.bind({ username: "ming", password: "x" })).binding).toBe("bound");
    expect(phone.logins).toBe(2);
    expect((await menjin.request({ url: "/things" })).statusCode).toBe(200);
  });

  it("hands over a conflict's choices and ticket as data", async () => {
    const { menjin, server } = open(way);
    const ticket = `mjb_${"t".repeat(32)}`;
    server.routes.push(({ path, data }) => {
      if (path !== "/v1/binding") return undefined;
      return data.bind_ticket
        ? undefined
        : problem(409, "binding_conflict", "none", { choices: ["confirm"], bind_ticket: ticket });
    });
    const tap = { detail: { errMsg: "getPhoneNumber:ok", code: "c".repeat(64) } };
    const error = await menjin.bindPhone(tap).catch((failed) => failed);
    expect(error).toMatchObject({
      code: "binding_conflict",
      status: 409,
      conflict: { choices: ["confirm"], bindTicket: ticket },
    });
    await menjin.bindPhone(null, error.conflict.bindTicket);
    expect(server.calls.at(-1).data).toMatchObject({ method: "phone", bind_ticket: ticket });
  });

  it("follows WeChat's session where asked to", async () => {
    const { menjin, phone, sdk } = open(way, { followWeChat: true });
    await menjin.ready();
    phone.alive = false;
    const restarted = loadSdk(way, phone.wx).createMenjin({ baseURL: BASE, followWeChat: true });
    await many(10, () => restarted.request({ url: "/things" }));
    expect([phone.logins, phone.checks]).toEqual([2, 1]);
    const plain = loadSdk(way, phone.wx).createMenjin({ baseURL: BASE });
    await plain.request({ url: "/things" });
    expect([phone.logins, phone.checks]).toEqual([2, 1]);
    expect(sdk.createMenjin).toBeTypeOf("function");
  });
});
