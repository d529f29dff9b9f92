import { defineConfig } from "vitest/config";

// Two workers and two concurrent tests: compilers and interpreters that the tests start use the same cores.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: 2,
    maxConcurrency: 2,
    testTimeout: 60_000,
    hookTimeout: 600_000,
  },
});
