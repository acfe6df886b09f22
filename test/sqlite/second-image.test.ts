import Sqlite from "better-sqlite3";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/sqlite/database.ts";
import { wholeRange } from "../../src/sqlite/key-range.ts";
import { removePieceImages, secondImagePath, writePieceImage } from "../../src/sqlite/piece-image.ts";
import { pieceLayout, pieceTableSql } from "../../src/sqlite/piece-table.ts";
import { listTables, readTableShape, type TableShape } from "../../src/sqlite/schema.ts";
import { beginSnapshot, openSource } from "../../src/sqlite/source.ts";
import { Stage, type Piece } from "../../src/sqlite/stage.ts";
import { loadPiece, WrongRowCount } from "../../src/sqlite/load-piece.ts";
import { createProgressTable, createStagingTable, prepareLoading } from "../../src/sqlite/staging.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

const MARK = { progress: "tsdp:00000000:0", object: 1, piece: 1, rejected: null };

/** The table `t` in pieces of so many rows, its column `secret` apart. */
function unload(folder: string, sql: string, limit: number): { shape: TableShape; pieces: Piece[] } {
  const path = join(folder, "SOURCE.db");
  const made = openDatabase(path);
  made.exec(sql);
  made.close();
  const source = openSource("SOURCE", path);
  try {
    beginSnapshot(source);
    const shape = { ...readTableShape(source, "t", listTables(source)), secretColumns: ["secret"] };
    const stage = new Stage(source);
    const pieces: Piece[] = [];
    for (let range = wholeRange(source, shape); range !== null; range = pieces.at(-1)?.rest ?? null)
      pieces.push(stage.unload(shape, range, limit));
    return { shape, pieces: pieces.filter(({ rows }) => rows > 0) };
  } finally {
    source.close();
  }
}

/** Loads a first and a second image as one piece. @returns the rows that are staged */
function load(folder: string, shape: TableShape, first: Piece, second: Buffer, rows = first.rows): unknown[] {
  const image = join(folder, "image");
  const target = openDatabase(join(folder, "TARGET.db"));
  try {
    prepareLoading(target, false);
    const table = { staging: "tsdp:00000000:1", shape, raw: false };
    createProgressTable(target, MARK.progress);
    createStagingTable(target, table);
    writePieceImage(image, first.image, pieceLayout(shape));
    writePieceImage(secondImagePath(image), second, pieceLayout(shape, 1));
    loadPiece(target, image, table, rows, MARK);
    return target.prepare(`SELECT * FROM "${table.staging}" ORDER BY rowid`).raw().all();
  } finally {
    target.exec(`DROP TABLE IF EXISTS "tsdp:00000000:1"; DROP TABLE IF EXISTS "${MARK.progress}"`);
    target.close();
    removePieceImages(image);
  }
}

const FOUR = "CREATE TABLE t (a, secret, z); INSERT INTO t VALUES (1, 'w', 1), (2, 'x', 2), (3, 'y', 3), (4, 'z', 4)";

test("two images are loaded as the rows that they were; those of other rows are refused", () => {
  const folder = temporaryFolder();
  const { shape, pieces } = unload(folder, FOUR, 2);
  const [first, last] = pieces;
  if (first?.second === null || first?.second === undefined || last?.second === null || last?.second === undefined)
    throw new Error("there are two pieces of two images");
  expect(load(folder, shape, first, first.second)).toEqual([
    [1, "w", 1],
    [2, "x", 2],
  ]);
  expect(() => load(folder, shape, first, last.second ?? Buffer.alloc(0))).toThrow(WrongRowCount);
  for (const change of [
    "DELETE FROM tsdp_piece WHERE k = 2",
    "INSERT INTO tsdp_piece VALUES (3, 'y')",
    "UPDATE tsdp_piece SET k = 7",
  ])
    expect(() => load(folder, shape, first, changed(first.second ?? Buffer.alloc(0), change)), change).toThrow(WrongRowCount);
  expect(() =>
    load(
      folder,
      shape,
      { ...first, image: changed(first.image, "INSERT INTO tsdp_piece VALUES (3, 3, 3)") },
      first.second ?? Buffer.alloc(0),
    ),
  ).toThrow(WrongRowCount);
});

test("rows whose secret column alone is large come in pieces of bounded size", () => {
  const folder = temporaryFolder();
  const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)";
  const { pieces } = unload(
    folder,
    `CREATE TABLE t (a, secret); ${rows} INSERT INTO t SELECT i, zeroblob(500000) FROM n`,
    100_000,
  );
  expect(pieces.reduce((sum, piece) => sum + piece.rows, 0)).toBe(60);
  expect(Math.max(...pieces.map(({ second }) => second?.length ?? 0))).toBeLessThanOrEqual(8 << 20);
});

test("an image without a column of its own has one that is NULL", () => {
  const shape = { columns: ["secret"], secretColumns: ["secret"], rowid: null } as unknown as TableShape;
  expect(pieceTableSql(pieceLayout(shape))).toBe("CREATE TABLE tsdp_piece(c0,CHECK(1))");
  expect(pieceTableSql(pieceLayout(shape, 1))).toBe("CREATE TABLE tsdp_piece(c1,CHECK(1))");
});

function changed(image: Buffer, sql: string): Buffer {
  const database = new Sqlite(image);
  database.exec(sql);
  const bytes = database.serialize();
  database.close();
  return bytes;
}
