import { defineProject } from "vitest/config";

export default defineProject({ test: { name: "wxsim", include: ["test/**/*.test.js"], testTimeout: 20_000 } });
