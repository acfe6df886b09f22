import Sqlite from "better-sqlite3";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDatabase, type Connection } from "../../src/sqlite/database.ts";
import { BadImage, openUntrusted, removePieceImages, writePieceImage } from "../../src/sqlite/piece-image.ts";
import { pieceTableSql, PIECE_TABLE, type PieceLayout } from "../../src/sqlite/piece-table.ts";
import type { TableShape } from "../../src/sqlite/schema.ts";
import { loadPiece, WrongRowCount } from "../../src/sqlite/load-piece.ts";
import {
  createProgressTable,
  createStagingTable,
  prepareLoading,
  readProgress,
  type PieceMark,
  type StagingTable,
} from "../../src/sqlite/staging.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

const LAYOUT: PieceLayout = { columns: ["c1", "c2"], rowid: "column" };
const RIGHT = pieceTableSql(LAYOUT);
const ROWS = 400;
const FILL = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
  INSERT INTO ${PIECE_TABLE} SELECT i, i, hex(zeroblob(30)) FROM n`;
/** Page size of the images made here: three levels of pages for few rows. */
const PAGE = 512;

function imageOf(sql: string, more: (database: Sqlite.Database) => void = () => undefined): Buffer {
  const database = new Sqlite(":memory:");
  database.pragma(`page_size = ${PAGE}`);
  database.unsafeMode(true);
  database.exec(sql);
  more(database);
  const image = database.serialize();
  database.close();
  return image;
}

function rightImage(): Buffer {
  return imageOf(`${RIGHT}; ${FILL}`);
}

function withSchema(change: string): Buffer {
  return imageOf(`${RIGHT}; ${FILL}`, (database) => {
    database.exec(`PRAGMA writable_schema = on; ${change}`);
  });
}

function patched(patch: (image: Buffer) => void): Buffer {
  const image = rightImage();
  patch(image);
  return image;
}

/** Makes the root (page 2, an interior page) point to the given page everywhere. */
function pointTo(image: Buffer, page: number): void {
  const root = PAGE;
  expect(image[root]).toBe(5);
  const cells = image.readUInt16BE(root + 3);
  for (let i = 0; i < cells; i++) image.writeUInt32BE(page, root + image.readUInt16BE(root + 12 + 2 * i));
  image.writeUInt32BE(page, root + 8);
}

const HOSTILE: readonly (readonly [what: string, image: () => Buffer])[] = [
  ["nothing", () => Buffer.alloc(0)],
  ["a few bytes", () => Buffer.from("SQLite format 3\0")],
  ["garbage", () => Buffer.alloc(8192, "garbage ")],
  ["an empty database", () => imageOf("VACUUM")],
  ["the first half", () => rightImage().subarray(0, 10 * PAGE)],
  ["a cut page", () => rightImage().subarray(0, -100)],
  ["the header of a WAL file", () => patched((image) => image.fill(2, 18, 20))],
  ["a format that SQLite can't read", () => patched((image) => image.fill(9, 18, 20))],
  ["a schema format that SQLite can't read", () => patched((image) => image.writeUInt32BE(9, 44))],
  ["another table", () => imageOf("CREATE TABLE other (k NOT NULL,c1,c2)")],
  ["a second table", () => imageOf(`${RIGHT}; CREATE TABLE other (a)`)],
  ["an index", () => imageOf(`${RIGHT}; CREATE INDEX i ON ${PIECE_TABLE} (c1)`)],
  ["a trigger", () => imageOf(`${RIGHT}; CREATE TRIGGER t AFTER INSERT ON ${PIECE_TABLE} BEGIN SELECT 1; END`)],
  ["a view in the table's place", () => imageOf(`CREATE VIEW ${PIECE_TABLE} AS SELECT 1 AS k, 2 AS c1, 3 AS c2`)],
  ["one column more", () => imageOf(RIGHT.replace(",c2", ",c2,c3"))],
  ["another case", () => imageOf(RIGHT.replace("k NOT NULL", "K not null"))],
  ["a space more", () => imageOf(RIGHT.replace("c1,", "c1, "))],
  ["a generated column", () => imageOf(RIGHT.replace(",c2", ",c2 AS (zeroblob(1e9))"))],
  ["a text stored as a blob", () => withSchema("UPDATE sqlite_schema SET sql = CAST(sql AS BLOB)")],
  ["a text that goes on after NUL", () => withSchema("UPDATE sqlite_schema SET sql = sql || char(0) || 'x'")],
  ["an entry of no type", () => withSchema("INSERT INTO sqlite_schema VALUES (NULL, NULL, NULL, 0, NULL)")],
  ["a root page outside", () => withSchema("UPDATE sqlite_schema SET rootpage = 99999")],
  ["the schema as root page", () => withSchema("UPDATE sqlite_schema SET rootpage = 1")],
  ["no root page", () => withSchema("UPDATE sqlite_schema SET rootpage = 0")],
  ["a negative root page", () => withSchema("UPDATE sqlite_schema SET rootpage = -1")],
  ["pages that all point to one leaf", () => patched((image) => pointTo(image, 3))],
  ["a page that points to itself", () => patched((image) => pointTo(image, 2))],
  ["a page that points outside", () => patched((image) => pointTo(image, 0x7fffffff))],
  [
    "cells that overlap",
    () => patched((image) => image.fill(image.subarray(2 * PAGE + 8, 2 * PAGE + 10), 2 * PAGE + 10, 2 * PAGE + 16)),
  ],
  ["a damaged leaf", () => patched((image) => image.fill(0xff, 5 * PAGE, 5 * PAGE + 8))],
];

describe("a hostile image is refused before a row is read", () => {
  test.each(HOSTILE)("%s", (_, image) => {
    const path = join(temporaryFolder(), "piece");
    expect(() => {
      writePieceImage(path, image(), LAYOUT);
    }).toThrow(BadImage);
    expect(() => openUntrusted(image(), new Map([[PIECE_TABLE, RIGHT]]))).toThrow(BadImage);
  });

  test("a pyramid of pages that claims more rows than anyone could read", () => {
    // Each level points to the next one only, so that every row is there hundreds of times.
    const image = imageOf(`${RIGHT}; ${FILL.replaceAll(String(ROWS), "60000")}`);
    const levels: number[] = [];
    for (let page = 2; image[(page - 1) * PAGE] === 5; page = image.readUInt32BE((page - 1) * PAGE + 8)) levels.push(page);
    expect(levels.length).toBeGreaterThan(2);
    for (const page of levels) {
      const [start, next] = [(page - 1) * PAGE, image.readUInt32BE((page - 1) * PAGE + 8)];
      for (let i = 0; i < image.readUInt16BE(start + 3); i++)
        image.writeUInt32BE(next, start + image.readUInt16BE(start + 12 + 2 * i));
    }
    expect(() => openUntrusted(image, new Map([[PIECE_TABLE, RIGHT]]))).toThrow(BadImage);
  });
});

const SHAPE: TableShape = {
  name: "t",
  withoutRowid: false,
  rowid: "rowid",
  integerPrimaryKey: null,
  columns: ["a", "b"],
  storedColumns: ["a", "b"],
  constraints: [
    { kind: "UNIQUE", index: "sqlite_autoindex_t_1", columns: [{ name: "a", collation: "BINARY", descending: false }] },
  ],
};
const TABLE: StagingTable = { staging: "tsdp:test:1", shape: SHAPE, raw: true };
const MARK: PieceMark = { progress: "tsdp:test:0", object: 1, piece: 1, rejected: null };

function stagingOf(image: Buffer): { target: Connection; path: string; rows: () => unknown } {
  const folder = temporaryFolder();
  const target = openDatabase(join(folder, "T.db"));
  onTestFinished(() => {
    target.close();
  });
  prepareLoading(target, true);
  createStagingTable(target, TABLE);
  createProgressTable(target, MARK.progress);
  const path = join(folder, "piece");
  writePieceImage(path, image, LAYOUT);
  return { target, path, rows: () => target.prepare(`SELECT count(*) FROM "${TABLE.staging}"`).pluck().get() };
}

describe("a right image", () => {
  test("is loaded with its rowids, and its file can be removed", () => {
    const { target, path, rows } = stagingOf(rightImage());
    expect(loadPiece(target, path, TABLE, ROWS, MARK)).toBe(0);
    expect(rows()).toBe(ROWS);
    expect(target.prepare(`SELECT count(*) FROM "${TABLE.staging}" WHERE rowid = a`).pluck().get()).toBe(ROWS);
    expect(readFileSync(path).equals(rightImage())).toBe(true);
    removePieceImages(path);
    expect(existsSync(path)).toBe(false);
  });

  test.each([ROWS - 1, ROWS + 1, 0, 1])("with %d rows instead of those stated is not loaded at all", (stated) => {
    const { target, path, rows } = stagingOf(rightImage());
    expect(() => loadPiece(target, path, TABLE, stated, MARK)).toThrow(WrongRowCount);
    expect([rows(), target.inTransaction]).toEqual([0, false]);
    expect(readProgress(target, MARK.progress)).toEqual([]);
    expect(loadPiece(target, path, TABLE, ROWS, MARK)).toBe(0);
  });

  test("whose rows violate a key is loaded without them, and tells how many", () => {
    const twice = imageOf(`${RIGHT}; ${FILL}; UPDATE ${PIECE_TABLE} SET c1 = 7 WHERE c1 BETWEEN 7 AND 9`);
    const { target, path, rows } = stagingOf(twice);
    expect(loadPiece(target, path, TABLE, ROWS, MARK)).toBe(2);
    expect(rows()).toBe(ROWS - 2);
    expect(readProgress(target, MARK.progress)).toEqual([{ object: 1, piece: 1, rejected: 2 }]);
  });

  test.each([ROWS - 1, ROWS + 1])("whose rows violate a key must still hold the stated number, not %d", (stated) => {
    const twice = imageOf(`${RIGHT}; ${FILL}; UPDATE ${PIECE_TABLE} SET c1 = 7 WHERE c1 BETWEEN 7 AND 9`);
    const { target, path, rows } = stagingOf(twice);
    expect(() => loadPiece(target, path, TABLE, stated, MARK)).toThrow(WrongRowCount);
    expect(rows()).toBe(0);
  });
});
