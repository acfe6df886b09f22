import "../job/small-pieces.ts";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openDatabase, openImage, type Connection } from "../../src/sqlite/database.ts";
import { wholeRange, type KeyRange } from "../../src/sqlite/key-range.ts";
import { PIECE_TABLE } from "../../src/sqlite/piece-table.ts";
import { rowsWhere } from "../../src/sqlite/row-filter.ts";
import { listTables, readTableShape, type TableShape } from "../../src/sqlite/schema.ts";
import { beginSnapshot, openSource } from "../../src/sqlite/source.ts";
import { PIECE_TARGET, SnapshotLost, Stage, type Piece } from "../../src/sqlite/stage.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { pieceRows, tableRows } from "./exact-rows.ts";

const LARGE_ROW = PIECE_TARGET / 4;
const BOUND = 2 * PIECE_TARGET;

/** A source made by SQL, with its snapshot begun, and a second connection that goes on writing. */
function sourceOf(sql: string): { source: Connection; writer: Connection } {
  const path = join(temporaryFolder(), "S.db");
  const writer = openDatabase(path);
  writer.pragma("journal_mode = wal");
  writer.exec(sql);
  const source = openSource("S", path);
  beginSnapshot(source);
  onTestFinished(() => {
    source.close();
    writer.close();
  });
  return { source, writer };
}

function shapeOf(source: Connection, table: string): TableShape {
  return readTableShape(source, table, listTables(source));
}

/** All pieces of a table; `between` runs after each. */
function unloadAll(source: Connection, shape: TableShape, limit: number, between: () => void = () => undefined): Piece[] {
  const stage = new Stage(source);
  const pieces: Piece[] = [];
  for (let range: KeyRange | null = wholeRange(source, shape); range !== null; range = pieces.at(-1)?.rest ?? null) {
    pieces.push(stage.unload(shape, range, limit));
    between();
  }
  return pieces;
}

/** Row number, length and last bytes of one column: enough to know large rows by. */
function digest(connection: Connection, table: string, key: string, column: string): unknown[] {
  return connection.prepare(`SELECT ${key}, length(${column}), hex(substr(${column}, -8)) FROM ${table} ORDER BY 1`).raw().all();
}

function imageDigest(image: Buffer, key: string, column: string): unknown[] {
  const connection = openImage(image);
  const rows = digest(connection, PIECE_TABLE, key, column);
  connection.close();
  return rows;
}

const NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)";

describe("rows that are too large together", () => {
  test("come in more pieces, each once, all of the one snapshot that was begun", () => {
    const { source, writer } = sourceOf(
      `CREATE TABLE t (v); ${NUMBERS} INSERT INTO t SELECT CAST(zeroblob(${LARGE_ROW}) || i AS BLOB) FROM n`,
    );
    const before = digest(source, "t", "rowid", "v");
    const pieces = unloadAll(source, shapeOf(source, "t"), 10_000, () => {
      writer.exec("DELETE FROM t WHERE rowid % 7 = 0; UPDATE t SET v = 'changed'; INSERT INTO t VALUES ('new')");
    });
    expect(pieces.flatMap(({ image }) => imageDigest(image, "k", "c1"))).toEqual(before);
    expect(pieces.map(({ image }) => image.length).filter((length) => length > BOUND)).toEqual([]);
    expect(pieces.length).toBeGreaterThan(2);
    expect(source.inTransaction).toBe(true);
  });

  test("also when only the 2,000th column, which has a statement of its own, makes them so", () => {
    const columns = Array.from({ length: 2000 }, (_, i) => `w${i}`);
    const { source, writer } = sourceOf(
      `CREATE TABLE t (${columns.join(", ")}); ${NUMBERS} INSERT INTO t (w0, w1999) SELECT i, CAST(zeroblob(${LARGE_ROW}) || i AS BLOB) FROM n`,
    );
    const before = digest(source, "t", "rowid", "w1999");
    const pieces = unloadAll(source, shapeOf(source, "t"), 10_000, () => {
      writer.exec("UPDATE t SET w1999 = 'changed'");
    });
    expect(pieces.flatMap(({ image }) => imageDigest(image, "rowid", "c2000"))).toEqual(before);
    expect(pieces.map(({ image }) => image.length).filter((length) => length > BOUND)).toEqual([]);
  });

  test("a single row may have any size", () => {
    const { source } = sourceOf(`CREATE TABLE t (v); INSERT INTO t VALUES ('a'), (zeroblob(${2 * BOUND})), ('b')`);
    const pieces = unloadAll(source, shapeOf(source, "t"), 10_000);
    expect(pieces.flatMap(({ image }) => imageDigest(image, "k", "c1"))).toEqual(digest(source, "t", "rowid", "v"));
    expect(Math.max(...pieces.map(({ image }) => image.length))).toBeGreaterThan(2 * BOUND);
  });
});

test("a condition narrows a range and never widens it", () => {
  const { source } = sourceOf(`CREATE TABLE t (v); ${NUMBERS} INSERT INTO t SELECT i FROM n`);
  const shape = shapeOf(source, "t");
  const { image, rows } = new Stage(source).unload(
    shape,
    { kind: "rowid", low: 5n, high: 20n },
    100,
    rowsWhere("v = 7 OR v = 30 OR v % 10 = 0"),
  );
  expect(rows).toBe(3);
  expect(imageDigest(image, "k", "c1").map((row) => (row as unknown[])[0])).toEqual([7, 10, 20]);
});

test("a lost snapshot is told and nothing more is read", () => {
  const { source, writer } = sourceOf("CREATE TABLE t (v); INSERT INTO t VALUES (1), (2)");
  const shape = shapeOf(source, "t");
  const range = wholeRange(source, shape);
  const stage = new Stage(source);
  writer.exec("UPDATE t SET v = 'newer'");
  const serialize = vi.spyOn(source, "serialize");
  const exec = vi.spyOn(source, "exec");
  const prepare = vi.spyOn(source, "prepare").mockImplementation(() => {
    source.exec("ROLLBACK");
    throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  });
  expect(() => stage.unload(shape, range ?? { kind: "scan", offset: 0n }, 100)).toThrow(SnapshotLost);
  expect(prepare).toHaveBeenCalledTimes(1);
  expect(serialize).not.toHaveBeenCalled();
  expect(exec.mock.lastCall).toEqual(["ROLLBACK"]);
});

test("an error of one piece leaves the stage fit for the next", () => {
  const { source } = sourceOf("CREATE TABLE t (v); INSERT INTO t VALUES (1), (2)");
  const shape = shapeOf(source, "t");
  const range = { kind: "rowid", low: 1n, high: 2n } as const;
  const stage = new Stage(source);
  expect(() => stage.unload(shape, range, 100, rowsWhere("no_such_column = 1"))).toThrow("no such column");
  expect(pieceRows(stage.unload(shape, range, 100).image, shape)).toEqual(tableRows(source, shape));
});
