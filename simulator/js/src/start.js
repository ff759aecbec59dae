/** Starts `wxsim serve` of the Python package for a test, on a free port, and ends it cleanly. */

import { spawn } from "node:child_process";

const PATIENCE = 20_000;
const ADVICE = `wxsim could not be started 无法启动 wxsim。
It is a Python program 它是 Python 程序: pip install wxsim (Python 3.11+),
or name it 或指定命令: startWxsim({ command: ["/path/to/wxsim"] }), or WXSIM_COMMAND="uvx wxsim",
or use one that runs 或使用已运行的: createWx({ simulator: "http://127.0.0.1:8701" })`;

/**
 * @typedef {{ url: string, pid: number, stop: () => Promise<void>,
 *   sim: (path: string, body?: unknown) => Promise<any> }} Started
 */

/**
 * Start a simulator of one's own.
 * @param {{ command?: string[], seed?: number, state?: string }} [options]
 * @returns {Promise<Started>}
 */
export async function startWxsim(options = {}) {
  const [program = "wxsim", ...first] = options.command ?? process.env.WXSIM_COMMAND?.split(" ") ?? ["wxsim"];
  const rest = ["serve", "--port", "0", "--seed", String(options.seed ?? 1)];
  if (options.state) rest.push("--state", options.state);
  const child = spawn(program, [...first, ...rest], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => {
    child.once("exit", resolve);
    child.once("error", resolve);
  });
  // However this process ends, the simulator ends with it; and it does not keep this process from ending.
  const end = () => child.kill("SIGTERM");
  process.once("exit", end);
  const stop = async () => {
    process.off("exit", end);
    child.kill("SIGTERM");
    await ended;
  };
  try {
    const url = await announced(child, ended);
    unref(child);
    return { url, pid: child.pid ?? 0, stop, sim: (path, body) => control(url, path, body) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Wait for the line that says where it serves.
 * @param {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} child
 * @param {Promise<unknown>} ended
 * @returns {Promise<string>}
 */
async function announced(child, ended) {
  let said = "";
  const url = new Promise((resolve) => {
    // Read to the end of its life, so that it never waits for a reader.
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.setEncoding("utf8").on("data", (text) => {
        said = (said + text).slice(-4000);
        const found = /^wxsim (http:\/\/\S+?)\/? /m.exec(said);
        if (found) resolve(found[1]);
      });
    }
  });
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  const first = await Promise.race([url, ended, late]);
  clearTimeout(timer);
  if (typeof first === "string" && first.startsWith("http")) return first;
  const cause = first instanceof Error ? first.message : said.trim();
  throw new Error(`${ADVICE}\n${cause}`.trim());
}

/** @param {import("node:child_process").ChildProcess} child */
function unref(child) {
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) /** @type {import("node:net").Socket | null} */ (pipe)?.unref?.();
}

/** @param {string} url @param {string} path @param {unknown} [body] a POST if there is one, else a GET */
async function control(url, path, body) {
  const asked = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${url}/_sim/${path}`, asked);
  const answer = await response.json();
  if (!response.ok) throw new Error(`wxsim: ${/** @type {{ detail?: string }} */ (answer).detail ?? response.status}`);
  return answer;
}
