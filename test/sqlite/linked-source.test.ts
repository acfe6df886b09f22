import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cutRange, everyRow, wholeRange } from "../../src/sqlite/key-range.ts";
import { LinkedSource } from "../../src/sqlite/linked-source.ts";
import { NO_REPLACEMENTS, Replacements } from "../../src/sqlite/replacement.ts";
import { rowsWhere } from "../../src/sqlite/row-filter.ts";
import { listTables, readTableShape, type TableShape } from "../../src/sqlite/schema.ts";
import { createProgressTable, createStagingTable, readProgress, type StagingTable } from "../../src/sqlite/staging.ts";

const MARK = { progress: "tsdp:00000000:0", object: 1, piece: 1, rejected: null };

let folder: string;
let writer: Sqlite.Database;
let target: Sqlite.Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-linked-"));
  writer = new Sqlite(join(folder, "source.db"));
  writer.pragma("journal_mode = wal");
  target = new Sqlite(join(folder, "target.db"), { timeout: 0 });
  createProgressTable(target, MARK.progress);
});

afterEach(() => {
  writer.close();
  target.close();
  rmSync(folder, { recursive: true });
});

function staged(name: string): { table: StagingTable; shape: TableShape; ranges: ReturnType<typeof cutRange> } {
  const shape = readTableShape(writer, name, listTables(writer));
  const table = { staging: `tsdp:00000000:${name}`, shape, raw: true };
  createStagingTable(target, table);
  const range = wholeRange(writer, shape);
  return { table, shape, ranges: range === null ? [] : cutRange(writer, shape, range, 3) };
}

function rowsOf(database: Sqlite.Database, name: string): unknown[] {
  return database.prepare(`SELECT * FROM "${name}"`).safeIntegers().raw().all();
}

