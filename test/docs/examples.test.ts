import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareDatabases } from "../judge/compare.ts";
import { startObjectStore } from "../object-store/start.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let database: string;

beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "docs/examples/tsconfig.json"], {
    cwd: ROOT,
  });
  database = mkdtempSync(join(tmpdir(), "tsdp-examples-"));
  const hr = new Sqlite(join(database, "HR.db"));
  hr.exec(readFileSync(join(ROOT, "fixtures/hr.sql"), "utf8"));
  hr.close();
});

afterAll(() => {
  rmSync(database, { recursive: true, force: true });
});

function run(script: string, ...words: readonly string[]): string {
  const environment = { ...process.env, TSDP_DATABASE: database };
  const command = [join(ROOT, script), ...words];
  return displayed(script, execFileSync(process.execPath, command, { cwd: database, env: environment, encoding: "utf8" }));
}

/** `npm run examples` shows what they say. */
function displayed(script: string, output: string): string {
  if (process.env["TSDP_DISPLAY"] === "y") process.stdout.write(`\n--- ${script}\n\n${output}`);
  return output;
}

test("the seed's examples 6-1 to 6-3 make the directory object and grant it, show the roles, and display what a job says", () => {
  const made = run("dist/examples/6-1-directory-object.js", join(database, "work"));
  expect(made).toContain(`DMPDIR = ${join(database, "work")}\n`);
  expect(made).toMatch(/^READ ON DIRECTORY DMPDIR TO SYSTEM\nWRITE ON DIRECTORY DMPDIR TO SYSTEM$/m);
  expect(run("dist/examples/6-2-session-roles.js")).toMatch(/^EXP_FULL_DATABASE\nIMP_FULL_DATABASE$/m);
  const displayed = run("dist/examples/6-3-display-output.js");
  expect(displayed).toMatch(/^\. {2}estimated "HR"\."employees" {2,}20\.00 KB$/m);
  expect(displayed).toMatch(/^Job "SYSTEM"\."EXAMPLE_OUTPUT" successfully completed at /m);
});

/** In their order: the later ones use the dump of the first. */
test("the seed's examples 6-4, 6-6 and 6-9 run as they are written", () => {
  const exported = run("dist/examples/6-4-simple-schema-export.js");
  expect(exported).toMatch(/^\*\*\* Job percent done = 100$/m);
  expect(exported).toMatch(/^\. \. exported "HR"\."employees" {2,}20\.00 KB {5}107 rows$/m);
  expect(exported).toMatch(
    /^Job "SYSTEM"\."EXAMPLE1" successfully completed at .* elapsed 0 00:00:\d\d\nJob has completed\nFinal job state = COMPLETED$/m,
  );

  const imported = run("dist/examples/6-6-import-and-remap.js");
  expect(imported).toMatch(/^\. \. imported "BLAKE"\."job_history" {2,}12\.00 KB {6}10 rows$/m);
  expect(imported).toMatch(/^Final job state = COMPLETED$/m);
  expect(compareDatabases(join(database, "HR.db"), join(database, "BLAKE.db"))).toEqual([]);

  const shown = run("dist/examples/6-9-dumpfile-info.js");
  expect(shown).toContain("example1.dmp is a Data Pump dump file\n");
  expect(shown).toMatch(/^Job Name: {2,}"SYSTEM"\."EXAMPLE1"$/m);
  expect(shown).toMatch(/^Encryption Mode: {2,}None$/m);
});

test("example 6-8 tells a start with information from one that fails, and finds the reason of a job that can't be opened", () => {
  const started = run("dist/examples/6-8-exception-handling.js");
  expect(started).toMatch(/^Data Pump job started successfully\n/);
  expect(started).toMatch(/^Final job state = COMPLETED$/m);

  const refused = run("dist/examples/6-8-exception-handling.js");
  expect(refused).toMatch(/^Exception in Data Pump job\nORA-39001: .*\nORA-39000: .*\nORA-31641: .*example3\.dmp.*\nORA-27038: /);

  rmSync(join(database, "work/example3.dmp"));
  const informed = run("dist/examples/6-8-exception-handling.js", "IN ('HR','NOWHERE')");
  expect(informed).toMatch(
    /^Data Pump job started with info available:\nORA-31627: .*\nORA-39165: Schema NOWHERE was not found\.\n/,
  );
  expect(informed).toMatch(/^Job has completed\nFinal job state = COMPLETED$/m);
});

