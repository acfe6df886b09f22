import Sqlite from "better-sqlite3";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { codesOf, expectSuccess, failureOf, runExport, runImport, type JobRequest } from "./pump-jobs.ts";
import { killJob, logLines, restart, runToFailpoint, runToFailpoints, underFailpoint } from "./restarts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Rows of every storage class, some of them such as no JavaScript string could carry. */
const SHOP = `
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, amount);
  INSERT INTO orders VALUES (1, 'Ada', 5), (2, CAST(x'41C3' AS TEXT), 9007199254740993), (3, 'a' || char(0) || 'b', -0.0),
    (4, NULL, x'00FF'), (5, 'Eve', 'many'), (6, 'Fay', 6);
  CREATE TABLE tags (k TEXT PRIMARY KEY, "rowid", "_rowid_", "oid") WITHOUT ROWID;
  INSERT INTO tags VALUES ('blue', 1, 2, 3), ('green', 4, 5, 6), ('red', 7, 8, 9);
  CREATE TABLE notes (body);
  INSERT INTO notes (rowid, body) VALUES (10, 'x'), (20, 'y'), (30, 'z');`;

/** Tables that refuse some of these rows, each for a reason of its own. */
const STRICTER = `
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, amount CHECK (amount <> 5));
  INSERT INTO orders VALUES (6, 'mine', 1);
  CREATE TRIGGER orders_check BEFORE INSERT ON orders WHEN new.id = 3 BEGIN SELECT RAISE(ABORT, 'not that one'); END;
  CREATE TABLE log (id);
  CREATE TRIGGER orders_log AFTER INSERT ON orders BEGIN INSERT INTO log VALUES (new.id); END;
  CREATE TABLE tags (k TEXT, "rowid" INT CHECK ("rowid" <> 4), "_rowid_" INT, "oid" INT) STRICT;
  CREATE TABLE notes (body UNIQUE);
  INSERT INTO notes VALUES ('y');`;

const SKIPPING: JobRequest = {
  remap: [["SHOP", "OTHER"]],
  logFile: "job.log",
  parameters: { DATA_OPTIONS: 1, TABLE_EXISTS_ACTION: "APPEND" },
};

let original: string;

beforeAll(async () => {
  original = mkdtempSync(join(tmpdir(), "tsdp-rejected-"));
  execute(join(original, "SHOP.db"), SHOP);
  expectSuccess(await runExport(original, { schemas: "IN ('SHOP')" }));
  return () => {
    rmSync(original, { recursive: true });
  };
});

/** A folder with the dump and a schema that refuses some of its rows. */
function stricterTarget(): { folder: string; other: string } {
  const folder = temporaryFolder();
  for (const file of ["SHOP.db", "test.dmp"]) copyFileSync(join(original, file), join(folder, file));
  const other = join(folder, "OTHER.db");
  execute(other, STRICTER);
  return { folder, other };
}

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}

/** Rows with class and bytes of each value, one text each. */
function rows(path: string, sql: string): string[] {
  const database = new Sqlite(path, { readonly: true });
  const found = database.prepare(sql).raw().all();
  database.close();
  return found.map((row) => JSON.stringify(row));
}

const ORDERS = "id, quote(customer), hex(customer), quote(amount), typeof(amount)";
const REASONS = 'SELECT "table", source_rowid, reason FROM "tsdp:rejected" ORDER BY 1, "row"';

function expectRejected(folder: string, other: string, bad = "job.OTHER.bad"): void {
  expect(rows(other, "SELECT id FROM orders")).toEqual(["[2]", "[5]", "[6]"]);
  expect(rows(other, "SELECT id FROM log ORDER BY rowid")).toEqual(["[2]", "[5]"]);
  expect(rows(other, 'SELECT k, "oid" FROM tags ORDER BY k')).toEqual(['["blue",3]', '["red",9]']);
  expect(rows(other, "SELECT body FROM notes ORDER BY 1")).toEqual(['["x"]', '["y"]', '["z"]']);
  expect(rows(other, "SELECT name FROM sqlite_schema WHERE name LIKE 'tsdp%'")).toEqual([]);
  const file = join(folder, bad);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(rows(file, REASONS)).toEqual([
    '["notes",20,"UNIQUE constraint failed: notes.body"]',
    '["orders",1,"CHECK constraint failed: amount <> 5"]',
    '["orders",3,"not that one"]',
    '["orders",4,"NOT NULL constraint failed: orders.customer"]',
    '["orders",6,"UNIQUE constraint failed: orders.id"]',
    '["tags",null,"CHECK constraint failed: rowid"]',
  ]);
  expect(rows(file, `SELECT ${ORDERS} FROM orders`)).toEqual(
    rows(join(folder, "SHOP.db"), `SELECT ${ORDERS} FROM orders WHERE id IN (1, 3, 4, 6)`),
  );
  expect(rows(file, "SELECT * FROM tags")).toEqual(['["green",4,5,6]']);
}

