import Sqlite from "better-sqlite3";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect } from "../../src/api/data-pump.ts";
import { planRemaps, type RemapScope } from "../../src/job/data-remaps.ts";
import type { DataRemap, JobDefinition } from "../../src/job/definition.ts";
import { remapKeyFor } from "../../src/job/remap-key.ts";
import type { DumpObject } from "../../src/metadata/dump-object.ts";
import { openMemory } from "../../src/sqlite/database.ts";
import { listTables, readTableShape, shadowOwner } from "../../src/sqlite/schema.ts";
import { readTableFacts } from "../../src/sqlite/table-facts.ts";
import { codesOf, expectSuccess, failureOf, runExport, runImport } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const KEY = "a key of the masks for the staging copy";
/** In every original value that has to go. */
const ORIGINAL = "original";

const APP = `
  CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT COLLATE NOCASE UNIQUE, born TEXT, card TEXT, note, kept TEXT, town TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO person SELECT i, 'original ' || i, i || '.original@acme.com', date('1970-01-01', i || ' days'), 'original4' || i,
      CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN i ELSE 'original note' END, 'kept ' || i, 'town ' || i FROM n;
  CREATE TABLE visit (email TEXT, day INTEGER, PRIMARY KEY (email, day)) WITHOUT ROWID;
  INSERT INTO visit SELECT email, id % 7 FROM person UNION ALL SELECT email, 100 FROM person;
  CREATE INDEX person_card ON person (card);
  ANALYZE;`;

const REMAPS = [
  ["PERSON", "Name", "mask.fake_name"],
  ["person", "email", "MASK.FAKE_EMAIL"],
  ["person", "born", "MASK.SHIFT_DATE(40)"],
  ["person", "card", "MASK.PARTIAL(0,3)"],
  ["person", "note", "MASK.HASH"],
  ["person", "town", "MASK.SHUFFLE"],
  ["visit", "email", "MASK.FAKE_EMAIL", "APP"],
] as const;

function appFolder(sql = APP): string {
  const folder = temporaryFolder();
  const database = new Sqlite(join(folder, "APP.db"));
  database.exec(sql);
  database.close();
  return folder;
}

