import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { verifyDump, type SchemaComparison } from "../../src/api/verify.ts";
import { quoteIdentifier } from "../../src/base/identifiers.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { compareSet, isSameContent, type ObjectDifference } from "../../src/inspect/compare.ts";
import { verifySet } from "../../src/inspect/verify.ts";
import { NO_PLACE_KEYS } from "../../src/storage/place-keys.ts";
import { Places } from "../../src/storage/places.ts";
import { runExport, runImport } from "../job/pump-jobs.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

/** Every kind of table, small. */
const KINDS = `
  CREATE TABLE plain (a, b); INSERT INTO plain VALUES (1, 'one'), (1.0, x'00'), (NULL, ''), (9223372036854775807, 'a' || char(0) || 'b');
  CREATE TABLE with_id (id INTEGER PRIMARY KEY, a REAL); INSERT INTO with_id VALUES (-5, 0.0), (7, 1), (9, 1e300);
  CREATE TABLE keyed (a TEXT, b, c, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO keyed VALUES ('x', 1, 'p'), ('y', 2, 'q'), ('z', x'01', NULL);
  CREATE TABLE keyed_down (a COLLATE NOCASE, b, PRIMARY KEY (a DESC)) WITHOUT ROWID; INSERT INTO keyed_down VALUES ('A', 1), ('b', 2), ('C', 3);
  CREATE TABLE strict_one (a ANY, b INT) STRICT; INSERT INTO strict_one VALUES ('1', 1), (1, 2);
  CREATE TABLE generated (a, b AS (a + 1) STORED, c AS (a * 2)); INSERT INTO generated (a) VALUES (1), (2);
  CREATE TABLE hidden (rowid, _rowid_, oid); INSERT INTO hidden VALUES (1, 2, 3), (1, 2, 3), (4, 5, 6);
  CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, a); INSERT INTO counted (a) VALUES ('a'), ('b');
  CREATE TABLE none (a);
  CREATE VIRTUAL TABLE words USING fts5(a); INSERT INTO words VALUES ('some words'), ('other words');
  CREATE INDEX by_a ON plain (a); CREATE VIEW v AS SELECT a FROM plain; CREATE TRIGGER tr AFTER DELETE ON none BEGIN SELECT 1; END;
`;
const TABLES = ["plain", "with_id", "keyed", "keyed_down", "strict_one", "generated", "hidden", "counted"];

/** A folder with schema S and its dump, and what compares the dump with another file. */
async function dumped(write: (path: string) => void, folder = temporaryFolder()) {
  const source = join(folder, "S.db");
  write(source);
  await runExport(folder, { mode: "FULL", folder, dumpFiles: ["s.dmp"] });
  const set = await DumpFileSet.open([join(folder, "s.dmp")]);
  const places = new Places();
  const verified = await verifySet(set, { storage: places, keys: NO_PLACE_KEYS });
  expect(verified.faults).toEqual([]);
  const against = async (path: string): Promise<SchemaComparison> => {
    const [found] = await compareSet(set, places, verified, [{ schema: "S", live: "L", path }]);
    if (found === undefined) throw new Error("nothing was compared");
    return found;
  };
  const changed = async (change: (database: Sqlite.Database) => void): Promise<SchemaComparison> => {
    const path = join(folder, "changed.sqlite-copy");
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
    copyFileSync(source, path);
    const database = new Sqlite(path);
    database.pragma("foreign_keys = off");
    try {
      change(database);
    } finally {
      database.close();
    }
    return against(path);
  };
  return { folder, source, against, changed };
}

function writeKinds(path: string): void {
  const database = new Sqlite(path);
  database.exec(KINDS);
  database.close();
}

/** The dump of KINDS. */
let kinds: Awaited<ReturnType<typeof dumped>>;
beforeAll(async () => {
  kinds = await dumped(writeKinds, mkdtempSync(join(tmpdir(), "tsdp-compare-")));
});
afterAll(() => {
  rmSync(kinds.folder, { recursive: true });
});

function named(found: SchemaComparison): readonly string[] {
  return found.differences.map(({ type, name, is }) => `${type} ${name} ${is}`);
}

