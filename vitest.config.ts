import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: [".ci/build.mjs"],
    setupFiles: ["test/job/launch-here.ts", "test/format/low-password-cost.ts", "test/inspect/check-here.ts"],
    pool: "forks",
    // A test waits for processes half of its time, so two at once are not too many for two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    restoreMocks: true,
    unstubEnvs: true,
    // A test may run whole jobs in processes of their own, on a slow machine beside others.
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
