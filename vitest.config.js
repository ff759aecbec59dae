import { defineConfig } from "vitest/config";

// One run for every package; each says in its own vitest.config.js where its tests are and how they run.
export default defineConfig({
  test: {
    projects: ["simulator/js", "sdk", "demo/phone"].map((name) => `${name}/vitest.config.{js,ts,mts}`),
    // Two cores, and many tests wait for a server: a few workers do.
    maxWorkers: Number(process.env.MENJIN_TEST_WORKERS ?? 2),
    sequence: { shuffle: true },
  },
});