function rowsOf(found: SchemaComparison, table: string): ObjectDifference["rows"] {
  return found.differences.find(({ name }) => name === table)?.rows ?? null;
}

describe("a dump against a live schema", () => {
  it.each(["UTF-8", "UTF-16le"] as const)("finds no difference in its source or its import (%s)", async (encoding) => {
    const { folder, against, source } = await dumped((path) => {
      writeConstructs(path, { encoding, rows: 40, blobBytes: 1000, wide: encoding === "UTF-8", hiddenRowid: true });
    });
    expect(await against(source)).toMatchObject({ differences: [], settings: [] });
    const imported = await runImport(folder, { folder, dumpFiles: ["s.dmp"], remap: [["S", "COPY"]] });
    expect(imported.state, imported.errors.join()).toBe("COMPLETED");
    const report = await verifyDump(
      [join(folder, "s.dmp")],
      { database: folder },
      { database: folder, schemas: null, remapSchemas: [["s", "copy"]] },
    );
    expect(report.comparisons).toMatchObject([{ schema: "S", live: "COPY", exists: true, differences: [] }]);
  });

  it.each([
    [
      "1 is not 1.0",
      "plain",
      "UPDATE plain SET a = 1.0 WHERE rowid = 1",
      { different: 1, examples: [{ is: "different", key: "1" }] },
    ],
    ["text is not a blob", "plain", "UPDATE plain SET b = x'6f6e65' WHERE rowid = 1", { different: 1 }],
    ["'' is not x''", "plain", "UPDATE plain SET b = x'' WHERE rowid = 3", { different: 1 }],
    ["what follows a NUL counts", "plain", "UPDATE plain SET b = 'a' || char(0) || 'c' WHERE rowid = 4", { different: 1 }],
    ["invalid UTF-8", "plain", "UPDATE plain SET b = CAST(x'6f6eff' AS TEXT) WHERE rowid = 1", { different: 1 }],
    ["another rowid", "plain", "UPDATE plain SET rowid = 77 WHERE rowid = 2", { onlyInDump: 1, onlyLive: 1 }],
    ["a row more at the end", "with_id", "INSERT INTO with_id VALUES (9223372036854775807, 0)", { onlyLive: 1 }],
    [
      "a row more at the front",
      "with_id",
      "INSERT INTO with_id VALUES (-9223372036854775808, 0)",
      { onlyLive: 1, onlyInDump: 0 },
    ],
    ["no rows left", "with_id", "DELETE FROM with_id", { onlyInDump: 3, onlyLive: 0 }],
    ["rows in an empty table", "none", "INSERT INTO none VALUES (1), (2)", { onlyLive: 2 }],
    [
      "a value beside a key",
      "keyed",
      "UPDATE keyed SET c = 'other' WHERE a = 'y'",
      { different: 1, examples: [{ key: "'y', 2" }] },
    ],
    ["the case of a NOCASE key", "keyed_down", "UPDATE keyed_down SET a = 'B' WHERE b = 2", { different: 1 }],
    ["one row of two alike", "hidden", "DELETE FROM hidden WHERE oid = 3 LIMIT 1", { onlyInDump: 2 }],
    ["a generated value", "generated", "UPDATE generated SET a = 5 WHERE a = 1", { different: 1 }],
    ["a counter", "sqlite_sequence", "UPDATE sqlite_sequence SET seq = 50", { onlyInDump: 1, onlyLive: 1 }],
  ])("finds %s", async (_, table, sql, rows) => {
    const found = await kinds.changed((database) => database.exec(sql.replace(" LIMIT 1", "")));
    expect(named(found)).toEqual([`TABLE ${table} different`]);
    expect(rowsOf(found, table)).toMatchObject(rows);
  });

  it("finds the sign of a zero", async () => {
    const found = await kinds.changed((database) => database.prepare("UPDATE plain SET a = ? WHERE rowid = 1").run(-0));
    expect(named(found)).toEqual(["TABLE plain different"]);
    const zero = await dumped((path) => {
      const database = new Sqlite(path);
      database.exec("CREATE TABLE t (a)");
      database.prepare("INSERT INTO t VALUES (?)").run(0);
      database.close();
    });
    expect(named(await zero.changed((database) => database.prepare("UPDATE t SET a = ?").run(-0)))).toEqual([
      "TABLE t different",
    ]);
  });

  it("names objects of one side, definitions, columns and settings", async () => {
    const found = await kinds.changed((database) => {
      database.exec(`DROP TABLE strict_one; CREATE TABLE more (a); ALTER TABLE with_id ADD COLUMN z; DROP VIEW v;
        CREATE VIEW v AS SELECT b FROM plain; DROP INDEX by_a; CREATE INDEX by_b ON plain (b); PRAGMA user_version = 9`);
    });
    expect(named(found)).toEqual([
      "TABLE with_id different",
      "TABLE strict_one onlyInDump",
      "INDEX by_a onlyInDump",
      "VIEW v different",
      "TABLE more onlyLive",
      "INDEX by_b onlyLive",
    ]);
    expect(found.differences[0]).toMatchObject({ definition: true, columns: { onlyLive: ["z"] }, rows: { different: 0 } });
    expect(found.settings).toEqual([{ name: "user_version", dump: 0, live: 9 }]);
    expect(isSameContent(found)).toBe(false);
  });

  it("says when text encodings differ", async () => {
    const { folder, against } = kinds;
    const path = join(folder, "utf16.copy");
    const database = new Sqlite(path);
    database.exec(`PRAGMA encoding = 'UTF-16le'; ${KINDS}`);
    database.close();
    const found = await against(path);
    expect(found.settings).toContainEqual({ name: "encoding", dump: "UTF-8", live: "UTF-16le" });
    expect(found.differences[0]).toMatchObject({ is: "notCompared", reason: expect.stringContaining("encodings") as unknown });
  });

  it("sees one state of a schema that is being written", async () => {
    const { folder, against } = await dumped((path) => {
      writeKinds(path);
      const database = new Sqlite(path);
      database.pragma("journal_mode = wal");
      database.close();
    });
    const path = join(folder, "S.db");
    const writer = new Sqlite(path);
    const running = against(path);
    writer.exec("UPDATE plain SET b = 'later'; INSERT INTO keyed VALUES ('later', 1, 1)");
    expect([[], ["TABLE plain different", "TABLE keyed different"]]).toContainEqual(named(await running));
    writer.close();
  });

  it("names exactly the table in which one thing was changed", async () => {
    const change = fc.record({
      table: fc.constantFrom(...TABLES),
      row: fc.nat(),
      kind: fc.constantFrom("value", "delete", "insert"),
      value: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ table, row, kind, value }) => {
        const found = await kinds.changed((database) => {
          changeOne(database, table, row, kind, value);
        });
        expect(found.differences.map(({ name }) => name).filter((name) => name !== "sqlite_sequence")).toEqual([table]);
      }),
      { numRuns: 25 },
    );
  });
});

