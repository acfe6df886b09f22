import { readdirSync, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

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

/** What replaces modules, sets variables that modules read when they are loaded, or measures the memory of the process. */
const OF_PROCESS = /vi\.(?:doMock|mock|resetModules)\(|small-pieces\.ts|TSDP_PIECE_BYTES|maxRSS|memoryUsage|harness\.ts/;

/** Tests that change something for good, or are about the process: each has one of its own. */
const ALONE = readdirSync(join(import.meta.dirname, "test"), { recursive: true })
  .map((name) => join("test", String(name)))
  .filter((name) => name.endsWith(".test.ts") && OF_PROCESS.test(readFileSync(join(import.meta.dirname, name), "utf8")))
  .map((name) => name.replaceAll("\\", "/"));

/** They take the longest, and nothing of them shows it. */
const LONG = /docs\/|object-store|restart|bad-input|end-to-end|random-kills|secret-columns|store-faults|transportable/;

/** Long files first: when one begins last, only one core is busy at the end. Vitest knows how long they take after the first run. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ project, moduleId }: TestSpecification) =>
      (project.name === "alone" ? 0 : 2) + (LONG.test(moduleId.slice(import.meta.dirname.length)) ? 0 : 1);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

const SHARED = {
  setupFiles: [
    "test/job/mock-launch.ts",
    "test/format/low-password-cost.ts",
    "test/inspect/mock-check-threads.ts",
    "test/restored.ts",
  ],
  // Every Node would read the certificates when it starts, and no test talks to another machine.
  env: { NODE_EXTRA_CA_CERTS: "", ...temporaryFolder() },
  restoreMocks: true,
  unstubEnvs: true,
  // A test may run whole jobs in processes of their own, on a slow machine beside others.
  testTimeout: 240_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    globalSetup: [".ci/build.mjs"],
    pool: "forks",
    sequence: { sequencer: LongFirst },
    // A test waits for processes half of its time, so two at once are not too many for two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { extends: true, test: { ...SHARED, name: "alone", include: ALONE } },
      // One process takes many files: to start one and to load the modules anew takes longer than most of them.
      { extends: true, test: { ...SHARED, name: "together", include: ["test/**/*.test.ts"], exclude: ALONE, isolate: false } },
    ],
  },
});