/** Every file below a folder that holds a text, but for the source. */
function filesWith(folder: string, text: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return names.filter((name) => {
    const path = join(folder, name);
    // A control process that ends takes files away while they are looked at.
    const isFile = name !== "APP.db" && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    return isFile && contentOf(path).includes(text);
  });
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

/** What a masked copy has to be, whichever side has masked it. */
function expectMasked(folder: string, copy: string): void {
  const database = new Sqlite(join(folder, `${copy}.db`), { readonly: true });
  database.prepare("ATTACH ? AS source").run(join(folder, "APP.db"));
  const one = (sql: string) => database.prepare(sql).pluck().get();
  expect(one("PRAGMA integrity_check")).toBe("ok");
  expect(one("SELECT count(*) FROM person JOIN source.person s USING (id) WHERE s.kept = person.kept")).toBe(3000);
  expect(one("SELECT count(DISTINCT email) FROM person WHERE email LIKE '%@example.com'")).toBe(3000);
  expect(one("SELECT count(*) FROM visit JOIN person USING (email)")).toBe(6000);
  expect(one("SELECT count(*) FROM person JOIN source.person s USING (id) WHERE typeof(s.note) = typeof(person.note)")).toBe(
    3000,
  );
  expect(one("SELECT count(*) FROM person JOIN source.person s USING (id) WHERE s.note IS person.note")).toBe(1000);
  expect(one("SELECT max(abs(julianday(s.born) - julianday(person.born))) FROM person JOIN source.person s USING (id)")).toBe(40);
  expect(one("SELECT count(*) FROM person JOIN source.person s USING (town)")).toBe(3000);
  expect(one("SELECT count(*) FROM person JOIN source.person s USING (id) WHERE s.town = person.town")).toBe(0);
  expect(one("SELECT card FROM person WHERE id = 1234")).toBe("**********234");
  const hasSamples = one("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat4'") === 1;
  expect(hasSamples ? one("SELECT count(*) FROM main.sqlite_stat4") : 0).toBe(0);
  expect(one("SELECT count(*) FROM main.sqlite_stat1 WHERE tbl = 'person'")).toBe(2);
  database.close();
}

test("an export with masks: no original and no key is in the files that it leaves, joins survive, and an import masks alike", async () => {
  const folder = appFolder();
  const request = { dumpFiles: ["m.dmp"], logFile: "m.log", schemas: "IN ('APP')", parallel: 2 };
  const parameters = { REMAP_DATA_KEY: KEY, COMPRESSION: "NONE", KEEP_MASTER: 1 };
  expectSuccess(await runExport(folder, { ...request, remapData: REMAPS, parameters }));
  expect(filesWith(folder, ORIGINAL)).toEqual([]);
  expectSuccess(await runImport(folder, { dumpFiles: ["m.dmp"], remap: [["APP", "STAGE"]] }));
  expectMasked(folder, "STAGE");

  expectSuccess(await runExport(folder, { dumpFiles: ["p.dmp"], schemas: "IN ('APP')", parameters: { COMPRESSION: "NONE" } }));
  expect(filesWith(folder, ORIGINAL)).toEqual(["p.dmp"]);
  const remap = [["APP", "COPY"]] as const;
  expectSuccess(await runImport(folder, { dumpFiles: ["p.dmp"], remap, remapData: REMAPS, parameters: { REMAP_DATA_KEY: KEY } }));
  expectMasked(folder, "COPY");
  expect(filesWith(folder, ORIGINAL)).toEqual(["p.dmp"]);

  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createDatabaseLink("SELF", folder);
  await pump.close();
  // The names of the dump are meant: the table that is called PERSON afterwards gets no functions.
  const moved = {
    remap: [["APP", "LINKED"]],
    tableRemaps: [
      ["person", "people"],
      ["visit", "person"],
    ],
  } as const;
  const linked = { link: "SELF", schemas: "IN ('APP')", remapData: REMAPS, parameters: { REMAP_DATA_KEY: KEY } };
  expectSuccess(await runImport(folder, { ...linked, ...moved }));
  const back = [["LINKED", "BACK"]] as const;
  expectSuccess(await runExport(folder, { dumpFiles: ["l.dmp"], schemas: "IN ('LINKED')" }));
  expectSuccess(
    await runImport(folder, {
      dumpFiles: ["l.dmp"],
      remap: back,
      tableRemaps: [
        ["people", "person"],
        ["person", "visit"],
      ],
    }),
  );
  expectMasked(folder, "BACK");
  expect(filesWith(folder, ORIGINAL)).toEqual(["p.dmp"]);
  expect(filesWith(folder, KEY)).toEqual([]);
  const database = new Sqlite(join(folder, "COPY.db"), { readonly: true });
  database.prepare("ATTACH ? AS other").run(join(folder, "BACK.db"));
  // What is shuffled is in other places each time.
  for (const [table, columns] of [
    ["person", "id, name, email, born, card, note, kept"],
    ["visit", "*"],
  ] as const)
    expect(database.prepare(`SELECT ${columns} FROM main.${table} EXCEPT SELECT ${columns} FROM other.${table}`).all()).toEqual(
      [],
    );
  database.close();
});

test("a function of a module replaces values, and its digest is recorded", async () => {
  const folder = appFolder("CREATE TABLE t (a, b); INSERT INTO t VALUES ('original', 5), (NULL, 6), (x'6f', 7)");
  const modules = join(folder, "masks");
  mkdirSync(modules, { mode: 0o700 });
  const code = "export const Twist = (value) => (typeof value === 'string' ? value.length + ' letters' : value.reverse())";
  writeFileSync(join(modules, "house.mjs"), code, { mode: 0o600 });
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createDirectory("REMAP_DATA_DIR", modules);
  await pump.close();
  const remapData = [["t", "a", "HOUSE.TWIST"]] as const;
  expectSuccess(await runExport(folder, { dumpFiles: ["m.dmp"], schemas: "IN ('APP')", remapData }));
  expectSuccess(await runImport(folder, { dumpFiles: ["m.dmp"], remap: [["APP", "COPY"]] }));
  const database = new Sqlite(join(folder, "COPY.db"), { readonly: true });
  expect(database.prepare("SELECT quote(a), b FROM t").raw().all()).toEqual([
    ["'8 letters'", 5],
    ["NULL", 6],
    ["X'6F'", 7],
  ]);
  database.close();
});

test("an INTEGER PRIMARY KEY stays a key of integers, foreign keys follow it, and AUTOINCREMENT goes on after it", async () => {
  const folder = appFolder(`
    CREATE TABLE boss (id INTEGER PRIMARY KEY AUTOINCREMENT, name);
    CREATE TABLE employee (id INTEGER PRIMARY KEY AUTOINCREMENT, boss INTEGER REFERENCES boss, UNIQUE (boss, id));
    WITH RECURSIVE n(i) AS (SELECT 770001 UNION ALL SELECT i + 1 FROM n WHERE i < 770020) INSERT INTO boss SELECT i, 'boss ' || i FROM n;
    CREATE TABLE kept (id INTEGER PRIMARY KEY AUTOINCREMENT);
    INSERT INTO kept VALUES (41);
    DELETE FROM kept;
    INSERT INTO employee SELECT id - 770000, id FROM boss;`);
  const remapData = [
    ["boss", "id", "MASK.HASH"],
    ["employee", "boss", "MASK.HASH"],
    ["employee", "id", "MASK.SHUFFLE"],
  ] as const;
  const parameters = { REMAP_DATA_KEY: KEY };
  const schemas = "IN ('APP')";
  expectSuccess(await runExport(folder, { dumpFiles: ["m.dmp"], schemas, remapData, parameters }));
  expectSuccess(await runImport(folder, { dumpFiles: ["m.dmp"], remap: [["APP", "A"]] }));
  expectSuccess(await runExport(folder, { dumpFiles: ["p.dmp"], schemas }));
  expectSuccess(await runImport(folder, { dumpFiles: ["p.dmp"], remap: [["APP", "B"]], remapData, parameters }));
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createDatabaseLink("SELF", folder);
  await pump.close();
  expectSuccess(await runImport(folder, { link: "SELF", schemas, remap: [["APP", "C"]], remapData, parameters }));
  for (const copy of ["A", "B", "C"]) {
    const database = new Sqlite(join(folder, `${copy}.db`));
    database.prepare("ATTACH ? AS source").run(join(folder, "APP.db"));
    const one = (sql: string) => database.prepare(sql).pluck().get();
    expect(one("PRAGMA integrity_check")).toBe("ok");
    expect(database.pragma("foreign_key_check")).toEqual([]);
    expect(
      one("SELECT count(*) FROM boss JOIN source.boss s USING (name) WHERE typeof(boss.id) = 'integer' AND s.id <> boss.id"),
    ).toBe(20);
    expect(one("SELECT count(*) FROM boss JOIN source.boss s USING (id)")).toBe(0);
    const pairs = "employee c JOIN boss b ON b.id = c.boss JOIN source.boss s USING (name)";
    expect(one(`SELECT count(*) FROM ${pairs} WHERE s.id - 770000 <> c.id`)).toBe(20);
    expect(one("SELECT count(*) FROM sqlite_sequence WHERE seq = 770020")).toBe(0);
    expect(one("INSERT INTO kept DEFAULT VALUES RETURNING id")).toBe(42);
    // Nor in unused bytes: the end of the name and the number.
    if (copy !== "A")
      expect(readFileSync(join(folder, `${copy}.db`)).includes(Buffer.from([0x73, 0x0b, 0xbf, 0xe4]))).toBe(false);
    expect(one("SELECT max(id) FROM boss")).toBeLessThan(one("INSERT INTO boss (name) VALUES ('new') RETURNING id") as number);
    expect(one("INSERT INTO employee (boss) SELECT max(id) FROM boss RETURNING id")).toBe(21);
    database.close();
  }
});

test("keys that become equal leave the table out on import, or their rows when those are skipped", async () => {
  const folder = appFolder("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (9, 'c')");
  mkdirSync(join(folder, "masks"), { mode: 0o700 });
  writeFileSync(join(folder, "masks", "house.mjs"), "export const half = (id) => id / 3n", { mode: 0o600 });
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createDirectory("REMAP_DATA_DIR", join(folder, "masks"));
  await pump.close();
  const remapData = [["t", "id", "HOUSE.HALF"]] as const;
  const refused = await runExport(folder, { dumpFiles: ["m.dmp"], schemas: "IN ('APP')", remapData });
  expect(refused.errors.join()).toContain("two rows of its table could have the same values in the key (id)");
  expectSuccess(await runExport(folder, { dumpFiles: ["p.dmp"], schemas: "IN ('APP')" }));
  const whole = await runImport(folder, { dumpFiles: ["p.dmp"], remap: [["APP", "A"]], remapData });
  expect(whole.errors).toEqual([expect.stringContaining("UNIQUE constraint failed: t.id")]);
  const parameters = { DATA_OPTIONS: KU.DATAOPT_SKIP_CONST_ERR };
  const some = await runImport(folder, { dumpFiles: ["p.dmp"], logFile: "i.log", remap: [["APP", "B"]], remapData, parameters });
  expect(some.errors).toEqual([expect.stringContaining("UNIQUE constraint failed: t.id")]);
  for (const [copy, rows] of [
    ["A", []],
    ["B", ["0 a", "3 c"]],
  ] as const) {
    const database = new Sqlite(join(folder, `${copy}.db`), { readonly: true });
    expect(database.prepare("SELECT id || ' ' || v FROM t").pluck().all()).toEqual(rows);
    database.close();
  }
});

test("a value that can't be replaced ends the job, with its column and row and not the value", async () => {
  const folder = appFolder("CREATE TABLE t (day TEXT); INSERT INTO t (rowid, day) VALUES (8, '2026-01-01'), (9, 'original day')");
  const parameters = { REMAP_DATA_KEY: KEY };
  const report = await runExport(folder, {
    dumpFiles: ["m.dmp"],
    logFile: "m.log",
    schemas: "IN ('APP')",
    remapData: [["t", "day", "MASK.SHIFT_DATE(3)"]],
    parameters,
  });
  expect(report).toMatchObject({ state: "STOPPED", errors: [expect.stringContaining('"APP"."t"."day"')] });
  expect(report.errors[0]).toContain("in the row with rowid 9, SHIFT_DATE can't move the value: it is not written as YYYY-MM-DD");
  expect(filesWith(folder, "original")).toEqual([]);
});

test("an import computes stored columns anew, and a broken key leaves the table out with an error", async () => {
  const folder = appFolder(`
    CREATE TABLE t (a TEXT, loud TEXT AS (upper(a)) STORED, b INTEGER CHECK (b > 0)) STRICT;
    INSERT INTO t (a, b) VALUES ('original', 1), (NULL, 2);
    CREATE TABLE u (a TEXT PRIMARY KEY, b); INSERT INTO u VALUES ('ab', 1), ('cd', 2);`);
  expectSuccess(await runExport(folder, { dumpFiles: ["p.dmp"], schemas: "IN ('APP')" }));
  const report = await runImport(folder, {
    dumpFiles: ["p.dmp"],
    remap: [["APP", "COPY"]],
    remapData: [
      ["t", "a", "MASK.PARTIAL(1,0)"],
      ["u", "a", "MASK.PARTIAL(0,0)"],
    ],
  });
  expect(report).toMatchObject({
    state: "COMPLETED",
    errorCount: 1,
    errors: [expect.stringContaining("UNIQUE constraint failed: u.a")],
  });
  const database = new Sqlite(join(folder, "COPY.db"), { readonly: true });
  expect(database.prepare("SELECT a, loud, b FROM t").raw().all()).toEqual([
    ["o*******", "O*******", 1],
    [null, null, 2],
  ]);
  database.close();
  expect(filesWith(folder, "ORIGINAL")).not.toContain("COPY.db");
});

test("DATA_REMAP and the key are checked when they are given", async () => {
  const folder = appFolder();
  const pump = await connect(folder, { currentDirectory: folder });
  const handle = await pump.open("EXPORT", "SCHEMA");
  const remap = async (name: string, table: string, column: string, called: string) =>
    codesOf(await failureOf(pump.dataRemap(handle, name, table, column, called)));
  expect(await remap("FUNCTION", "person", "name", "MASK.HASH")).toEqual(["ORA-39001", "ORA-39231"]);
  expect(await remap("COLUMN_FUNCTION", "person", "name", "MASK.HIDE")).toEqual(["ORA-39001", "ORA-39232"]);
  expect(await remap("COLUMN_FUNCTION", "person", "", "MASK.HASH")).toEqual(["ORA-39001", "ORA-39233"]);
  await pump.dataRemap(handle, "COLUMN_FUNCTION", "person", "name", "MASK.HASH");
  expect(await remap("COLUMN_FUNCTION", "PERSON", "NAME", "MASK.NULLIFY")).toEqual(["ORA-39001", "ORA-39235"]);
  expect(codesOf(await failureOf(pump.setParameter(handle, "REMAP_DATA_KEY", "too short")))).toEqual(["ORA-39001", "ORA-39207"]);
  await pump.addFile(handle, "m.dmp", "DATA_PUMP_DIR", null, KU.FILE_TYPE_DUMP_FILE);
  await pump.metadataFilter(handle, "SCHEMA_EXPR", "IN ('APP')");
  expect(codesOf(await failureOf(pump.startJob(handle)))).toEqual(["ORA-39002", "TSDP-00061"]);
  await pump.close();
});

describe("the key of a job", () => {
  const remap = (remapFunction: string): DataRemap => ({ schemaName: null, tableName: "T", column: "A", remapFunction });
  const definition = (remaps: readonly DataRemap[]) =>
    ({ guid: "AB".repeat(16), dataRemaps: remaps }) as unknown as JobDefinition;

  test("is proven when the job goes on, and no part of what is kept", async () => {
    const first = definition([remap("MASK.HASH")]);
    const define = vi.fn<(change: (old: JobDefinition) => Partial<JobDefinition>) => void>();
    const run = { definition: first, table: { define }, remapKey: KEY, restarts: false };
    const key = await remapKeyFor(run);
    const kept = define.mock.calls[0]?.[0](first) ?? {};
    expect(Object.keys(kept)).toEqual(["remapKeyCheck"]);
    const again = { ...run, definition: { ...first, ...kept }, restarts: true };
    expect(await remapKeyFor(again)).toEqual(key);
    await expect(remapKeyFor({ ...again, remapKey: `${KEY}s` })).rejects.toThrow("TSDP-00062");
    await expect(remapKeyFor({ ...again, remapKey: null })).rejects.toThrow("TSDP-00061");
  });

  test("is not asked for by functions that have none", async () => {
    const run = { definition: definition([remap("MASK.NULLIFY")]), table: { define: vi.fn() }, remapKey: null, restarts: false };
    expect(await remapKeyFor(run)).toBeNull();
  });
});

describe("a remap is refused", () => {
  const SCHEMA = `
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b, v AS (b + 1));
    CREATE TABLE computed (a, s AS (upper(a)) STORED);
    CREATE TABLE w (k TEXT PRIMARY KEY, a) WITHOUT ROWID;
    CREATE TABLE hidden (rowid, oid, _rowid_);
    CREATE VIEW shown AS SELECT a FROM t;`;

  function scope(sql: string, change: Partial<RemapScope> = {}): RemapScope {
    const connection = openMemory();
    connection.exec(sql);
    const tables = listTables(connection);
    const names = [...tables.keys()].filter((name) => !name.startsWith("sqlite_schema") && name !== "sqlite_temp_schema");
    const objects = names.map((name, i) => {
      const kind = tables.get(name)?.kind ?? "table";
      const hasShape = kind === "table" || kind === "shadow";
      const shape = hasShape ? readTableShape(connection, name, tables) : null;
      const owner = kind === "shadow" ? (shadowOwner(name, tables) ?? null) : null;
      return {
        id: i + 1,
        schema: "S",
        name,
        tableName: name,
        kind,
        owner,
        shape,
        objectType: kind === "view" ? "VIEW" : "TABLE",
      } as DumpObject;
    });
    const factsOf = ({ name }: DumpObject) => readTableFacts(connection, name, tables);
    return { operation: "EXPORT", objects, hasRows: ({ shape }) => shape !== null, defaultSchema: "S", factsOf, ...change };
  }

  const remap = (tableName: string, column: string, remapFunction = "MASK.HASH"): DataRemap => ({
    schemaName: null,
    tableName,
    column,
    remapFunction,
  });

  test.each([
    ["of a table that is not there", remap("nothing", "a"), "ORA-39166"],
    ["of a column that is not there", remap("t", "c"), "ORA-39233"],
    ["by NULL of the INTEGER PRIMARY KEY", remap("t", "id", "MASK.NULLIFY"), "does not take NULL"],
    ["of a computed column", remap("t", "v"), "it is computed"],
    ["of a table that stores a computed column", remap("computed", "a"), "remap on import"],
    ["by NULL of a NOT NULL column", remap("t", "a", "MASK.NULLIFY"), "does not take NULL"],
    ["by NULL of a key of a WITHOUT ROWID table", remap("w", "k", "MASK.NULLIFY"), "does not take NULL"],
    [
      "by a shuffle of rows that can't be addressed",
      remap("hidden", "oid", "MASK.SHUFFLE"),
      "columns take all names of the rowid",
    ],
    ["of SQLite's own table", remap("sqlite_stat1", "stat"), "SQLite's own"],
  ])("%s", (_, refused, reason) => {
    expect(() => planRemaps([refused], scope(`${SCHEMA} ANALYZE;`))).toThrow(reason);
  });

  test("when the same column comes under two names of its schema", () => {
    const twice = [remap("t", "a"), { ...remap("T", "A"), schemaName: "S" }];
    expect(() => planRemaps(twice, scope(SCHEMA))).toThrow("ORA-39235");
  });

  test("beside a view that is taken as a table, or a virtual table that stores rows", () => {
    const { objects, ...rest } = scope(SCHEMA);
    const withView = objects.map((object) =>
      object.name === "shown" ? ({ ...object, objectType: "TABLE", fromView: true } as const) : object,
    );
    expect(() => planRemaps([remap("t", "a")], { ...rest, objects: withView })).toThrow('view "S"."shown"');
    expect(() => planRemaps([remap("t", "a")], scope(`${SCHEMA} CREATE VIRTUAL TABLE f USING fts5(a, content='t')`))).toThrow(
      'virtual table "S"."f"',
    );
  });

  test("of a table made of a view, with what can be done on import", () => {
    const { objects, ...rest } = scope(SCHEMA, { operation: "IMPORT" });
    const withView = objects.map((object) => (object.name === "t" ? { ...object, fromView: true as const } : object));
    expect(() => planRemaps([remap("t", "a")], { ...rest, objects: withView })).toThrow(/of a view; import it, then export/);
    expect(() => planRemaps([remap("t", "a")], { ...rest, objects: withView, operation: "EXPORT" })).toThrow(
      /of a view; remap the columns of its tables$/,
    );
  });

  test("but not on import of a table whose stored columns are computed anew, nor beside a plain view", () => {
    const planned = planRemaps(
      [remap("Computed", "A"), remap("w", "k"), remap("t", "a")],
      scope(SCHEMA, { operation: "IMPORT" }),
    );
    expect([...planned.values()].flat().map(({ column, isNullable }) => [column, isNullable])).toEqual([
      ["a", true],
      ["k", false],
      ["a", false],
    ]);
  });
});

test("a key that nothing is remapped with is refused", async () => {
  const folder = appFolder();
  const failure = await failureOf(runExport(folder, { schemas: "IN ('APP')", parameters: { REMAP_DATA_KEY: KEY } }));
  expect(failure.lines.map(({ code }) => code)).toEqual(["ORA-39002", "ORA-39053"]);
});