test("the job of example 6-10 goes on when its script has exited", async () => {
  expect(run("dist/examples/6-10-leave-running.js")).toBe("Starting import job\n");
  const jobs = () => JSON.parse(run("bin/tsdp.js", "jobs", "--json")) as { jobs: { name: string; state: string }[] };
  while (jobs().jobs.some(({ state }) => state === "EXECUTING")) await sleep(50);
  expect(jobs().jobs).toMatchObject([{ name: "EXAMPLE_LEFT_RUNNING", state: "NOT RUNNING" }]);
  expect(compareDatabases(join(database, "HR.db"), join(database, "LEFT.db"))).toEqual([]);
});

test("the seed's examples 6-5 and 6-7 move a table through an object store, and say what the seed says in its order", async () => {
  const store = await startObjectStore();
  try {
    const test = new Sqlite(join(database, "TEST.db"));
    test.exec("CREATE TABLE FOO (id INTEGER PRIMARY KEY, v); INSERT INTO FOO (v) VALUES ('a'), (x'00'), (NULL); ANALYZE");
    test.close();
    const environment = {
      ...process.env,
      TSDP_DATABASE: join(database, "TEST.db"),
      TSDP_CREDENTIAL_SECRET: store.access.secretAccessKey,
      DUMP_FILE: store.url("den02ten_foo3b_split_%u.dat"),
    };
    const example = async (script: string, ...words: readonly string[]) =>
      displayed(
        script,
        (await promisify(execFile)(process.execPath, [join(ROOT, script), ...words], { cwd: database, env: environment })).stdout,
      );
    await example("bin/tsdp.js", "directory", "create", "WORK", database);
    await example("bin/tsdp.js", "credential", "create", "BMCTEST", "--username", store.access.accessKeyId);

    const exported = (await example("dist/examples/6-5-table-export-to-object-store.js")).split("\n");
    expect(inOrder(exported)).toEqual([
      'Starting "SYSTEM"."SYS_EXPORT_TABLE_01":',
      "Processing object type TABLE_EXPORT/TABLE/TABLE_DATA",
      "Processing object type TABLE_EXPORT/TABLE/STATISTICS/TABLE_STATISTICS",
      "Processing object type TABLE_EXPORT/TABLE/STATISTICS/MARKER",
      "Processing object type TABLE_EXPORT/TABLE/TABLE",
      expect.stringMatching(/^\. \. exported "TEST"\."FOO" .* 3 rows$/),
      'Master table "SYSTEM"."SYS_EXPORT_TABLE_01" successfully loaded/unloaded',
      "Generating checksums for dump file set",
      "Dump file set for SYSTEM.SYS_EXPORT_TABLE_01 is:",
      `  ${store.url("den02ten_foo3b_split_01.dat")}`,
      expect.stringMatching(/^Job "SYSTEM"\."SYS_EXPORT_TABLE_01" successfully completed at /),
    ]);
    const imported = (await example("dist/examples/6-7-table-import-from-object-store.js")).split("\n");
    expect(inOrder(imported)).toEqual([
      "Verifying dump file checksums",
      'Master table "SYSTEM"."OSI" successfully loaded/unloaded',
      'Starting "SYSTEM"."OSI":',
      "Processing object type TABLE_EXPORT/TABLE/TABLE",
      "Processing object type TABLE_EXPORT/TABLE/TABLE_DATA",
      expect.stringMatching(/^\. \. imported "TEST"\."FOO" .* 3 rows$/),
      "Processing object type TABLE_EXPORT/TABLE/STATISTICS/TABLE_STATISTICS",
      "Processing object type TABLE_EXPORT/TABLE/STATISTICS/MARKER",
      expect.stringMatching(/^Job "SYSTEM"\."OSI" successfully completed at /),
    ]);
  } finally {
    await store.close();
  }
});

/** The lines without the rule and what is empty. */
function inOrder(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.trimEnd()).filter((line) => line !== "" && !line.startsWith("****"));
}
