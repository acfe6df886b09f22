import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { connect } from "../../src/api/data-pump.ts";
import { compareDatabases } from "../judge/compare.ts";
import { codesOf, defineJob, expectSuccess, failureOf, runExport, runImport, runSqlFile, type JobRequest } from "./pump-jobs.ts";
import { logLines, restart, runToFailpoint } from "./restarts.ts";

let folder: string;
let there: string;
let here: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-network-"));
  there = join(folder, "there");
  mkdirSync(there);
  writeConstructs(join(there, "C.db"), { rows: 40, blobBytes: 1000, wide: true, encoding: "UTF-16le" });
  const small = new Sqlite(join(there, "S.db"));
  small.exec(`PRAGMA journal_mode = wal; CREATE TABLE t (id INTEGER PRIMARY KEY, v UNIQUE); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (7, 'c');
    CREATE TABLE u (a, b, PRIMARY KEY (a)) WITHOUT ROWID; INSERT INTO u VALUES (1, 2), (3, 4);
    CREATE VIEW shown AS SELECT v, id FROM t WHERE id > 1; CREATE VIEW by_main AS SELECT v FROM main.t; CREATE TABLE empty (a); CREATE INDEX ti ON t (v DESC);`);
  small.close();
  here = join(folder, "here");
  mkdirSync(here);
  await session(async (pump) => {
    await pump.createDatabaseLink("DBS1", there);
    await pump.createDatabaseLink("LOOP", here);
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  for (const file of readdirSync(here)) if (file !== ".tsdp") rmSync(join(here, file));
});

async function session(work: (pump: Awaited<ReturnType<typeof connect>>) => Promise<void>): Promise<void> {
  const pump = await connect(here);
  await work(pump);
  await pump.close();
}

function importing(request: JobRequest): ReturnType<typeof runImport> {
  return runImport(here, { link: "DBS1", folder: here, ...request });
}

function values(path: string, sql: string): unknown[] {
  const database = new Sqlite(path, { readonly: true });
  try {
    return database.prepare(sql).raw().all();
  } finally {
    database.close();
  }
}

it("brings schemas over as they are, without a file in between", async () => {
  const report = await importing({ mode: "FULL", parallel: 2, parameters: { ESTIMATE: "STATISTICS" } });
  expect(report.state).toBe("COMPLETED");
  // What the constructs violate by themselves.
  expect(report.errors.filter((error) => !/^(?:TSDP-00011|ORA-02298)/.test(error))).toEqual([]);
  expect(readdirSync(here).sort()).toEqual([".tsdp", "C.db", "S.db"]);
  for (const name of ["C.db", "S.db"]) expect(compareDatabases(join(there, name), join(here, name))).toEqual([]);
  expect(report.lines.some((line) => /^\. \. imported "S"\."t" +3 rows$/.test(line))).toBe(true);
  expect(report.lines).toContain("Estimate in progress using STATISTICS method...");
  expect(report.lines).toContainEqual(expect.stringMatching(/^ +\d+ table\(s\) have no statistics/));
  expect(report.lines).toContainEqual(expect.stringMatching(/^\. {2}estimated "S"\."t" +\d+\.\d* KB$/));
  expect(report.lines.join()).not.toContain("Master table");
});

it("takes what filters say into schemas that exist", async () => {
  copyFileSync(join(there, "S.db"), join(here, "S.db"));
  const view = {
    link: "DBS1",
    mode: "TABLE",
    filters: [
      ["VIEWS_AS_TABLES", "S.shown"],
      ["EXCLUDE_TABLES", "YES"],
    ],
    remap: [["S", "V"]],
  } as const;
  expectSuccess(await importing(view));
  expect(values(join(here, "V.db"), "SELECT * FROM shown")).toEqual([
    ["b", 2],
    ["c", 7],
  ]);
  const appended = await importing({ tables: "S.u", parameters: { TABLE_EXISTS_ACTION: "TRUNCATE" } });
  expectSuccess(appended);
  expect(appended.lines.filter((line) => /estimat/i.test(line))).toEqual([]);
  expect(values(join(here, "S.db"), "SELECT * FROM u")).toEqual([
    [1, 2],
    [3, 4],
  ]);
  const replaced = await importing({ schemas: "= 'S'", parameters: { TABLE_EXISTS_ACTION: "REPLACE" } });
  expect(replaced.errors.join()).toMatch(/^ORA-31684.*shown/);
  expect(compareDatabases(join(there, "S.db"), join(here, "S.db"))).toEqual([]);
  // No table is left to load: each is there.
  const skipped = await importing({ schemas: "= 'S'" });
  expect(skipped.state).toBe("COMPLETED");
  expect(skipped.errors.filter((error) => error.startsWith("ORA-39151"))).toHaveLength(3);
  expect(compareDatabases(join(there, "S.db"), join(here, "S.db"))).toEqual([]);
});

it("reads and writes schemas of one database, but never one file", async () => {
  copyFileSync(join(there, "S.db"), join(here, "S.db"));
  const failure = await failureOf(runImport(here, { link: "LOOP", schemas: "= 'S'" }));
  expect(failure.message).toContain("the same file, is read");
  expectSuccess(await runImport(here, { link: "LOOP", schemas: "= 'S'", remap: [["S", "COPY"]] }));
  expect(compareDatabases(join(here, "S.db"), join(here, "COPY.db"))).toEqual([]);
});

