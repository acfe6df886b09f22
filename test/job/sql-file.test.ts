import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { PumpError } from "../../src/base/errors.ts";
import { NO_KEYS } from "../../src/dump/set-key.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { restart, runToFailpoints } from "./restarts.ts";
import { codesOf, expectSuccess, runExport, runInProcess, runSqlFile, type JobReport, type JobRequest } from "./pump-jobs.ts";

const HAS_SHELL = spawnSync("sqlite3", ["--version"]).status === 0;
/** They call functions that no build has. */
const FOREIGN = /^missing_/;
/** Which modules there are, and with which options, differs from shell to shell. */
const MODULE_TABLE = /^(?:fts|shapes|page_usage)/;
/** Definitions that SQLite has not stored as they are when it is told them. */
const HAND_EDITED = ["hand_edited"];
/** Their texts are no UTF-8, which a JavaScript string can't hold. */
const NO_TEXT = /^latin_/;
/** "x" for a string, which better-sqlite3 takes for a column unless it reads it from a file. */
const DOUBLE_QUOTED = /^quoted/;

let folder: string;
let source: string;
let target: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-sql-file-"));
  source = join(folder, "source");
  target = join(folder, "target");
  for (const path of [source, target]) mkdirSync(path);
  writeConstructs(join(source, "C.db"), { rows: 3, blobBytes: 10, autoVacuum: 2, pageSize: 1024 });
  const other = new Sqlite(join(source, "o'e.db"));
  other.exec(`PRAGMA journal_mode = wal; CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, "a;
.quit" UNIQUE); INSERT INTO orders VALUES (7, 7);
    CREATE VIEW shown AS SELECT * FROM orders -- all
    ; CREATE INDEX by_id ON orders (id DESC); CREATE TRIGGER kept AFTER DELETE ON orders BEGIN SELECT 1; SELECT 2; END;`);
  other.close();
  expectSuccess(await runExport(source, { folder, mode: "FULL", dumpFiles: ["all.dmp"] }));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function script(request: JobRequest): Promise<JobReport | PumpError> {
  return runInProcess("SQL_FILE", target, { folder, dumpFiles: ["all.dmp"], sqlFile: "x.sql", ...request });
}

interface Stored {
  readonly name: string;
  readonly sql: string | null;
}

function stored(path: string, without: (name: string) => boolean): readonly Stored[] {
  const database = new Sqlite(path, { readonly: true });
  try {
    const rows = database
      .prepare("SELECT type, name, tbl_name, hex(sql) AS sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1, 2")
      .all() as Stored[];
    return rows.filter(({ name }) => !without(name));
  } finally {
    database.close();
  }
}

function settings(path: string): unknown {
  const database = new Sqlite(path, { readonly: true });
  const names = ["encoding", "page_size", "auto_vacuum", "user_version", "application_id", "journal_mode"];
  const found = names.map((name) => database.pragma(name, { simple: true }));
  database.close();
  return found;
}

function isRefused(name: string): boolean {
  return DOUBLE_QUOTED.test(name) || FOREIGN.test(name);
}

function isUncomparable(name: string): boolean {
  return isRefused(name) || HAND_EDITED.includes(name) || NO_TEXT.test(name);
}