describe("SKIP_CONSTRAINT_ERRORS", () => {
  test("leaves out the rows that break a constraint, says why, and keeps them", async () => {
    const { folder, other } = stricterTarget();
    const report = await runImport(folder, SKIPPING);
    expect(report).toMatchObject({ state: "COMPLETED", errorCount: 6 });
    expect(report.errors).toContain(
      'ORA-39224: 1 row(s) were rejected with the following error:\nTSDP-00010: table "OTHER"."orders": not that one',
    );
    expect(report.lines).toContainEqual(expect.stringMatching(/^\. \. imported "OTHER"\."orders" .* 2 out of 6 rows$/));
    expect(report.lines).toContain(`Rejected rows of schema OTHER are in "${join(folder, "job.OTHER.bad")}"`);
    expectRejected(folder, other);
  });

  test("what was kept can be loaded again, and another job's file stays", async () => {
    const { folder, other } = stricterTarget();
    await runImport(folder, SKIPPING);
    execute(other, "DROP TRIGGER orders_check; DELETE FROM orders WHERE id = 6");
    const database = new Sqlite(other);
    database.exec(`ATTACH '${join(folder, "job.OTHER.bad")}' AS bad; INSERT OR IGNORE INTO main.orders SELECT * FROM bad.orders`);
    database.close();
    expect(rows(other, `SELECT ${ORDERS} FROM orders`)).toEqual(
      rows(join(folder, "SHOP.db"), `SELECT ${ORDERS} FROM orders WHERE id NOT IN (1, 4)`),
    );
    await runImport(folder, SKIPPING);
    expect(rows(join(folder, "job.OTHER.2.bad"), 'SELECT count(*) FROM "tsdp:rejected" WHERE "table" = \'orders\'')).toEqual([
      "[6]",
    ]);
    expect(rows(join(folder, "job.OTHER.bad"), 'SELECT count(*) FROM "tsdp:rejected" WHERE "table" = \'orders\'')).toEqual([
      "[4]",
    ]);
  });

  test("what was kept is a schema that can be exported and imported, but for tables of reserved names", async () => {
    const { folder } = stricterTarget();
    await runImport(folder, SKIPPING);
    const bad = join(folder, "job.OTHER.bad");
    execute(
      bad,
      'DROP TABLE tags; CREATE TABLE "TSDP:sequence" (a); CREATE INDEX own ON "TSDP:sequence" (a); CREATE TABLE good (a)',
    );
    const report = await runExport(bad, { dumpFiles: ["bad.dmp"] });
    expect(report.errors).toEqual([
      expect.stringMatching(/^ORA-39166: Object .*TSDP:sequence .*\nTSDP-00010: tsdp keeps/),
      expect.stringMatching(/^ORA-39166: Object .*own .*\nTSDP-00010: tsdp keeps/),
    ]);
    const reserved = [["NAME_EXPR", "NOT (= 'TSDP:sequence')", "TABLE"]] as const;
    expectSuccess(await runExport(bad, { dumpFiles: ["rest.dmp"], filters: reserved }));
    expectSuccess(await runImport(folder, { dumpFiles: ["bad.dmp"], remap: [["JOB.OTHER", "KEPT"]] }));
    const kept = join(folder, "KEPT.db");
    expect(rows(kept, "SELECT name FROM sqlite_schema ORDER BY 1")).toEqual(
      ["good", "notes", "orders", "tsdp:rejected"].map((name) => JSON.stringify([name])),
    );
    for (const sql of [REASONS, `SELECT rowid, ${ORDERS} FROM orders`]) expect(rows(kept, sql)).toEqual(rows(bad, sql));
    const again = { ...SKIPPING, dumpFiles: ["bad.dmp"], remap: [["JOB.OTHER", "KEPT"]] as const };
    execute(kept, 'CREATE UNIQUE INDEX one ON "tsdp:rejected" ("table", "row")');
    expect(await runImport(folder, again)).toMatchObject({ state: "COMPLETED", errorCount: 1 });
    expect(rows(join(folder, "job.KEPT.bad"), 'SELECT "table", count(*) FROM "tsdp:rejected:2"')).toEqual([
      '["tsdp:rejected",6]',
    ]);
  });

  test("without a refused row there is no file, and without a log the job does not start", async () => {
    const { folder } = stricterTarget();
    expectSuccess(await runImport(folder, { ...SKIPPING, remap: [["SHOP", "NEWONE"]] }));
    expect(readdirSync(folder).filter((name) => name.includes("bad"))).toEqual([]);
    const { logFile, ...withoutLog } = SKIPPING;
    expect(logFile).toBeDefined();
    expect(codesOf(await failureOf(runImport(folder, withoutLog)))).toEqual(["ORA-39002", "ORA-39053"]);
  });

  test.each([
    [["import publish before commit:1", "import published:1"]],
    [["bad file written:1", "bad file whole:1", "rejected rows dropped:1"]],
    [["bad file named:1"]],
    [["import published:1", "import outcome told:1", "import outcome told:2"]],
  ])("no row is lost or doubled when the process dies at %s", async (failpoints) => {
    const { folder, other } = stricterTarget();
    await runToFailpoints("IMPORT", folder, SKIPPING, failpoints);
    await restart(folder);
    expectRejected(folder, other);
    expect(readdirSync(folder).filter((name) => name.includes(".bad"))).toEqual(["job.OTHER.bad"]);
    expect(logLines(folder).filter((line) => line.startsWith("Rejected rows of"))).toHaveLength(1);
    expect(logLines(folder).filter((line) => line.startsWith("ORA-39224"))).toHaveLength(6);
    const causes = logLines(folder).filter((line) => line.startsWith("TSDP-00010"));
    expect(causes.sort()).toEqual([
      'TSDP-00010: table "OTHER"."notes": UNIQUE constraint failed: notes.body',
      'TSDP-00010: table "OTHER"."orders": CHECK constraint failed: amount <> 5',
      'TSDP-00010: table "OTHER"."orders": NOT NULL constraint failed: orders.customer',
      'TSDP-00010: table "OTHER"."orders": UNIQUE constraint failed: orders.id',
      'TSDP-00010: table "OTHER"."orders": not that one',
      'TSDP-00010: table "OTHER"."tags": CHECK constraint failed: rowid',
    ]);
    expect(logLines(folder).at(-2)).toContain("completed with 6 error(s)");
  });

  test.each([
    ["import published", ["bad file written", "bad file whole", "leftovers dropped", "bad file named"], killJob],
    ["import published", ["bad file whole", "leftovers dropped"], restart],
    ["import publish before commit", ["leftovers dropped"], restart],
    ["bad file named", [], killJob],
  ])("no row is lost when the process dies at %s and KILL_JOB at %j", async (failpoint, deaths, end) => {
    const { folder, other } = stricterTarget();
    await runToFailpoint("IMPORT", folder, SKIPPING, failpoint);
    for (const death of deaths) await underFailpoint(death, () => killJob(folder));
    await end(folder);
    expectRejected(folder, other);
    expect(readdirSync(folder).filter((name) => name.includes(".bad"))).toEqual(["job.OTHER.bad"]);
    // A control process that has told the end of its job has still to remove it.
    await expect.poll(() => readdirSync(join(folder, ".tsdp/jobs")), { timeout: 30_000 }).toEqual([]);
  });
});

