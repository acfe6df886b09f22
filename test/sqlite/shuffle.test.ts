import "../job/small-pieces.ts";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase, openImage, type Connection } from "../../src/sqlite/database.ts";
import { wholeRange, type KeyRange } from "../../src/sqlite/key-range.ts";
import { loadFiltered, typePiece } from "../../src/sqlite/filtered-piece.ts";
import { LinkedSource } from "../../src/sqlite/linked-source.ts";
import { writePieceImage } from "../../src/sqlite/piece-image.ts";
import { pieceLayout, PIECE_TABLE } from "../../src/sqlite/piece-table.ts";
import { Replacements } from "../../src/sqlite/replacement.ts";
import { rowsWhere } from "../../src/sqlite/row-filter.ts";
import { listTables, readObjects, readTableShape, type TableShape } from "../../src/sqlite/schema.ts";
import { beginSnapshot, openSource } from "../../src/sqlite/source.ts";
import { PIECE_TARGET, Stage, type Piece } from "../../src/sqlite/stage.ts";
import { loadPiece } from "../../src/sqlite/load-piece.ts";
import { createProgressTable, createStagingTable } from "../../src/sqlite/staging.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

const shuffling = (...columns: readonly string[]) =>
  new Replacements(
    [],
    columns.map((column) => ({ column, shown: `"S"."t"."${column}"`, isRowid: column === "id" })),
  );

/** A file with a table t, and a snapshot of it. */
function sourceOf(
  sql: string,
  rows: readonly (readonly unknown[])[] = [],
): { source: Connection; shape: TableShape; path: string } {
  const path = join(temporaryFolder(), "S.db");
  const writer = openDatabase(path);
  writer.exec(sql);
  for (const row of rows) writer.prepare(`INSERT INTO t VALUES (${row.map(() => "?").join(", ")})`).run(...row);
  writer.close();
  const source = openSource("S", path);
  beginSnapshot(source);
  onTestFinished(() => {
    source.close();
  });
  return { source, shape: readTableShape(source, "t", listTables(source)), path };
}

function unloadAll(source: Connection, shape: TableShape, limit: number, replacements: Replacements): Piece[] {
  const stage = new Stage(source);
  const pieces: Piece[] = [];
  for (let range: KeyRange | null = wholeRange(source, shape); range !== null; range = pieces.at(-1)?.rest ?? null)
    pieces.push(stage.unload(shape, range, limit, null, replacements));
  return pieces.filter(({ rows }) => rows > 0);
}

/** Values as they are told apart by class and bits, in the order of the rows. */
function exact(connection: Connection, table: string, column: string): string[] {
  const value = `typeof(${column}) || CASE typeof(${column}) WHEN 'real' THEN printf('%!.26g', ${column}) ELSE hex(${column}) END`;
  return connection.prepare(`SELECT ${value} FROM ${table} ORDER BY rowid`).pluck().all() as string[];
}

function imagesOf(pieces: readonly Piece[], read: (image: Connection) => string[]): string[][] {
  return pieces.map(({ image }) => {
    const connection = openImage(image);
    try {
      return read(connection);
    } finally {
      connection.close();
    }
  });
}

const VALUE = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(null),
);

test("the values of a piece are the same ones in other rows, each with its class and bits, and other columns stay", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(VALUE, VALUE, VALUE), { minLength: 2, maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      (rows, limit) => {
        const { source, shape } = sourceOf("CREATE TABLE t (a, b, c)", rows);
        const pieces = unloadAll(source, shape, limit, shuffling("a", "c"));
        let first = 0;
        for (const column of ["a", "b", "c"]) {
          const before = exact(source, "t", column);
          first = 0;
          for (const after of imagesOf(pieces, (image) => exact(image, PIECE_TABLE, `c${"abc".indexOf(column) + 1}`))) {
            const original = before.slice(first, (first += after.length));
            if (column === "b") expect(after).toEqual(original);
            else expect([...after].sort()).toEqual([...original].sort());
          }
        }
        expect(first).toBe(rows.length);
      },
    ),
    { numRuns: 40 },
  );
});