it("goes on after a crash when the source is as it was, and starts over when it is not", async () => {
  const request: JobRequest = { link: "DBS1", schemas: "= 'S'", parallel: 1 };
  await runToFailpoint("IMPORT", here, request, "link rows before commit:2");
  expectSuccess(await restart(here));
  expect(compareDatabases(join(there, "S.db"), join(here, "S.db"))).toEqual([]);
  expect(logLines(here).join()).not.toContain("from the beginning");

  for (const isThere of [false, true]) {
    await allJobsGone();
    if (!isThere) rmSync(join(here, "S.db"));
    const into = { ...request, ...(isThere ? { parameters: { TABLE_EXISTS_ACTION: "REPLACE" } } : {}) };
    await runToFailpoint("IMPORT", here, into, "link rows copied:1");
    const writer = new Sqlite(join(there, "S.db"));
    writer.exec("INSERT INTO t (v) VALUES (hex(randomblob(8))); UPDATE u SET b = b + 1");
    writer.close();
    await restart(here);
    expect(compareDatabases(join(there, "S.db"), join(here, "S.db"))).toEqual([]);
    expect(logLines(here).filter((line) => line.includes("from the beginning"))).toHaveLength(1);
  }
  expect(readdirSync(here).filter((name) => name.endsWith(".part"))).toEqual([]);
});

/** A control process that has said that its job is done has still to remove it. */
async function allJobsGone(): Promise<void> {
  await session(async (pump) => {
    while ((await pump.jobs()).length > 0) await sleep(20);
  });
}

it("exports what a link leads to, with its own marks", async () => {
  expectSuccess(await runExport(here, { link: "DBS1", schemas: "= 'S'", dumpFiles: ["s.dmp"], folder: here }));
  expectSuccess(await runImport(here, { dumpFiles: ["s.dmp"], folder: here }));
  expect(compareDatabases(join(there, "S.db"), join(here, "S.db"))).toEqual([]);
  const over = await failureOf(
    runExport(here, { link: "DBS1", schemas: "= 'S'", dumpFiles: ["S.db"], folder: there, reuse: true }),
  );
  expect(codesOf(over)).toContain("ORA-29283");
});

it("writes the definitions of a link as a script, and foretells that and an import", async () => {
  const dry = async (operation: "IMPORT" | "SQL_FILE", request: JobRequest) => {
    const pump = await connect(here, { currentDirectory: here, dryRun: true });
    try {
      const found = await pump.dryRun(await defineJob(pump, operation, { link: "DBS1", schemas: "= 'S'", ...request }));
      return found.taken.map(({ type, name, action, rows }) => [type, name, action, rows ?? ""].join(" "));
    } finally {
      await pump.close();
    }
  };
  const source = new Sqlite(join(there, "S.db"), { readonly: true });
  const names = (type: string) => source.prepare("SELECT name FROM sqlite_schema WHERE type = ? ORDER BY 1").pluck().all(type);
  const tables = names("table").filter((name) => !String(name).startsWith("sqlite_"));
  const count = (table: unknown) =>
    source
      .prepare(`SELECT count(*) FROM "${String(table)}"`)
      .pluck()
      .get();
  const rows = tables.map((table) => `TABLE ${String(table)} create ${String(count(table))}`);
  expect((await dry("IMPORT", {})).filter((line) => line.startsWith("TABLE")).sort()).toEqual(rows);
  expect(existsSync(join(here, "S.db"))).toBe(false);
  const script = await dry("SQL_FILE", { sqlFile: "s.sql" });
  expect(script.filter((line) => line.startsWith("TABLE")).sort()).toEqual(
    tables.map((table) => `TABLE ${String(table)} write `),
  );
  expect(existsSync(join(here, "s.sql"))).toBe(false);

  expectSuccess(await runSqlFile(here, { link: "DBS1", schemas: "= 'S'", folder: here, sqlFile: "s.sql" }));
  const made = new Sqlite(":memory:");
  made.exec(readFileSync(join(here, "s.sql"), "utf8"));
  const stored = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1, 2";
  expect(made.prepare(stored).all()).toEqual(source.prepare(stored).all());
  source.close();
  const over = await failureOf(runSqlFile(here, { link: "DBS1", schemas: "= 'S'", folder: there, sqlFile: "S.db" }));
  expect(codesOf(over)).toContain("ORA-29283");
});

it("refuses what a link can't do", async () => {
  await session(async (pump) => {
    expect(codesOf(await failureOf(pump.open("IMPORT", "SCHEMA", "NOWHERE")))).toEqual(["ORA-39001", "ORA-39200", "ORA-02019"]);
    const handle = await pump.open("IMPORT", "SCHEMA", "dbs1");
    expect(codesOf(await failureOf(pump.addFile(handle, "x.dmp", "DATA_PUMP_DIR")))).toEqual(["ORA-39002", "ORA-39114"]);
    for (const name of ["ENCRYPTION_PASSWORD", "VERIFY_CHECKSUM", "VERIFY_ONLY"]) {
      const value = name === "ENCRYPTION_PASSWORD" ? "pw" : 1;
      expect(codesOf(await failureOf(pump.setParameter(handle, name, value)))).toEqual(["ORA-39001", "ORA-39115"]);
    }
    const past = await pump.open("IMPORT", "FULL", "dbs1");
    await pump.setParameter(past, "FLASHBACK_TIME", "2001-01-01 00:00:00");
    expect(codesOf(await failureOf(pump.startJob(past)))).toEqual(["ORA-39002", "ORA-08180", "TSDP-00010"]);
    await pump.detach(past);
    // The user of the link has no schema there.
    expect(codesOf(await failureOf(pump.startJob(handle)))).toContain("ORA-31655");
    await pump.detach(handle);
  });
  expect(existsSync(join(here, "S.db"))).toBe(false);
});
