import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: [".ci/build.mjs"],
    pool: "forks",
    restoreMocks: true,
    unstubEnvs: true,
    // A test may run whole jobs in processes of their own, on a slow machine beside others.
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
