import Sqlite from "better-sqlite3";
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toPumpError } from "../../../src/base/errors.ts";
import { placeNewSchema } from "../../../src/job/import/schema-place.ts";
import { codesOf, expectSuccess, failureOf, runExport, runImport, type JobRequest } from "../pump-jobs.ts";
import { restart, runToFailpoint } from "../restarts.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "tsdp-place-")));
const source = join(root, "source");

beforeAll(async () => {
  mkdirSync(source);
  const database = new Sqlite(join(source, "HR.db"));
  database.exec("CREATE TABLE t (a PRIMARY KEY); INSERT INTO t VALUES (1), ('b'); CREATE VIEW v AS SELECT a FROM t");
  database.close();
  expectSuccess(await runExport(source, { folder: root, schemas: "= 'HR'", dumpFiles: ["rows.dmp"] }));
  const pages = {
    folder: root,
    mode: "TRANSPORTABLE",
    filters: [["TABLESPACE_EXPR", "= 'HR'"]],
    dumpFiles: ["pages.dmp"],
  } as const;
  expectSuccess(await runExport(source, pages));
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

/** A database, and a folder on another disk. */
function places(): { database: string; elsewhere: string } {
  const folder = temporaryFolder();
  const [database, elsewhere] = [join(folder, "database"), join(folder, "disk2")];
  for (const made of [database, elsewhere]) mkdirSync(made);
  for (const dump of ["rows.dmp", "pages.dmp"]) copyFileSync(join(root, dump), join(database, dump));
  return { database, elsewhere };
}

function request(dump: string, datafile: string, more: Partial<JobRequest> = {}): JobRequest {
  return { dumpFiles: [dump], pathRemaps: [["REMAP_DATAFILE", "/any/hr.DB", datafile]], ...more };
}

function rowsOf(path: string): unknown[] {
  const database = new Sqlite(path, { fileMustExist: true });
  try {
    return database.prepare("SELECT a FROM v").pluck().all();
  } finally {
    database.close();
  }
}

function expectLinked(database: string, elsewhere: string, schema: string): void {
  expect(readlinkSync(join(database, `${schema}.db`))).toBe(join(elsewhere, "x.db"));
  expect(rowsOf(join(database, `${schema}.db`))).toEqual([1, "b"]);
  expect(readdirSync(elsewhere)).toEqual(["x.db"]);
}

test.each([
  ["rows.dmp", { schemas: "= 'HR'" }],
  ["pages.dmp", { mode: "TRANSPORTABLE" }],
] as const)("REMAP_DATAFILE puts a schema of %s on another disk, and all jobs find it by its link", async (dump, more) => {
  const { database, elsewhere } = places();
  const path = join(elsewhere, "x.db");
  expectSuccess(await runImport(database, request(dump, path, { ...more, remap: [["HR", "OLD"]] })));
  expectLinked(database, elsewhere, "OLD");

  const again = await failureOf(runImport(database, request(dump, path, more)));
  expect(codesOf(again)).toEqual(["ORA-39002", "ORA-39097", "ORA-27038"]);
  const moved = await failureOf(runImport(database, request(dump, join(elsewhere, "y.db"), { ...more, remap: [["HR", "OLD"]] })));
  expect(codesOf(moved)).toEqual(["ORA-39002", "TSDP-00010"]);

  const append = {
    schemas: "= 'HR'",
    transforms: [["DISABLE_ARCHIVE_LOGGING", 1]],
    parameters: { TABLE_EXISTS_ACTION: "TRUNCATE" },
    remap: [["HR", "OLD"]],
  } as const;
  const loaded = await runImport(database, { dumpFiles: ["rows.dmp"], ...append });
  expect(loaded.lines.filter((line) => line.includes("imported"))).toHaveLength(1);
  expect(loaded.lines).toContain("Schema OLD exists and is written with its journal");
  expectLinked(database, elsewhere, "OLD");
  expectSuccess(await runExport(database, { schemas: "= 'OLD'", dumpFiles: ["old.dmp"] }));
});

test("a name in the folder of the database has the name of the schema", async () => {
  const { database } = places();
  expectSuccess(await runImport(database, request("rows.dmp", "hr.sqlite3", { schemas: "= 'HR'" })));
  expect(rowsOf(join(database, "hr.sqlite3"))).toEqual([1, "b"]);
  expect(lstatSync(join(database, "hr.sqlite3")).isFile()).toBe(true);
});

test("two schemas of a dump don't share a file, and one that it does not hold has none", async () => {
  const { database, elsewhere } = places();
  const remaps = (schema: string) => ({
    pathRemaps: [
      ["REMAP_DATAFILE", "HR.db", join(elsewhere, "x.db")],
      ["REMAP_DATAFILE", `${schema}.db`, join(elsewhere, "x.db")],
    ] as const,
  });
  const stranger = await failureOf(runImport(database, request("rows.dmp", "", remaps("SCOTT"))));
  expect(codesOf(stranger)).toEqual(["ORA-39002", "ORA-39146"]);
  const twice = await failureOf(runImport(database, request("rows.dmp", "", remaps("hr"))));
  expect(codesOf(twice)).toEqual(["ORA-39001", "ORA-39046"]);
});

describe("an import that is killed when the file has its name", () => {
  test.each([
    ["rows.dmp", "import named", { schemas: "= 'HR'" }],
    ["pages.dmp", "import pages named", { mode: "TRANSPORTABLE" }],
  ] as const)("of %s makes the link when it is started again", async (dump, failpoint, more) => {
    const { database, elsewhere } = places();
    await runToFailpoint("IMPORT", database, request(dump, join(elsewhere, "x.db"), more), `${failpoint}:1`);
    expect(readdirSync(elsewhere)).toContain("x.db");
    expect(readdirSync(database)).not.toContain("HR.db");
    expectSuccess(await restart(database));
    expectLinked(database, elsewhere, "HR");
  });
});

describe("the place of a new schema", () => {
  const [database, elsewhere] = [join(root, "database"), join(root, "elsewhere")];
  for (const folder of [database, elsewhere]) mkdirSync(folder);
  writeFileSync(join(elsewhere, "taken.db"), "");
  symlinkSync("/nowhere", join(database, "DANGLING.db"));
  symlinkSync(database, join(elsewhere, "folder"));

  test.each([
    [undefined, join(database, "HR.db"), null],
    ["hr.sqlite", join(database, "hr.sqlite"), null],
    [join(elsewhere, "folder", "Hr.db"), join(elsewhere, "folder", "Hr.db"), null],
    [join(elsewhere, "new.SQLITE"), join(elsewhere, "new.SQLITE"), join(database, "HR.SQLITE")],
  ])("for REMAP_DATAFILE to %s is %s", (datafile, path, link) => {
    expect(placeNewSchema(database, "HR", datafile)).toEqual({ path, link });
  });

  test.each([
    ["HR", "blake.db", "TSDP-00010"],
    ["HR", join(elsewhere, "folder", "x.db"), "TSDP-00010"],
    ["HR", join(elsewhere, "taken.db"), "ORA-39097 ORA-27038"],
    ["HR", join(elsewhere, "none", "x.db"), "ORA-39097 ENOENT"],
    ["DANGLING", join(elsewhere, "x.db"), "ORA-39097 ORA-27038"],
  ])("of %s is refused for %s", (name, datafile, codes) => {
    const place = () => placeNewSchema(database, name, datafile);
    let found: string[] = [];
    try {
      place();
    } catch (error) {
      found = codesOf(toPumpError(error));
    }
    expect(found).toEqual(["ORA-39002", ...codes.split(" ")]);
  });
});