it("a script of one schema makes its objects and settings, and nothing else is touched", async () => {
  writeFileSync(join(folder, "x.sql"), "old");
  expect(await script({ schemas: "IN ('C')" })).toMatchObject({ state: "COMPLETED", errorCount: 0 });
  expect(readdirSync(target)).toEqual([".tsdp"]);
  expect(readdirSync(folder).filter((name) => name.includes("x.sql"))).toEqual(["x.sql"]);
  const text = readFileSync(join(folder, "x.sql"));
  expect(text.toString().split("\n").slice(0, 3)).toEqual([
    "-- CONNECT C",
    "PRAGMA encoding = 'UTF-8';",
    "PRAGMA page_size = 1024;",
  ]);
  expect(text.toString()).toMatch(/^-- new object type path: DATABASE_EXPORT\/SCHEMA\/TABLE\/INDEX\/INDEX$/m);

  // One statement that this build refuses must not end the others: each by itself, as a shell goes on.
  const made = new Sqlite(join(folder, "made.db"));
  const refused: string[] = [];
  for (const statement of statementsOf(made, text.toString())) {
    try {
      made.exec(statement);
    } catch {
      refused.push(/(?:TABLE|INDEX|TRIGGER|VIEW) (\w+)/.exec(statement)?.[1] ?? statement);
    }
  }
  made.close();
  expect(refused.filter((name) => !isRefused(name))).toEqual([]);
  const source_ = join(source, "C.db");
  expect(stored(join(folder, "made.db"), isUncomparable)).toEqual(stored(source_, isUncomparable));
  expect(settings(join(folder, "made.db"))).toEqual(settings(source_));

  if (!HAS_SHELL) return;
  const { stderr } = spawnSync("sqlite3", ["-batch", join(folder, "shell.db")], { input: text, encoding: "utf8" });
  expect(stderr).not.toMatch(/syntax error|incomplete input|unrecognized token/);
  const notKept = (name: string) => HAND_EDITED.includes(name) || isRefused(name) || MODULE_TABLE.test(name);
  expect(stored(join(folder, "shell.db"), notKept)).toEqual(stored(source_, notKept));
});

/** The statements of a script, by the comments and the ends of lines that this script has; SQLite says when one is complete. */
function* statementsOf(database: Sqlite.Database, text: string): Generator<string> {
  let pending = "";
  for (const line of text.split("\n")) {
    pending += `${line}\n`;
    if (!line.trimEnd().endsWith(";") || !isComplete(database, pending)) continue;
    yield pending;
    pending = "";
  }
}

/** A statement that ends inside of a text, a comment or a trigger is "incomplete input", or has a quote too many. */
function isComplete(database: Sqlite.Database, text: string): boolean {
  try {
    database.prepare(text);
    return true;
  } catch (error) {
    return !/incomplete input|unrecognized token/.test(String(error));
  }
}

it("a script of several schemas makes a file of each, remapped ones too", async () => {
  expect(
    await script({ schemas: "IN ('C','O''E')", remap: [["C", "NEW"]], filters: [["EXCLUDE_PATH_EXPR", "IN ('VIEW')"]] }),
  ).toMatchObject({
    state: "COMPLETED",
  });
  const text = readFileSync(join(folder, "x.sql"), "utf8");
  expect(text.match(/^-- CONNECT .*$/gm)).toEqual(["-- CONNECT NEW", "-- CONNECT O'E"]);
  expect(text).toContain(`ATTACH './O''E.db' AS "O'E";`);
  expect(text).not.toContain("user_version");
  expectSuccess((await script({ schemas: "= 'O''E'" })) as JobReport);
  const alone = new Sqlite(join(folder, "alone.db"));
  alone.exec(readFileSync(join(folder, "x.sql"), "utf8"));
  alone.close();
  const name = join(source, "o'e.db");
  expect(stored(join(folder, "alone.db"), () => false)).toEqual(stored(name, () => false));
  expect(settings(join(folder, "alone.db"))).toEqual(settings(name));
});

it("attached sections store what their schemas hold", async () => {
  expectSuccess(
    await runSqlFile(target, { folder, dumpFiles: ["all.dmp"], schemas: "IN ('C','O''E')", sqlFile: "both", logFile: "both" }),
  );
  expect(existsSync(join(folder, "both.sql"))).toBe(true);
  const work = mkdtempSync(join(folder, "attached-"));
  const text = readFileSync(join(folder, "both.sql"), "utf8");
  const section = text.slice(text.indexOf("-- CONNECT O'E")).replaceAll("'./", `'${work}/`);
  const database = new Sqlite(":memory:");
  database.exec(section);
  database.close();
  expect(stored(join(work, "O'E.db"), () => false)).toEqual(stored(join(source, "o'e.db"), () => false));
});

