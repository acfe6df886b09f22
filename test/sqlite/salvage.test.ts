import Sqlite from "better-sqlite3";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Connection } from "../../src/sqlite/database.ts";
import { wholeRange, type KeyRange } from "../../src/sqlite/key-range.ts";
import { salvage, type LostRows } from "../../src/sqlite/salvage.ts";
import { listTables, readTableShape, type TableShape } from "../../src/sqlite/schema.ts";
import { openSource } from "../../src/sqlite/source.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { pieceRows, tableRows } from "./exact-rows.ts";

const PAGE = 512;
const ROWS = 3000;
const NUMBERS = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})`;

/** One page of a table's b-tree. The path of a page begins with that of its parent; leaves sort by it. */
interface Page {
  readonly path: string;
  readonly number: number;
  readonly type: "internal" | "leaf" | "overflow";
  readonly cells: number;
}

interface Made {
  readonly path: string;
  readonly pages: readonly Page[];
  /** All rows, as they were before the damage. */
  readonly rows: readonly string[];
}

function make(sql: string): Made {
  const path = join(temporaryFolder(), "S.db");
  const database = new Sqlite(path);
  database.pragma(`page_size = ${PAGE}`);
  database.exec(sql);
  const pages = database
    .prepare("SELECT path, pageno AS number, pagetype AS type, ncell AS cells FROM dbstat WHERE name = 't' ORDER BY path")
    .all() as Page[];
  const rows = tableRows(database, readTableShape(database, "t", listTables(database)));
  database.close();
  return { path, pages, rows };
}

function destroy(path: string, pages: readonly Page[]): void {
  const file = openSync(path, "r+");
  for (const { number } of pages) writeSync(file, Buffer.alloc(PAGE, 0xff), 0, PAGE, (number - 1) * PAGE);
  closeSync(file);
}

function open(path: string): { source: Connection; shape: TableShape } {
  const source = openSource("S", path);
  onTestFinished(() => {
    source.close();
  });
  return { source, shape: readTableShape(source, "t", listTables(source)) };
}

function salvaged(
  source: Connection,
  shape: TableShape,
  range: KeyRange,
  limit = 1000,
): { rows: string[]; lost: readonly LostRows[] } {
  const rows: string[] = [];
  const pieces = salvage(source, shape, range, limit);
  for (;;) {
    const next = pieces.next();
    if (next.done === true) return { rows: rows.sort(), lost: next.value };
    rows.push(...pieceRows(next.value.image, shape));
  }
}

/** The rowids 1 to ROWS that a description of lost rows names. */
function namedRowids(lost: readonly LostRows[]): number[] {
  const all = Array.from({ length: ROWS }, (_, i) => i + 1);
  return lost.flatMap(({ rows }) => {
    const [, low, high] = /^rowids? (-?\d+)(?: to (-?\d+))?$/.exec(rows) ?? [];
    const [, upTo] = /^rowids up to (-?\d+)$/.exec(rows) ?? [];
    const [, from] = /^rowids from (-?\d+)$/.exec(rows) ?? [];
    const [first, last] = [Number(low ?? from ?? (upTo === undefined ? NaN : 1)), Number(upTo ?? high ?? low ?? ROWS)];
    return all.filter((rowid) => rowid >= first && rowid <= last);
  });
}

/** Rowids are given without gaps, so leaf by leaf they count up. */
function rowidsUnder(pages: readonly Page[], damaged: Page): number[] {
  const rowids: number[] = [];
  let next = 1;
  for (const leaf of pages.filter(({ type }) => type === "leaf")) {
    for (let i = 0; i < leaf.cells; i++, next++) if (leaf.path.startsWith(damaged.path)) rowids.push(next);
  }
  return rowids;
}

function rowidOf(row: string): number {
  return Number(Buffer.from(row.split(" ")[1] ?? "", "hex").toString());
}

function pick(pages: readonly Page[], type: Page["type"], nth: number): Page {
  const page = pages.filter((candidate) => candidate.type === type && candidate.path !== "/")[nth];
  if (page === undefined) throw new Error(`the table has no such ${type} page`);
  return page;
}

describe("a rowid table", () => {
  const SQL = `CREATE TABLE t (v); ${NUMBERS} INSERT INTO t SELECT i || hex(zeroblob(20)) FROM n`;

  test.each([
    ["a leaf", [["leaf", 7]]],
    [
      "the first and the last leaf",
      [
        ["leaf", 0],
        ["leaf", -1],
      ],
    ],
    [
      "neighbouring leaves and one far away",
      [
        ["leaf", 20],
        ["leaf", 21],
        ["leaf", 200],
      ],
    ],
    ["an interior page", [["internal", 1]]],
  ] as const)("loses the rows of %s and no others", (_, damage) => {
    const { path, pages, rows } = make(SQL);
    const leaves = pages.filter(({ type }) => type === "leaf").length;
    const damaged = damage.map(([type, nth]) => pick(pages, type, nth < 0 ? leaves + nth : nth));
    const expected = damaged.flatMap((page) => rowidsUnder(pages, page)).sort((a, b) => a - b);
    expect(expected.length).toBeGreaterThan(3);
    destroy(path, damaged);
    const { source, shape } = open(path);
    const { rows: found, lost } = salvaged(source, shape, { kind: "rowid", low: 1n, high: BigInt(ROWS) });
    expect(namedRowids(lost)).toEqual(expected);
    expect(found).toEqual(rows.filter((row) => !expected.includes(rowidOf(row))));
    expect(lost.map(({ cause }) => cause)).toEqual(lost.map(() => "database disk image is malformed"));
  });

  test("loses only the row whose overflow page is damaged", () => {
    const { path, pages, rows } = make(
      `CREATE TABLE t (v); ${NUMBERS} INSERT INTO t SELECT i || hex(zeroblob(CASE i % 100 WHEN 50 THEN 2000 ELSE 5 END)) FROM n`,
    );
    // The first page of a row's chain, made to point outside of the file.
    const damaged = pages.filter(({ type, path: at }) => type === "overflow" && at.endsWith("+000000"))[4];
    if (damaged === undefined) throw new Error("the table has no overflow page");
    destroy(path, [damaged]);
    const { source, shape } = open(path);
    const { rows: found, lost } = salvaged(source, shape, { kind: "rowid", low: 1n, high: BigInt(ROWS) });
    expect(namedRowids(lost)).toEqual([450]);
    expect(found).toEqual(rows.filter((row) => rowidOf(row) !== 450));
  });

  test("loses nothing where nothing is damaged", () => {
    const { path, rows } = make(SQL);
    const { source, shape } = open(path);
    const whole = wholeRange(source, shape) ?? { kind: "scan", offset: 0n };
    expect(salvaged(source, shape, whole)).toEqual({ rows, lost: [] });
  });
});

describe("a WITHOUT ROWID table", () => {
  const SQL = `CREATE TABLE t (a, b, PRIMARY KEY (b DESC)) WITHOUT ROWID; ${NUMBERS} INSERT INTO t SELECT i, i || hex(zeroblob(20)) FROM n`;
  const whole = { kind: "key", after: null, upTo: null, offset: 0n } as const;

  test.each([0n, 100n])("loses the rows of a leaf and no others, from offset %d on", (offset) => {
    const { path, pages, rows } = make(SQL);
    const damaged = pick(pages, "leaf", 77);
    destroy(path, [damaged]);
    const { source, shape } = open(path);
    const { rows: found, lost } = salvaged(source, shape, { ...whole, offset }, 300);
    expect(new Set(found).size).toBe(found.length);
    expect(rows).toEqual(expect.arrayContaining(found));
    expect(found.length).toBe(ROWS - damaged.cells - Number(offset));
    const [, first, last] = /^the rows between the first (\d+) and the last (\d+) of a range$/.exec(lost[0]?.rows ?? "") ?? [];
    expect(Number(first) + Number(last)).toBe(ROWS - damaged.cells);
  });

  test("gives each row once and loses nothing where nothing is damaged", () => {
    const { path, rows } = make(SQL);
    const { source, shape } = open(path);
    expect(salvaged(source, shape, whole, 700)).toEqual({ rows, lost: [] });
  });
});

test("a table whose rowid no SQL can address gives the rows before the damage", () => {
  const { path, pages } = make(
    `CREATE TABLE t (rowid, _rowid_, oid); ${NUMBERS} INSERT INTO t SELECT i, hex(zeroblob(20)), i FROM n`,
  );
  const damaged = pick(pages, "leaf", 100);
  destroy(path, [damaged]);
  const { source, shape } = open(path);
  const { rows, lost } = salvaged(source, shape, { kind: "scan", offset: 0n });
  const [first] = rowidsUnder(pages, damaged);
  expect(rows.map(rowidOf).sort((a, b) => a - b)).toEqual(Array.from({ length: (first ?? 0) - 1 }, (_, i) => i + 1));
  expect(lost).toHaveLength(1);
});
