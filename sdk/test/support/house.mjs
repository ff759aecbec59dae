// The real house: wxsim, and `menjin serve` before it, each a program of its own, for the length of a test run.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWxsim } from "wxsim";

export const APPS = { open: "wxde30000000000001", bound: "wxde300000000000b1", single: "wxde300000000000c1" };
export const PASSWORD = "ming's password";
const SECRET = "0123456789abcdef0123456789abcdef";
const PATIENCE = 30_000;

const DIRECTORY = `
def verify(username, password):
    return f"member-{username}" if password == ${JSON.stringify(PASSWORD)} else None
`;

/** Return why the real programs cannot run, or undefined. */
export function findMissing() {
  try {
    execFileSync("menjin", ["--help"], { stdio: "ignore" });
    execFileSync("wxsim", ["--help"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "menjin and wxsim are not on the PATH (. scripts/setup)";
  }
}

const config = (folder, wechat, key, secret) => `
${Object.entries(APPS)
  .map(
    ([name, appid]) => `[[apps]]
appid = "${appid}"
app_secret = "${name === "open" ? secret : SECRET}"
sign_in = "${name === "bound" ? "bound" : "open"}"
realm = "${name}"
devices = "${name === "single" ? "single" : "many"}"`,
  )
  .join("\n")}
[vault]
active = "k1"
keys.k1 = "${key}"
[database]
url = "sqlite:///${folder}/menjin.db"
[wechat]
base_url = "${wechat}"
[directory]
call = "business_directory:verify"
[dev]
enabled = true
`;

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

async function waitFor(url, child) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end && child.exitCode === null) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`menjin did not start:\n${child.said}`);
}

/** Start both; `stop` ends them. */
export async function startHouse() {
  const folder = mkdtempSync(join(tmpdir(), "menjin-sdk-"));
  const wechat = await startWxsim();
  try {
    const { secret } = await wechat.sim(`apps/${APPS.open}`);
    for (const name of ["bound", "single"]) {
      await wechat.sim("apps", { appid: APPS[name], secret: SECRET });
    }
    const key = execFileSync("menjin", ["keys", "new"], { encoding: "utf8" }).trim().split("\n").at(-1);
    writeFileSync(join(folder, "business_directory.py"), DIRECTORY);
    writeFileSync(join(folder, "menjin.toml"), config(folder, wechat.url, key, secret));
    const port = await freePort();
    const env = { ...process.env, PYTHONPATH: folder };
    const args = ["serve", "--config", join(folder, "menjin.toml"), "--port", String(port), "--log-level", "warning"];
    const child = spawn("menjin", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    child.said = "";
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.setEncoding("utf8").on("data", (text) => {
        child.said = (child.said + text).slice(-8000);
      });
    }
    const gone = new Promise((done) => child.once("exit", done));
    const stop = async () => {
      child.kill("SIGTERM");
      await gone;
      await wechat.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    const url = `http://127.0.0.1:${port}`;
    await waitFor(url, child).catch(async (error) => {
      await stop();
      throw error;
    });
    return { url, wechat: wechat.url, stop };
  } catch (error) {
    await wechat.stop();
    throw error;
  }
}
