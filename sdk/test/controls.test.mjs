// Controls: what the other tests promise does not hold for an SDK with one line broken.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { loadFile } from "./support/cell.mjs";
import { BASE, ok } from "./support/tiny.mjs";
import { many, open, pause } from "./support/ways.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const quiet = (promise) => promise.then(undefined, (error) => error);

/** Build the SDK with `from` replaced by `to` in one of its files. */
async function broken({ file, from, to }) {
  const out = `${root}../.cache/sdk/broken-${file}-${process.pid}.js`;
  const found = [];
  const plugin = {
    name: "break",
    setup(work) {
      work.onLoad({ filter: new RegExp(`src/${file}\\.ts$`) }, ({ path }) => {
        const whole = readFileSync(path, "utf8");
        found.push(whole.split(from).length - 1);
        return { contents: whole.replace(from, to), loader: "ts" };
      });
    },
  };
  const options = { bundle: true, format: "cjs", target: "es2018", platform: "neutral", write: false };
  const { outputFiles } = await build({
    ...options,
    entryPoints: [`${root}src/index.ts`],
    define: { __VERSION__: '"0"' },
    plugins: [plugin],
  });
  expect(found).toEqual([1]); // the line that is broken must be there
  writeFileSync(out, outputFiles[0].text);
  return out;
}

const openFile = (file, options) => open(file, options, loadFile);

/** Each: what is broken, and a story that returns true where the promise is kept. */
const CONTROLS = [
  {
    promise: "one login for 100 cold requests",
    file: "session",
    from: "    gate = held;\n",
    to: "",
    async story(file) {
      const { menjin, phone } = openFile(file);
      await quiet(many(100, () => menjin.request({ url: "/things" })));
      return phone.logins === 1;
    },
  },
  {
    promise: "a late 401 starts no login",
    file: "session",
    from: "const isCurrent = state().token === used;",
    to: "const isCurrent = true;",
    async story(file) {
      let slow = 1;
      const delay = (call, way) => (call.path === "/slow" && way === "back" ? slow : 1);
      const { menjin, phone, server } = openFile(file, { delay });
      await menjin.ready();
      server.end("session_expired");
      slow = 120;
      const late = menjin.request({ url: "/slow" });
      await menjin.request({ url: "/quick" });
      slow = 1;
      await quiet(late);
      return phone.logins === 2;
    },
  },
  {
    promise: "no silent login after `replaced`",
    file: "storage",
    from: "(signed_out|kicked_out|replaced)",
    to: "(none)",
    async story(file) {
      const { menjin, phone, server } = openFile(file);
      await menjin.ready();
      server.end("replaced", "none");
      await quiet(menjin.request({ url: "/things" }));
      await quiet(menjin.request({ url: "/things" }));
      server.sessions.clear();
      await quiet(menjin.request({ url: "/things" }));
      const ended = menjin.current() === undefined;
      return ended && phone.logins === 1;
    },
  },
  {
    promise: "no request is lost while the person binds",
    file: "session",
    from: "return hold(() => rotateAlone(path, method, data));",
    to: "return rotateAlone(path, method, data);",
    async story(file) {
      const { menjin, server, phone } = openFile(file, {
        delay: (call, way) => (way === "back" && call.path === "/v1/binding" ? 60 : 5),
      });
      server.binding = "required";
      await menjin.ready();
      const bound = menjin.bind({ username: "ming", password: "x" });
      await pause(20);
      await quiet(many(20, () => menjin.request({ url: "/things" })));
      await quiet(bound);
      return phone.logins === 1;
    },
  },
  {
    promise: "a login that comes back after logout is dropped",
    file: "session",
    from: "if (asked !== epoch) {",
    to: "if (false) {",
    async story(file) {
      const { menjin, phone } = openFile(file, { delay: () => 30 });
      const waiting = quiet(menjin.request({ url: "/things" }));
      await pause(20);
      await menjin.logout();
      await waiting;
      await pause(100);
      return phone.logins === 1 && menjin.current() === undefined;
    },
  },
  {
    promise: "the login is shown to nobody else",
    file: "transport",
    from: 'origins.indexOf(readOrigin(url).replace(/^ws/, "http")) >= 0',
    to: "true",
    async story(file) {
      const { menjin, server } = openFile(file);
      server.routes.push(({ origin }) => origin !== BASE && ok());
      await menjin.request({ url: "https://evil.example.com/x" });
      return !server.calls.at(-1).token;
    },
  },
  {
    promise: "a server that accepts nothing costs a handful of logins",
    file: "session",
    from: "cool(error, COOL_AFTER_REFUSAL);",
    to: "",
    async story(file) {
      const { menjin, phone, server } = openFile(file);
      server.routes.push(
        ({ path }) =>
          path === "/never" && {
            statusCode: 401,
            header: {},
            data: { type: "urn:menjin:problem:session_expired", code: "session_expired", action: "login" },
          },
      );
      for (let times = 0; times < 30; times++) await quiet(menjin.request({ url: "/never" }));
      return phone.logins <= 5;
    },
  },
  {
    promise: "nothing logs in between a tap and the sending of what it brought",
    file: "data",
    from: "if (!(await session.enter(true))) {",
    to: "if (await session.enter(), false) {",
    async story(file) {
      const { menjin, server } = openFile(file);
      await quiet(menjin.userInfo({ detail: { errMsg: "getUserInfo:ok", encryptedData: "x", iv: "y" } }));
      return server.count("POST", "/v1/open-data") === 0;
    },
  },
  {
    promise: "a cached login_code is refused",
    file: "login",
    from: "!code || fromCache || ",
    to: "!code || ",
    async story(file) {
      const { menjin, phone, server } = openFile(file);
      phone.login = (times) => (times === 1 ? { errMsg: "login:ok", code: "used-before", fromCache: true } : undefined);
      await quiet(menjin.ready());
      return !server.calls.some((call) => call.data?.login_code === "used-before");
    },
  },
];

it.each(CONTROLS)("keeps it: $promise", async ({ story }) => {
  expect(await story(`${root}miniprogram_dist/index.js`)).toBe(true);
});

it.each(CONTROLS)("breaks it: $promise", async (control) => {
  expect(await control.story(await broken(control))).toBe(false);
});