test("no row keeps its own value, no piece is a single row, and rows come in their order: of any table, in pieces of any size", () => {
  const numbers = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  for (const definition of ["CREATE TABLE t (k INTEGER PRIMARY KEY, v)", "CREATE TABLE t (k PRIMARY KEY, v) WITHOUT ROWID"]) {
    for (const [count, limit] of [
      [2, 1],
      [3, 2],
      [5, 2],
      [9, 4],
      [101, 100],
      [100, 99],
      [100, 33],
      [7, 1000],
    ] as const) {
      const { source, shape } = sourceOf(`${definition}; ${numbers(count)} INSERT INTO t SELECT i, i FROM n`);
      const pieces = unloadAll(source, shape, limit, shuffling("v"));
      expect(Math.min(...pieces.map(({ rows }) => rows))).toBeGreaterThan(1);
      const key = shape.withoutRowid ? "c1" : "k";
      const pairs = imagesOf(pieces, (image) => {
        return image
          .prepare(`SELECT ${key} || ' ' || c${shape.columns.length} FROM ${PIECE_TABLE} ORDER BY rowid`)
          .pluck()
          .all() as string[];
      }).flat();
      expect(pairs.map((pair) => Number(pair.split(" ")[0]))).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      expect(pairs.filter((pair) => /^(\d+) \1$/.test(pair))).toEqual([]);
    }
  }
});

test("no byte of a piece tells which value was beside which, and large rows make small pieces", () => {
  const word = PIECE_TARGET / 8;
  const { source, shape } = sourceOf(`CREATE TABLE t (kept, v);
    WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 160)
    INSERT INTO t SELECT 'kept' || i, 'orig' || i || CASE WHEN i % 2 THEN '' ELSE substr(hex(zeroblob(${word})), 1, ${word}) END FROM n`);
  const pieces = unloadAll(source, shape, 1000, shuffling("v"));
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.reduce((sum, { rows }) => sum + rows, 0)).toBe(61);
  for (const { image, rows } of pieces) {
    const words = image.toString("latin1").match(/kept\d+orig\d+|orig\d+/g) ?? [];
    expect(words).toHaveLength(rows);
    expect(words.filter((found) => /kept(\d+)orig\1$/.test(found))).toEqual([]);
    expect(image.length).toBeLessThanOrEqual(2 * PIECE_TARGET);
  }
});

test("columns that are kept apart are shuffled in their image", () => {
  const { source, shape } = sourceOf(
    "CREATE TABLE t (a, b, c)",
    Array.from({ length: 20 }, (_, i) => [`a${i}`, `b${i}`, `c${i}`]),
  );
  const [piece] = unloadAll(source, { ...shape, secretColumns: ["b", "c"] }, 100, shuffling("c"));
  const second = openImage(piece?.second ?? Buffer.alloc(0));
  const rows = second.prepare(`SELECT k, c2, c3 FROM ${PIECE_TABLE} ORDER BY rowid`).raw().all() as [number, string, string][];
  expect(rows.map(([k, b]) => `b${k - 1}` === b)).not.toContain(false);
  expect(rows.filter(([k, , c]) => `c${k - 1}` === c)).toEqual([]);
  second.close();
});

test("the INTEGER PRIMARY KEY of a table is replaced or shuffled in pieces that are ordered by the new keys", () => {
  const sql = `CREATE TABLE t (id INTEGER PRIMARY KEY, v);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO t SELECT i * i, i * i FROM n`;
  const negated = {
    column: "id",
    shown: "id",
    isNullable: false,
    isRowid: true,
    replace: (id: unknown) => -(id as bigint),
  };
  for (const replacements of [new Replacements([negated]), shuffling("id"), shuffling("id", "v")]) {
    const { source, shape } = sourceOf(sql);
    const pieces = unloadAll(source, shape, 20, replacements);
    expect(pieces.map(({ rows }) => rows)).toEqual([20, 20, 10]);
    const images = imagesOf(
      pieces,
      (image) => image.prepare(`SELECT k || ' ' || c1 FROM ${PIECE_TABLE} ORDER BY rowid`).pluck().all() as string[],
    );
    const rows = images.map((image) => image.map((row) => row.split(" ").map(Number)));
    for (const [i, image] of rows.entries()) {
      const keys = image.map(([k = 0]) => k);
      const originals = Array.from({ length: image.length }, (_, j) => (20 * i + j + 1) ** 2);
      expect(keys).toEqual([...keys].sort((a, b) => a - b));
      expect(keys.map(Math.abs).sort((a, b) => a - b)).toEqual(originals);
      expect(image.map(([, v = 0]) => v).sort((a, b) => a - b)).toEqual(originals);
      if (replacements.shuffled.length === 0) expect(image.filter(([k = 0, v]) => -k !== v)).toEqual([]);
      if (replacements.shuffled.length === 1) expect(image.filter(([k, v]) => k === v)).toEqual([]);
    }
  }
});