it.each([
  ["include=INDEX takes only indexes", { filters: [["INCLUDE_PATH_EXPR", "IN ('INDEX')"]] }, /^CREATE (?:UNIQUE )?INDEX/],
  [
    "a table with its dependents",
    { tables: "O'E.ORDERS", mode: "TABLE" },
    /^CREATE (?:TABLE "orders|TABLE orders|INDEX by_id|TRIGGER kept)/,
  ],
] satisfies readonly (readonly [string, JobRequest, RegExp])[])("%s", async (_, request, allowed) => {
  expect(
    await script({ ...request, ...("tables" in request ? { tables: `"O'E".ORDERS` } : { schemas: "= 'O''E'" }) }),
  ).toMatchObject({ errorCount: 0 });
  const creates = readFileSync(join(folder, "x.sql"), "utf8").match(/^CREATE .*$/gm) ?? [];
  expect(creates.length).toBeGreaterThan(0);
  for (const line of creates) expect(line).toMatch(allowed);
});

it("tables under other names are proven under these, and so is what comes without them", async () => {
  const remap: JobRequest = { schemas: "= 'O''E'", tableRemaps: [["orders", "moved"]] };
  expectSuccess((await script(remap)) as JobReport);
  const text = readFileSync(join(folder, "x.sql"), "utf8");
  expect(text).toMatch(/^CREATE TABLE "?moved"? /m);
  const made = new Sqlite(":memory:");
  made.exec(text);
  expect(made.prepare("SELECT count(*) FROM sqlite_schema WHERE tbl_name = 'moved'").pluck().get()).toBe(4);
  made.close();
  expectSuccess((await script({ ...remap, filters: [["INCLUDE_PATH_EXPR", "IN ('INDEX')"]] })) as JobReport);
  expect(readFileSync(join(folder, "x.sql"), "utf8")).toMatch(/^CREATE INDEX by_id ON "?moved"? /m);
});

it("refuses what a script can't be, and leaves no file", async () => {
  const cases: readonly (readonly [JobRequest, string])[] = [
    [{ sqlFile: "all.dmp" }, "ORA-39402"],
    [{ sqlFile: "source/C.db", folder }, "ORA-29283"],
    [{ schemas: "= 'NONE'", sqlFile: "none.sql" }, "ORA-31655"],
    [{ dumpFiles: ["absent.dmp"], sqlFile: "none.sql" }, "ORA-31640"],
  ];
  const size = statSync(join(folder, "all.dmp")).size;
  for (const [request, code] of cases) {
    const failure = await script(request);
    expect(failure instanceof PumpError ? codesOf(failure) : failure).toContain(code);
  }
  expect(statSync(join(folder, "all.dmp")).size).toBe(size);
  expect(readdirSync(folder).filter((name) => name.includes("none"))).toEqual([]);
});

it("of an encrypted set needs its password", async () => {
  const request = { folder, schemas: "= 'O''E'", dumpFiles: ["secret.dmp"] };
  expectSuccess(await runExport(source, { ...request, parameters: { ENCRYPTION: "ALL", ENCRYPTION_PASSWORD: "pw" } }));
  expect(codesOf((await script(request)) as PumpError)).toContain("ORA-39174");
  expectSuccess((await script({ ...request, keyring: { ...NO_KEYS, password: "pw" } })) as JobReport);
  expect(readFileSync(join(folder, "x.sql"), "utf8")).toContain("CREATE VIEW shown");
});

it("is written anew when its process was killed, and counts its errors once", async () => {
  const home = temporaryFolder();
  copyFileSync(join(folder, "all.dmp"), join(home, "all.dmp"));
  const request = { dumpFiles: ["all.dmp"], tables: "O'E.orders,O'E.nothing" };
  const whole = await runSqlFile(home, { ...request, sqlFile: "whole.sql" });
  expect(whole).toMatchObject({ state: "COMPLETED", errorCount: 1, errors: [expect.stringContaining("ORA-39166")] });
  await runToFailpoints("SQL_FILE", home, { ...request, sqlFile: "x.sql" }, ["job executing", "job completing"]);
  expect(await restart(home)).toMatchObject({ state: "COMPLETED", errorCount: 1 });
  expect(textOf(join(home, "x.sql"))).toBe(textOf(join(home, "whole.sql")));
  expect(readdirSync(home).sort()).toEqual([".tsdp", "all.dmp", "job.log", "whole.sql", "x.sql"]);
});

/** Without the times of the job. */
function textOf(path: string): string {
  return readFileSync(path, "utf8").replaceAll(/^-- .*$/gm, "");
}
