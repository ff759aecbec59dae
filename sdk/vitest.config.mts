import { defineProject } from "vitest/config";

export default defineProject({
  test: {
    name: "menjin",
    include: ["test/**/*.test.mjs"],
    globalSetup: ["test/support/build.mjs"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
