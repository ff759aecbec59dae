import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "demo",
    root: import.meta.dirname,
    include: ["test/**/*.test.ts"],
    testTimeout: 45_000,
    hookTimeout: 60_000,
  },
});
