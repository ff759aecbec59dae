import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createWx, startWxsim } from "../src/index.js";

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("two simulators run side by side, know nothing of each other, and are gone when stopped", async () => {
  const [one, two] = await Promise.all([startWxsim(), startWxsim()]);
  expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(one.url).not.toBe(two.url);
  await one.sim("clock", { advance: 1000 });
  const [early, late] = await Promise.all([two.sim("clock"), one.sim("clock")]);
  expect(late.now - early.now).toBeGreaterThan(900);
  await Promise.all([one.stop(), two.stop()]);
  await one.stop();
  const error = await createWx({ simulator: one.url })
    .login()
    .catch((/** @type {any} */ caught) => caught);
  expect(error.errMsg).toMatch(/^login:fail wxsim: no simulator at /);
});

test("equal seeds make equal worlds", async () => {
  const simulators = await Promise.all([startWxsim({ seed: 5 }), startWxsim({ seed: 5 }), startWxsim({ seed: 6 })]);
  const codes = await Promise.all(simulators.map(({ url }) => createWx({ simulator: url }).login()));
  await Promise.all(simulators.map(({ stop }) => stop()));
  expect(codes[0]?.code).toBe(codes[1]?.code);
  expect(codes[0]?.code).not.toBe(codes[2]?.code);
});

test("a world in a file outlives its simulator", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wxsim-"));
  const state = join(folder, "world.json");
  try {
    const first = await startWxsim({ state });
    await first.sim("people", { name: "lan" });
    await first.stop();
    const second = await startWxsim({ state });
    expect((await second.sim("people/lan")).name).toBe("lan");
    await second.stop();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("without Python or wxsim one is told what to do, in both languages", async () => {
  const start = startWxsim({ command: ["wxsim-that-is-not-there"] });
  await expect(start).rejects.toThrow(/pip install wxsim[\s\S]*createWx[\s\S]*ENOENT/);
  await expect(start).rejects.toThrow(/无法启动/);
  const ended = startWxsim({
    command: [process.execPath, "-e", "console.error('no module named wxsim'); process.exit(3)", "--"],
  });
  await expect(ended).rejects.toThrow(/no module named wxsim/);
});

test("what control refuses is an error with its reason", async () => {
  const simulator = await startWxsim();
  await expect(simulator.sim("people", { name: "!" })).rejects.toThrow(/a person needs a name/);
  await simulator.stop();
});

test("a program that ends without stopping it ends, and its simulator with it", async () => {
  const source = `
    const { startWxsim } = await import(${JSON.stringify(new URL("../src/index.js", import.meta.url).href)});
    const { sim, pid } = await startWxsim();
    await sim("clock");
    console.log(pid);
  `;
  const program = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  program.stdout.on("data", (text) => {
    said += text;
  });
  const [code] = await once(program, "close");
  expect(code).toBe(0);
  expect(Number(said)).toBeGreaterThan(0);
  await expect.poll(() => isAlive(Number(said)), { timeout: 5000 }).toBe(false);
});
