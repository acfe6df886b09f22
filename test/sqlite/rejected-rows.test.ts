import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Connection } from "../../src/sqlite/database.ts";
import { insertAccepted } from "../../src/sqlite/rejected-rows.ts";
import { listTables, readTableShape } from "../../src/sqlite/schema.ts";
import { Stage } from "../../src/sqlite/stage.ts";
import { wholeRange } from "../../src/sqlite/key-range.ts";
import { pieceLayout } from "../../src/sqlite/piece-table.ts";
import { writePieceImage } from "../../src/sqlite/piece-image.ts";
import { loadPiece } from "../../src/sqlite/load-piece.ts";
import { createProgressTable, createStagingTable } from "../../src/sqlite/staging.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { join } from "node:path";

const REASONS = "tsdp:01234567:0:bad";

function all(connection: Connection, sql: string): unknown[] {
  return connection.prepare(sql).raw().all();
}

/** Inserts one row after the other: what SQLite itself makes of them. */
function oneByOne(connection: Connection, rows: readonly (readonly [number | null, number | null])[]): unknown[] {
  const insert = connection.prepare("INSERT INTO model VALUES (?, ?)");
  return rows.filter((row) => {
    try {
      return insert.run(...row).changes === 0;
    } catch {
      return true;
    }
  });
}

test("takes the rows that SQLite takes one by one, in their order, and keeps the others", () => {
  const value = fc.option(fc.integer({ min: 0, max: 8 }));
  const tables = ["(a, b)", "(oid, rowid, _rowid_)"];
  const conflicts = ["", "ON CONFLICT IGNORE"];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(value, value), { maxLength: 60 }),
      fc.constantFrom(...tables),
      fc.constantFrom(...conflicts),
      (rows, columns, onConflict) => {
        const connection = new Sqlite(":memory:");
        const keys = `x NOT NULL ${onConflict}, y UNIQUE ${onConflict}, CHECK (x <> 3)`;
        connection.exec(`CREATE TABLE model (${keys}); CREATE TABLE taken (${keys}); CREATE TABLE s ${columns}`);
        const names = columns === tables[0] ? "a, b" : "oid, rowid";
        const insert = connection.prepare(`INSERT INTO s (${names}) VALUES (?, ?)`);
        for (const row of rows) insert.run(...row);
        const refused = oneByOne(connection, rows);
        const shape = readTableShape(connection, "s", listTables(connection));
        const insertSql = (condition: string) => `INSERT INTO taken SELECT ${names} FROM s ${condition}`;
        connection.exec("BEGIN");
        const rejections = insertAccepted(
          connection,
          { shape, from: "main.s", insertSql },
          { database: "main", staging: "s", reasons: REASONS },
        );
        connection.exec("COMMIT");
        expect(all(connection, "SELECT * FROM taken")).toEqual(all(connection, "SELECT * FROM model"));
        expect(rejections.reduce((sum, rejection) => sum + rejection.rows, 0)).toBe(refused.length);
        if (refused.length > 0) {
          expect(all(connection, `SELECT ${names} FROM "s:bad"`)).toEqual(refused);
          expect(all(connection, `SELECT count(DISTINCT row) FROM "${REASONS}"`)).toEqual([[refused.length]]);
        }
        connection.close();
      },
    ),
  );
});

test("rows that the key of a new table refuses are kept with their rowids, and the others are loaded", () => {
  const folder = temporaryFolder();
  const source = new Sqlite(":memory:");
  // What a damaged index lets into a table: the pieces of `t` are loaded under the key of `keyed`.
  source.exec(`CREATE TABLE t (a, b); CREATE TABLE keyed (a UNIQUE, b);
    INSERT INTO t (rowid, a, b) VALUES (1, 'x', 1), (5, 'x', 2), (7, 'y', 3), (9, 'x', 4)`);
  const shapes = listTables(source);
  const shape = readTableShape(source, "t", shapes);
  const range = wholeRange(source, shape);
  if (range === null) throw new Error("the table has rows");
  const image = join(folder, "piece");
  const piece = new Stage(source).unload(shape, range, 1_000_000);
  writePieceImage(image, piece.image, pieceLayout(shape));
  const target = new Sqlite(join(folder, "target.db"));
  const progress = "tsdp:01234567:0";
  const keyed = { staging: "tsdp:01234567:1", shape: readTableShape(source, "keyed", shapes), raw: true };
  createProgressTable(target, progress);
  createStagingTable(target, keyed);
  const mark = { progress, object: 1, piece: 1, rejected: REASONS };
  expect(loadPiece(target, image, keyed, piece.rows, mark)).toBe(2);
  expect(all(target, `SELECT rowid, * FROM "${keyed.staging}"`)).toEqual([
    [1, "x", 1],
    [7, "y", 3],
  ]);
  expect(all(target, `SELECT * FROM "${keyed.staging}:bad"`)).toEqual([
    ["x", 2],
    ["x", 4],
  ]);
  const reason = "UNIQUE constraint failed: keyed.a";
  expect(all(target, `SELECT row, source_rowid, reason FROM "${REASONS}"`)).toEqual([
    [1, 5, reason],
    [2, 9, reason],
  ]);
  expect(all(target, `SELECT rejected FROM "${progress}"`)).toEqual([[2]]);
  target.close();
});

test.each(["(id INTEGER PRIMARY KEY, b)", "(_rowid_, oid INTEGER PRIMARY KEY, rowid)"])(
  "rows of a forged piece that have one INTEGER PRIMARY KEY are kept but for the first one: t %s",
  (columns) => {
    const folder = temporaryFolder();
    const source = new Sqlite(":memory:");
    source.exec(`CREATE TABLE t ${columns}`);
    const shape = readTableShape(source, "t", listTables(source));
    const { integerPrimaryKey: key, storedColumns } = shape;
    const [other = ""] = storedColumns.filter((column) => column !== key);
    source.exec(`INSERT INTO t (${String(key)}, ${other}) VALUES (3, 'a'), (5, 'b'), (7, 'c')`);
    const range = wholeRange(source, shape);
    if (range === null) throw new Error("the table has rows");
    const image = join(folder, "piece");
    const piece = new Stage(source).unload(shape, range, 1_000_000);
    writePieceImage(image, piece.image, pieceLayout(shape));
    const forged = new Sqlite(image);
    forged.exec("UPDATE tsdp_piece SET k = 3 WHERE k = 5");
    forged.close();
    const target = new Sqlite(join(folder, "target.db"));
    const table = { staging: "tsdp:01234567:1", shape, raw: true };
    createProgressTable(target, "tsdp:01234567:0");
    createStagingTable(target, table);
    const mark = { progress: "tsdp:01234567:0", object: 1, piece: 1, rejected: REASONS };
    expect(loadPiece(target, image, table, 3, mark)).toBe(1);
    const values = `SELECT ${String(key)}, ${other} FROM`;
    expect(all(target, `${values} "tsdp:01234567:1" ORDER BY 1`)).toEqual([
      [3, "a"],
      [7, "c"],
    ]);
    expect(all(target, `${values} "tsdp:01234567:1:bad"`)).toEqual([[3, "b"]]);
    expect(all(target, `SELECT source_rowid, reason FROM "${REASONS}"`)).toEqual([
      [3, `UNIQUE constraint failed: t.${String(key)}`],
    ]);
    target.close();
  },
);