test("what another program makes before the publication is committed stays, and what is told is what was committed", async () => {
  const { folder, other } = stricterTarget();
  rmSync(other);
  execute(other, "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, amount); INSERT INTO orders VALUES (2, 'mine', 1)");
  await runToFailpoint("IMPORT", folder, SKIPPING, "import publish before commit");
  expect(logLines(folder).filter((line) => line.includes("out of") || line.startsWith("ORA-39224"))).toEqual([]);
  execute(other, "DELETE FROM orders; INSERT INTO orders VALUES (1, 'mine', 1), (6, 'mine', 1)");
  execute(other, "CREATE TABLE notes (mine); CREATE INDEX tags ON notes (mine)");
  const report = await restart(folder);
  const errors = [
    'ORA-31684: Object type INDEX:"OTHER"."tags" already exists\nTSDP-00010: it was made after',
    'ORA-31684: Object type TABLE:"OTHER"."notes" already exists\nTSDP-00010: it was made after',
    'ORA-39224: 2 row(s) were rejected with the following error:\nTSDP-00010: table "OTHER"."orders": UNIQUE constraint failed: orders.id',
  ];
  expect(logLines(folder)).toContainEqual(expect.stringMatching(/^\. \. imported "OTHER"\."orders" .* 4 out of 6 rows$/));
  expect([...report.errors].sort()).toEqual(errors.map((error) => expect.stringContaining(error) as string));
  expect(report).toMatchObject({ state: "COMPLETED", errorCount: errors.length });
  expect(rows(other, "SELECT id FROM orders")).toEqual(["[1]", "[2]", "[3]", "[4]", "[5]", "[6]"]);
  expect(rows(other, "SELECT name FROM sqlite_schema ORDER BY 1")).toEqual(['["notes"]', '["orders"]', '["tags"]']);
  expect(rows(other, "PRAGMA integrity_check")).toEqual(['["ok"]']);
});