describe("a linked source", () => {
  it("gives the rows of one state, in pieces, while others write to it", () => {
    writer.exec(
      `
      CREATE TABLE a (id INTEGER PRIMARY KEY, v); INSERT INTO a VALUES (-5, 'x'), (1, 1.0), (9223372036854775807, x'00');
      CREATE TABLE w (k TEXT, n, v, PRIMARY KEY (k COLLATE NOCASE DESC, n)) WITHOUT ROWID;
      INSERT INTO w VALUES ('b', 1, 1), ('B', 2, 2), ('a', NULL, 3), ('c', 0, 4), (5, 5, 5);`.replace("NULL, 3", "'', 3"),
    );
    const before = { a: rowsOf(writer, "a"), w: rowsOf(writer, "w") };
    const [a, w] = [staged("a"), staged("w")];
    expect(a.ranges.length).toBeGreaterThan(1);
    expect(w.ranges.length).toBeGreaterThan(1);
    const source = new LinkedSource(join(folder, "source.db"));
    source.begin();
    writer.exec("INSERT INTO a VALUES (2, 2); DELETE FROM w WHERE v = 4; UPDATE a SET v = 'changed'");
    let piece = 0;
    for (const { table, shape, ranges } of [a, w])
      for (const range of ranges) {
        source.copy(
          join(folder, "target.db"),
          true,
          table,
          { shape, range, filter: null, replacements: NO_REPLACEMENTS },
          { ...MARK, piece: (piece += 1) },
        );
        writer.exec(
          "INSERT INTO a (v) VALUES ('between')".replace("(v) VALUES ('between')", `VALUES (${100 + piece}, 'between')`),
        );
      }
    expect(source.count({ shape: a.shape, filter: null })).toBe(3);
    source.close();
    expect(rowsOf(target, a.table.staging)).toEqual(before.a);
    expect(rowsOf(target, w.table.staging)).toEqual(before.w);
    expect(readProgress(target, MARK.progress)).toHaveLength(piece);
  });

  it("leaves nothing in a target of others before all is copied, and lets nobody else write there", () => {
    writer.exec("CREATE TABLE a (v UNIQUE); INSERT INTO a VALUES (1), (2)");
    const { table, shape, ranges } = staged("a");
    for (const ends of [false, true]) {
      const source = new LinkedSource(join(folder, "source.db"));
      source.begin();
      ranges.forEach((range, i) => {
        source.copy(
          join(folder, "target.db"),
          false,
          table,
          { shape, range, filter: null, replacements: NO_REPLACEMENTS },
          { ...MARK, piece: i },
        );
      });
      expect(rowsOf(target, table.staging)).toEqual([]);
      expect(() => target.exec("CREATE TABLE other (a)")).toThrow("locked");
      if (ends) source.commit();
      source.close();
      expect(rowsOf(target, table.staging)).toHaveLength(ends ? 2 : 0);
    }
  });

  it.each([null, "tsdp:00000000:0:bad"])("shuffles the rows anew when a key has refused one, and keeps it in %s", (rejected) => {
    writer.exec("CREATE TABLE a (v, w); INSERT INTO a VALUES (1, 1), (1, 2), (2, 3), (3, 4)");
    const { shape } = staged("a");
    const unique = { staging: "tsdp:00000000:9", shape, raw: false };
    target.exec(`CREATE TABLE "${unique.staging}" (v UNIQUE, w)`);
    const source = new LinkedSource(join(folder, "source.db"));
    source.begin();
    const replacements = new Replacements([], [{ column: "v", shown: "a.v", isRowid: false }]);
    const rows = { shape, range: everyRow(shape), filter: null, replacements };
    expect(source.copy(join(folder, "target.db"), false, unique, rows, { ...MARK, rejected })).toEqual({ rows: 4, rejected: 1 });
    writer.exec("DELETE FROM a");
    expect(source.count({ shape, filter: null })).toBe(4);
    source.commit();
    source.close();
    const taken = rowsOf(target, unique.staging) as bigint[][];
    expect(taken.map(([v]) => v).sort()).toEqual([1n, 2n, 3n]);
    expect(new Set(taken.map(([, w]) => w)).size).toBe(3);
    if (rejected !== null) expect(rowsOf(target, `${unique.staging}:bad`)).toMatchObject([[1n, expect.any(BigInt)]]);
  });

  it.each([null, "tsdp:00000000:0:bad"])("counts the rows that a key leaves out, and keeps them in %s", (rejected) => {
    writer.exec("CREATE TABLE a (v TEXT UNIQUE); INSERT INTO a VALUES ('1'), ('2'), ('3')");
    writer.unsafeMode(true);
    writer.exec(
      "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = 'CREATE TABLE a (v TEXT)' WHERE name = 'a'; DELETE FROM sqlite_schema WHERE type = 'index'",
    );
    writer.close();
    writer = new Sqlite(join(folder, "source.db"));
    writer.exec("INSERT INTO a VALUES ('1')");
    writer.pragma("journal_mode = wal");
    const { table, shape, ranges } = staged("a");
    const unique = { ...table, staging: "tsdp:00000000:9" };
    target.exec(`CREATE TABLE "${unique.staging}" (v UNIQUE)`);
    const source = new LinkedSource(join(folder, "source.db"));
    source.begin();
    let [rows, left] = [0, 0];
    [...ranges].reverse().forEach((range, i) => {
      const mark = { ...MARK, piece: i, rejected };
      const copied = source.copy(
        join(folder, "target.db"),
        true,
        unique,
        { shape, range, filter: null, replacements: NO_REPLACEMENTS },
        mark,
      );
      // The state that is copied stays the same.
      writer.exec(`UPDATE a SET v = '${i}' || v`);
      rows += copied.rows;
      left += copied.rejected;
    });
    expect(source.count({ shape, filter: rowsWhere("v IN ('1', '2', '3')") })).toBe(4);
    source.close();
    expect([rows, left]).toEqual([4, 1]);
    expect(rowsOf(target, unique.staging).sort()).toEqual([["1"], ["2"], ["3"]]);
    if (rejected === null) return;
    expect(rowsOf(target, `${unique.staging}:bad`)).toEqual([["1"]]);
    expect(rowsOf(target, rejected)).toEqual([[unique.staging, 1n, 1n, "UNIQUE constraint failed: a.v"]]);
  });
});
