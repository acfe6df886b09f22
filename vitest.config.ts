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

/** Tests that start nothing, replace no module and change nothing of their process. */
const PLAIN = [
  "test/{base,format,judge,mask,metadata,cli/parameters}/*.test.ts",
  "test/catalog/{connect-string,credentials,schemas}.test.ts",
  "test/cli/{data-pump-names,interactive,job-calls,job-end,lexer,parameter-reference}.test.ts",
  "test/dump/{damage,encryption,info,limits,names,piece-reader,reader,round-trip,writer}.test.ts",
  "test/sqlite/{broken-views,drop-tables,key-range,piece-image,query-clause,rejected-rows,rename-tables,replacement}.test.ts",
  "test/sqlite/{round-trip,salvage,sample,scratch,second-image,statement-end,strict-types,subset}.test.ts",
  "test/sqlite/{table-options,validate-rows}.test.ts",
];

const SHARED = {
  setupFiles: ["test/job/launch-here.ts", "test/format/low-password-cost.ts", "test/inspect/check-here.ts"],
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
    // A test waits for processes half of its time, so two at once are not too many for two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: { ...SHARED, name: "jobs", include: ["test/**/*.test.ts"], exclude: PLAIN, sequence: { groupOrder: 1 } },
      },
      // One process takes many of these files: to start one and to load the modules anew takes longer than most of them.
      { extends: true, test: { ...SHARED, name: "plain", include: PLAIN, isolate: false, sequence: { groupOrder: 2 } } },
    ],
  },
});