/** Changes one row so that it is not what it was. */
function changeOne(database: Sqlite.Database, table: string, row: number, kind: string, value: number): void {
  const name = quoteIdentifier(table);
  const columns = (
    database.prepare(`SELECT name FROM pragma_table_xinfo('${table}') WHERE hidden = 0`).pluck().all() as string[]
  ).map(quoteIdentifier);
  const last = columns.at(-1) ?? "";
  const rows = database
    .prepare(`SELECT ${columns.join(", ")} FROM ${name}`)
    .raw()
    // As a number the largest integer would be found nowhere.
    .safeIntegers()
    .all() as unknown[][];
  const key = rows[row % rows.length] ?? [];
  const where = columns.map((column) => `${column} IS ?`).join(" AND ");
  if (kind === "value")
    database
      .prepare(
        `UPDATE ${name} SET ${last} = 'changed' || ? WHERE ${where}`.replace(
          "'changed' || ?",
          table === "strict_one" ? "? + 1000.0" : "'changed' || ?",
        ),
      )
      .run(value, ...key);
  else if (kind === "delete") database.prepare(`DELETE FROM ${name} WHERE ${where}`).run(...key);
  else
    database
      .prepare(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`)
      .run(...columns.map((_, i) => BigInt(1_000_000 + i)));
}