test("a single row is refused, and an empty table is not", () => {
  const { source, shape } = sourceOf("CREATE TABLE t (a); INSERT INTO t VALUES ('original')");
  expect(() => unloadAll(source, shape, 10, shuffling("a"))).toThrow(
    /"S"."t"."a" can't be remapped: a piece of its table has one row only/,
  );
  expect(source.inTransaction).toBe(true);
  expect(unloadAll(source, shape, 10, new Replacements([]))).toHaveLength(1);
  const empty = sourceOf("CREATE TABLE t (a) WITHOUT ROWID".replace("(a)", "(a PRIMARY KEY)"));
  expect(unloadAll(empty.source, empty.shape, 10, shuffling("a"))).toEqual([]);
});

test("rows are shuffled on their way out of a dump, also those that a condition chooses, and over a link", () => {
  const sql = `CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
    WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 160) INSERT INTO t SELECT 'x' || i, 'x' || i FROM n`;
  const { source, shape, path } = sourceOf(sql);
  const target = openDatabase(`${path}-target`);
  createProgressTable(target, "tsdp:00000000:0");
  const table = { staging: "tsdp:00000000:1", shape, raw: false };
  const linked = { ...table, staging: "tsdp:00000000:2" };
  const filtered = { ...table, staging: "tsdp:00000000:3" };
  for (const each of [table, linked, filtered]) createStagingTable(target, each);
  const mark = (object: number) => ({ progress: "tsdp:00000000:0", object, piece: 1, rejected: null });
  const range = wholeRange(source, shape);
  const [piece] = unloadAll(source, shape, 1000, new Replacements([]));
  if (piece === undefined || range === null) throw new Error("there are rows");
  writePieceImage(`${path}-piece`, piece.image, pieceLayout(shape));
  expect(loadPiece(target, `${path}-piece`, table, 61, mark(1), shuffling("v"))).toBe(0);
  const [definition] = readObjects(source).objects;
  if (definition === undefined) throw new Error("there is a table");
  const some = { definition, encoding: "UTF-8", filter: rowsWhere("k >= 'x150'") } as const;
  typePiece(`${path}-piece`, filtered, 61, some);
  expect(loadFiltered(target, `${path}-piece`, filtered, some, mark(3), shuffling("v"))).toEqual({ rows: 11, rejected: 0 });
  target.close();
  const link = new LinkedSource(path);
  link.begin();
  const from = { shape, range, filter: null, replacements: shuffling("v") };
  expect(link.copy(`${path}-target`, true, linked, from, mark(2))).toEqual({ rows: 61, rejected: 0 });
  link.close();
  const reader = openDatabase(`${path}-target`);
  for (const { staging } of [table, linked, filtered]) {
    const rows = reader.prepare(`SELECT k, v FROM "${staging}" ORDER BY rowid`).raw().all() as [string, string][];
    const all = Array.from({ length: 61 }, (_, i) => `x${100 + i}`).slice(staging === filtered.staging ? 50 : 0);
    expect(rows.map(([k]) => k)).toEqual(all);
    expect(rows.map(([, v]) => v).sort()).toEqual(all);
    expect(rows.filter(([k, v]) => k === v)).toEqual([]);
  }
  reader.close();
});