test("a new schema that has its name when the process dies keeps its refused rows under KILL_JOB", async () => {
  const folder = temporaryFolder();
  execute(join(folder, "LAX.db"), "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), ('many'), (3)");
  expectSuccess(await runExport(folder, { schemas: "IN ('LAX')" }));
  const transforms = [["STRICT", 1]] as const;
  await runToFailpoint("IMPORT", folder, { ...SKIPPING, remap: [["LAX", "MADE"]], transforms }, "import named");
  await killJob(folder);
  expect(rows(join(folder, "MADE.db"), "SELECT n FROM t ORDER BY rowid")).toEqual(["[1]", "[3]"]);
  expect(rows(join(folder, "job.MADE.bad"), 'SELECT "table", source_rowid FROM "tsdp:rejected"')).toEqual(['["t",2]']);
});

test("VALIDATE_TABLE_DATA tells values that are not valid for their columns, and takes them", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "ODD.db");
  execute(
    path,
    `CREATE TABLE t (a, b); INSERT INTO t (rowid, a, b) VALUES (7, CAST(x'C3' AS TEXT), x'C3'), (9, 'fine', CAST(x'FF' AS TEXT));
    CREATE TABLE w (k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES (1, CAST(x'80' AS TEXT)), (2, 'ä');
    CREATE TABLE s (n INT, r REAL); INSERT INTO s VALUES ('many', 5), (2, 2.5)`,
  );
  const database = new Sqlite(path);
  database.unsafeMode(true);
  database.exec("PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE name = 's'");
  database.close();
  expectSuccess(await runExport(folder, { schemas: "IN ('ODD')" }));
  const report = await runImport(folder, {
    remap: [["ODD", "MADE"]],
    parameters: { DATA_OPTIONS: KU.DATAOPT_VALIDATE_TBL_DATA },
  });
  const told = report.errors.filter((error) => error.startsWith("ORA-02374"));
  const error = (table: string, words: string, ...rowids: number[]) =>
    [
      `ORA-02374: conversion error loading table MADE.${table}`,
      `TSDP-00010: column ${words} in 1 row(s)`,
      ...rowids.map((rowid) => `ORA-02372: data for row: rowid ${rowid}`),
    ].join("\n");
  expect(told.sort()).toEqual([
    error("s", '"n" has values that are no INT', 1),
    error("t", '"a" has text that is not valid UTF-8', 7),
    error("t", '"b" has text that is not valid UTF-8', 9),
    error("w", '"v" has text that is not valid UTF-8'),
  ]);
  expect(rows(join(folder, "MADE.db"), "SELECT hex(a), hex(b) FROM t UNION ALL SELECT n, r FROM s")).toEqual(
    rows(path, "SELECT hex(a), hex(b) FROM t UNION ALL SELECT n, r FROM s"),
  );
});
