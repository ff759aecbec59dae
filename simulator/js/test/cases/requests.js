// @ts-nocheck -- what a mini program writes: untyped, as most of them are
const EVERYWHERE = ["here", "in a bare context", "by way of the simulator"];
const STRAIGHT = ["here", "in a bare context"];

/** wx.request. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "success for any status, with data, statusCode, header, cookies",
    where: EVERYWHERE,
    run: async ({ wx, expect, server }) => {
      for (const status of [200, 201, 400, 401, 403, 404, 409, 429, 500, 503]) {
        const result = await new Promise((success, fail) =>
          wx.request({ url: `${server}/status/${status}`, success, fail }),
        );
        expect(result).toMatchObject({ statusCode: status, data: { a: 1 }, cookies: [], errMsg: "request:ok" });
        expect(typeof result.header).toBe("object");
      }
    },
  },
  {
    name: "GET by default; data goes into the query, escaped, nested values as JSON, undefined as text",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const data = { a: "ü +&", n: 1, o: { b: [1] }, t: true, z: null };
      const { data: seen } = await outcome(wx.request, { url: `${server}/echo?x=1#part`, data });
      expect(seen.method).toBe("GET");
      expect(seen.path).toBe("/echo?x=1&a=%C3%BC%20%2B%26&n=1&o=%7B%22b%22%3A%5B1%5D%7D&t=true&z=null");
      expect(seen.body).toBe("");
      expect(seen.headers["content-type"]).toBe("application/json");
      const second = await outcome(wx.request, { url: `${server}/echo`, data: { a: undefined } });
      expect(second.data.path).toBe("/echo?a=undefined");
    },
  },
  {
    name: "POST sends JSON, a form, a string or bytes",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const post = async (data, header) =>
        (await outcome(wx.request, { url: `${server}/echo`, method: "POST", data, header })).data;
      expect(await post({ a: "x", u: undefined })).toMatchObject({ body: '{"a":"x"}' });
      expect(await post([1, 2])).toMatchObject({ body: "[1,2]" });
      expect(await post("as it is")).toMatchObject({ body: "as it is" });
      const form = { "Content-Type": "application/x-www-form-urlencoded" };
      const sent = await post({ a: "1 +", b: { c: 1 } }, form);
      expect(sent.body).toBe("a=1%20%2B&b=%7B%22c%22%3A1%7D");
      expect(sent.headers["content-type"]).toBe("application/x-www-form-urlencoded");
      const bytes = wx.base64ToArrayBuffer("AAH+/w==");
      expect((await post(bytes)).body).toBe("\u0000\u0001\u00fe\u00ff");
      expect((await post()).body).toBe("");
    },
  },
  {
    name: "the methods there are, and no PATCH",
    where: STRAIGHT,
    run: async ({ wx, expect, outcome, server }) => {
      for (const method of ["OPTIONS", "GET", "POST", "PUT", "DELETE", "TRACE", "post"]) {
        const { data } = await outcome(wx.request, { url: `${server}/echo`, method });
        expect(data.method).toBe(method.toUpperCase());
      }
      const head = await outcome(wx.request, { url: `${server}/echo`, method: "HEAD" });
      expect(head).toMatchObject({ statusCode: 200, data: "" });
      expect(await outcome(wx.request, { url: `${server}/echo`, method: "PATCH" })).toEqual({
        errMsg: "request:fail invalid method",
        errno: 1001,
      });
    },
  },
  {
    name: "the runtime sets Referer, whatever the mini program says",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const header = { referer: "https://evil.example/", REFERER: "x", Host: "evil.example", "X-Own": 3, "X-No": true };
      const { data } = await outcome(wx.request, { url: `${server}/echo`, header });
      expect(data.headers.referer).toBe("https://servicewechat.com/wxde30000000000001/1/page-frame.html");
      expect(data.rawHeaders.filter((name) => name.toLowerCase() === "referer")).toHaveLength(1);
      expect(data.headers.host).toMatch(/^127\.0\.0\.1:/);
      expect(data.headers["x-own"]).toBe("3");
      expect(data.headers["x-no"]).toBe("[object Boolean]");
    },
  },
  {
    name: "Referer names the version: 0 for what is no release, devtools, or the release's number",
    where: STRAIGHT,
    run: async ({ make, expect, outcome, server }) => {
      const referer = async (options) =>
        (await outcome(make(options).request, { url: `${server}/echo` })).data.headers.referer.split("/")[4];
      expect(await referer({ envVersion: "develop" })).toBe("0");
      expect(await referer({ envVersion: "trial" })).toBe("0");
      expect(await referer({ platform: "devtools" })).toBe("devtools");
      expect(await referer({ releaseNumber: 23 })).toBe("23");
    },
  },
  {
    name: "content-type in any case, and a cookie only if one sends it",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const first = await outcome(wx.request, { url: `${server}/cookies` });
      expect(first.cookies).toEqual(["a=1; Path=/", "b=2"]);
      expect(first.header["Set-Cookie"]).toBe("a=1; Path=/,b=2");
      const header = { "CONTENT-TYPE": "text/plain" };
      const { data } = await outcome(wx.request, { url: `${server}/echo`, method: "POST", data: "x", header });
      expect(data.headers["content-type"]).toBe("text/plain");
      expect(data.headers.cookie).toBeUndefined();
    },
  },
  {
    name: "dataType json parses what it can; a BOM is stripped; anything else is left alone",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const get = async (path, more = {}) => (await outcome(wx.request, { url: `${server}/${path}`, ...more })).data;
      expect(await get("bom")).toEqual({ a: 1 });
      expect(await get("text")).toBe("not json {");
      expect(await get("empty")).toBe("");
      expect(await get("status/200", { dataType: "其他" })).toBe('{"a":1}');
      expect(await get("gzip")).toEqual({ packed: true });
    },
  },
  {
    name: "responseType arraybuffer gives bytes",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const { data } = await outcome(wx.request, { url: `${server}/bytes`, responseType: "arraybuffer" });
      expect(Object.prototype.toString.call(data)).toBe("[object ArrayBuffer]");
      expect(wx.arrayBufferToBase64(data)).toBe("AAH+/w==");
    },
  },
  {
    name: "ten at once; what is beyond waits its turn, and nothing is lost",
    where: STRAIGHT,
    run: async ({ wx, expect, outcome, server, most }) => {
      const all = await Promise.all(
        Array.from({ length: 35 }, () => outcome(wx.request, { url: `${server}/slow?ms=30` })),
      );
      expect(all.every((one) => one.statusCode === 200 && one.data === "late")).toBe(true);
      expect(most()).toBe(10);
    },
  },
  {
    name: "timeout: of the call, else of app.json",
    where: EVERYWHERE,
    run: async ({ wx, make, expect, outcome, server }) => {
      const failed = { errMsg: "request:fail timeout", errno: 5 };
      expect(await outcome(wx.request, { url: `${server}/hang`, timeout: 80 })).toEqual(failed);
      const short = make({ timeouts: { request: 80 } });
      expect(await outcome(short.request, { url: `${server}/hang` })).toEqual(failed);
      expect(await outcome(short.request, { url: `${server}/slow?ms=150`, timeout: 5000 })).toMatchObject({
        errMsg: "request:ok",
      });
    },
  },
  {
    name: "abort: under way, in the queue, and after the end",
    where: STRAIGHT,
    run: async ({ wx, expect, outcome, server }) => {
      const failed = { errMsg: "request:fail abort" };
      expect(await outcome((more) => wx.request({ url: `${server}/hang`, ...more }).abort())).toEqual(failed);
      const blocking = Array.from({ length: 10 }, () => wx.request({ url: `${server}/hang` }));
      const queued = outcome((more) => {
        const task = wx.request({ url: `${server}/echo`, ...more });
        setTimeout(() => task.abort(), 30);
      });
      expect(await queued).toEqual(failed);
      for (const task of blocking) task.abort();
      let told = 0;
      let task;
      await new Promise((resolve) => {
        task = wx.request({
          url: `${server}/echo`,
          complete: () => {
            told += 1;
            resolve();
          },
        });
      });
      task.abort();
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(told).toBe(1);
    },
  },
  {
    name: "what is broken off at once is never sent",
    where: STRAIGHT,
    run: async ({ wx, expect, outcome, server, arrived }) => {
      expect(await outcome((more) => wx.request({ url: `${server}/echo/early`, ...more }).abort())).toEqual({
        errMsg: "request:fail abort",
      });
      expect(await outcome(wx.request, { url: `${server}/echo/late` })).toMatchObject({ statusCode: 200 });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(arrived("/echo/late")).toBe(true);
      expect(arrived("/echo/early")).toBe(false);
    },
  },
  {
    name: "an abort gives its place back",
    where: STRAIGHT,
    run: async ({ wx, expect, outcome, server }) => {
      const tasks = Array.from({ length: 12 }, () => wx.request({ url: `${server}/hang` }));
      for (const task of tasks) task.abort();
      expect(await outcome(wx.request, { url: `${server}/echo` })).toMatchObject({ statusCode: 200 });
    },
  },
  {
    name: "what a broken transport looks like",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const failure = async (url) => outcome(wx.request, { url });
      const form = (code, name) => ({
        errMsg: `request:fail errcode:${code} cronet_error_code:${code} error_msg:net::${name}`,
        errno: 600001,
      });
      expect(await failure("http://127.0.0.1:1/")).toEqual(form(-102, "ERR_CONNECTION_REFUSED"));
      expect(await failure(`${server}/reset`)).toEqual(form(-324, "ERR_EMPTY_RESPONSE"));
      expect(await failure(`${server}/cut`)).toEqual(form(-354, "ERR_CONTENT_LENGTH_MISMATCH"));
      // Nowhere to be redirected to; by way of the simulator it is no domain of the app's in the first place.
      expect([600001, 600002]).toContain((await failure(`${server}/astray`)).errno);
      expect(await failure(`${server}/loop`)).toEqual(form(-310, "ERR_TOO_MANY_REDIRECTS"));
    },
  },
  {
    name: "bad addresses and bad data",
    where: STRAIGHT,
    run: async ({ wx, expect, outcome, server }) => {
      expect(await outcome(wx.request, {})).toEqual({
        errMsg: "request:fail parameter error: parameter.url should be String instead of Undefined;",
        errno: 1001,
      });
      for (const url of ["", "/relative", "ftp://x/", "http://", "http://a:b@127.0.0.1/", "http://127.0.0.1:99999/"]) {
        expect(await outcome(wx.request, { url })).toEqual({
          errMsg: `request:fail invalid url "${url}"`,
          errno: 600009,
        });
      }
      expect(await outcome(wx.request, { url: `${server}/echo`, data: () => {} })).toEqual({
        errMsg: "request:fail data should not be Function",
        errno: 600010,
      });
    },
  },
  {
    name: "redirects are followed, or handed over",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      expect((await outcome(wx.request, { url: `${server}/redirect` })).data.path).toBe("/echo/there");
      const manual = await outcome(wx.request, { url: `${server}/redirect`, redirect: "manual" });
      expect(manual.statusCode).toBe(302);
      const posted = await outcome(wx.request, { url: `${server}/redirect`, method: "POST", data: { a: 1 } });
      expect(posted.data).toMatchObject({ method: "GET", body: "" });
    },
  },
  {
    name: "RequestTask tells of headers, and of chunks where they were asked for",
    where: STRAIGHT,
    run: async ({ wx, expect, server, sleep }) => {
      const heads = [];
      const chunks = [];
      const listener = (head) => heads.push(head);
      const silent = () => heads.push("never");
      const result = await new Promise((success) => {
        const task = wx.request({ url: `${server}/chunks`, enableChunked: true, dataType: "text", success });
        task.onHeadersReceived(listener);
        task.onHeadersReceived(silent);
        task.offHeadersReceived(silent);
        task.onChunkReceived(({ data }) => chunks.push(wx.arrayBufferToBase64(data)));
      });
      await sleep(20);
      expect(heads).toHaveLength(1);
      expect(heads[0]).toMatchObject({ statusCode: 200, cookies: [] });
      expect(chunks).toEqual(["b25l", "dHdv"]);
      expect(result.data).toBe("");
    },
  },
  {
    name: "domains are checked where that is asked for, to the port",
    where: STRAIGHT,
    run: async ({ make, expect, outcome, server }) => {
      const wx = make({ urlCheck: true });
      expect(await outcome(wx.request, { url: `${server}/echo` })).toMatchObject({ statusCode: 200 });
      const refused = { errMsg: "request:fail url not in domain list", errno: 600002 };
      for (const url of ["https://api.example.com/", server.replace("127.0.0.1", "localhost"), "http://127.0.0.1/"]) {
        expect(await outcome(wx.request, { url })).toEqual(refused);
      }
    },
  },
  {
    name: "by way of the simulator only the app's domains are reached, redirects included",
    where: ["by way of the simulator"],
    run: async ({ wx, expect, outcome, server }) => {
      const refused = { errMsg: "request:fail url not in domain list", errno: 600002 };
      expect(await outcome(wx.request, { url: "https://api.example.com/" })).toEqual(refused);
      expect(await outcome(wx.request, { url: server.replace("127.0.0.1", "localhost") })).toEqual(refused);
    },
  },
  {
    name: "without a network requests fail; those under way are cut off",
    where: STRAIGHT,
    run: async ({ wx, expect, outcome, server, sleep }) => {
      const changes = [];
      wx.onNetworkStatusChange((change) => changes.push(change));
      const underWay = outcome(wx.request, { url: `${server}/hang` });
      await sleep(50);
      wx.$network("none");
      expect(await underWay).toEqual({
        errMsg: "request:fail errcode:10011 cronet_error_code:0 error_msg:network change, cancel all task",
        errno: 600001,
      });
      expect(await outcome(wx.request, { url: `${server}/echo` })).toEqual({
        errMsg: "request:fail errcode:-106 cronet_error_code:-106 error_msg:net::ERR_INTERNET_DISCONNECTED",
        errno: 600001,
      });
      expect(await wx.getNetworkType()).toMatchObject({ networkType: "none" });
      wx.$network("good");
      expect(await outcome(wx.request, { url: `${server}/echo` })).toMatchObject({ statusCode: 200 });
      expect(changes).toEqual([
        { isConnected: false, networkType: "none" },
        { isConnected: true, networkType: "wifi" },
      ]);
    },
  },
  {
    name: "in the background: five more seconds, then interrupted, until it is shown again",
    where: ["here"],
    run: async ({ wx, expect, outcome, server }) => {
      const failed = { errMsg: "request:fail interrupted", errno: 600003 };
      const began = Date.now();
      const underWay = outcome(wx.request, { url: `${server}/hang` });
      wx.$hide();
      expect(await outcome(wx.request, { url: `${server}/echo` })).toMatchObject({ statusCode: 200 });
      expect(await underWay).toEqual(failed);
      expect(Date.now() - began).toBeGreaterThanOrEqual(4990);
      expect(await outcome(wx.request, { url: `${server}/echo` })).toEqual(failed);
      wx.$show();
      expect(await outcome(wx.request, { url: `${server}/echo` })).toMatchObject({ statusCode: 200 });
    },
  },
];
