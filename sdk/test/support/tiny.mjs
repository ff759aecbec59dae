// A hand-written phone and a hand-written menjin, for what the real ones cannot be made to do at the right moment.
import { randomBytes } from "node:crypto";

export const BASE = "https://api.example.com";

const token = () => `mjs_${randomBytes(32).toString("base64url")}`;
export const problem = (status, code, action, more = {}) => ({
  statusCode: status,
  header: { "X-Request-Id": "req-0000001" },
  data: { type: `urn:menjin:problem:${code}`, code, action, status, title: code, request_id: "req-0000001", ...more },
});
export const ok = (data = {}, statusCode = 200) => ({ statusCode, header: {}, data });

/** menjin as far as the SDK can see; `routes` answers for a path first, if it likes to. */
export class TinyMenjin {
  constructor() {
    this.sessions = new Map();
    this.ended = new Map();
    this.calls = [];
    this.codes = new Set();
    this.routes = [];
    this.binding = "bound";
  }

  count(method, path) {
    return this.calls.filter((call) => call.method === method && call.path === path).length;
  }

  open(extra = {}) {
    const session_token = token();
    this.sessions.set(session_token, { binding: this.binding, ...extra });
    return session_token;
  }

  signedIn(session_token) {
    const { binding } = this.sessions.get(session_token);
    const account =
      binding === "bound"
        ? { id: `acc_${"a".repeat(26)}`, external_id: null, phone_masked: null, is_new: false }
        : null;
    return {
      session_token,
      token_type: "Bearer",
      session_id: `ses_${"b".repeat(26)}`,
      expires_in: 604800,
      account,
      binding,
    };
  }

  /** End every session, as `code` will say. */
  end(code, action = "login") {
    for (const name of this.sessions.keys()) {
      this.ended.set(name, [code, action]);
    }
    this.sessions.clear();
  }

  rotate(old) {
    const next = this.open(this.sessions.get(old));
    this.sessions.delete(old);
    this.ended.set(old, ["session_rotated", "retry"]);
    return next;
  }

  answer(call) {
    this.calls.push(call);
    for (const route of this.routes) {
      const reply = route(call, this);
      if (reply) return reply;
    }
    if (call.path === "/v1/sessions" && call.method === "POST") return this.signIn(call);
    const refused = this.refuse(call);
    if (refused) return refused;
    return this.serve(call);
  }

  signIn({ data, key }) {
    if (this.codes.has(data.login_code)) {
      return this.codes.get?.(data.login_code) === key ? this.last : problem(409, "login_code_used", "login");
    }
    this.codes.add(data.login_code);
    this.last = ok(this.signedIn(this.open()), 201);
    return this.last;
  }

  refuse({ token: used, path }) {
    if (!used) return path.startsWith("/open") ? undefined : problem(401, "session_invalid", "login");
    const why = this.ended.get(used);
    if (why) return problem(401, ...why);
    return this.sessions.has(used) ? undefined : problem(401, "session_invalid", "login");
  }

  serve({ method, path, token: used }) {
    if (path === "/v1/session" && method === "GET") return ok(this.signedIn(used));
    if (path === "/v1/session" && method === "DELETE") {
      this.sessions.delete(used);
      this.ended.set(used, ["signed_out", "none"]);
      return ok("", 204);
    }
    if (path === "/v1/binding" && method === "POST") {
      this.binding = "bound";
      const next = this.rotate(used);
      this.sessions.get(next).binding = "bound";
      return ok(this.signedIn(next));
    }
    if (path === "/members" && this.sessions.get(used).binding !== "bound")
      return problem(403, "binding_required", "bind");
    return ok({ path });
  }
}

/** A phone before one server. `delay` may look at a call and say how long its answer takes. */
export function makePhone(menjin, { delay = () => 1 } = {}) {
  const storage = new Map();
  const phone = { storage, logins: 0, checks: 0, codes: 0, alive: true, login: undefined, requests: 0 };
  const later = (ms, run) => setTimeout(run, ms);

  function request(options) {
    phone.requests++;
    const header = Object.fromEntries(
      Object.entries(options.header || {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const url = new URL(options.url);
    const call = {
      origin: url.origin,
      path: url.pathname,
      method: options.method || "GET",
      header,
      token: (header.authorization || "").replace(/^Bearer /, "") || undefined,
      key: header["idempotency-key"],
      data: options.data,
    };
    let over = false;
    const finish = (reply) => {
      if (over) return;
      over = true;
      if (reply.errMsg && !reply.statusCode) options.fail?.(reply);
      else options.success?.({ errMsg: "request:ok", ...reply });
      options.complete?.(reply);
    };
    later(delay(call, "out"), () => {
      const reply = over ? undefined : menjin.answer(call);
      if (reply && reply !== "silence") later(delay(call, "back"), () => finish(reply));
    });
    return { abort: () => finish({ errMsg: "request:fail abort" }), onHeadersReceived() {}, offHeadersReceived() {} };
  }

  phone.wx = {
    login(options) {
      phone.logins++;
      const scripted = phone.login?.(phone.logins, options);
      if (scripted === "silence") return;
      const result = scripted || { code: `code-${phone.logins}-${Math.random()}`, errMsg: "login:ok" };
      later(1, () => (/:fail/.test(result.errMsg) ? options.fail : options.success)(result));
    },
    checkSession(options) {
      phone.checks++;
      later(1, () =>
        phone.alive ? options.success({ errMsg: "checkSession:ok" }) : options.fail({ errMsg: "checkSession:fail" }),
      );
    },
    request,
    uploadFile: (options) => request({ ...options, method: "POST" }),
    downloadFile: (options) =>
      request({
        ...options,
        success: ({ data: _, ...rest }) => options.success({ ...rest, tempFilePath: "wxfile://t" }),
      }),
    connectSocket: (options) => {
      phone.socket = options;
      return { send() {}, close() {} };
    },
    getStorageSync: (key) => structuredClone(storage.get(key) ?? ""),
    setStorageSync: (key, data) => void storage.set(key, structuredClone(data)),
    removeStorageSync: (key) => void storage.delete(key),
    getAccountInfoSync: () => ({ miniProgram: { appId: "wxde30000000000001", envVersion: "develop", version: "" } }),
    getDeviceInfo: () => ({ model: "iPhone 15" }),
    getSetting() {},
    authorize() {},
    openSetting() {},
    showModal() {},
  };
  return phone;
}
