import { statfsSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { defineConfig } from "vitest/config";

const MEMORY_FOLDER = "/dev/shm";
const ENOUGH_BYTES = 6 * 2 ** 30;

/** Where there is room, files of tests are in memory: what a killed process has written is there as on a disk, and nothing waits for one. */
function temporaryFolder(): { TMPDIR?: string } {
  if (process.platform !== "linux" || process.env["TMPDIR"] !== undefined || freemem() < ENOUGH_BYTES) return {};
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    return bavail * bsize < ENOUGH_BYTES ? {} : { TMPDIR: MEMORY_FOLDER };
  } catch {
    return {}; // there is no such folder
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: [".ci/build.mjs"],
    setupFiles: ["test/job/launch-here.ts", "test/format/low-password-cost.ts", "test/inspect/check-here.ts"],
    pool: "forks",
    // A test waits for processes half of its time, so two at once are not too many for two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Every Node would read the certificates when it starts, and no test talks to another machine.
    env: { NODE_EXTRA_CA_CERTS: "", ...temporaryFolder() },
    restoreMocks: true,
    unstubEnvs: true,
    // A test may run whole jobs in processes of their own, on a slow machine beside others.
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
