import { expect, test } from "vitest";
import { openMemory, type Connection } from "../../src/sqlite/database.ts";
import { everyRow, wholeRange } from "../../src/sqlite/key-range.ts";
import { rowsWhere } from "../../src/sqlite/row-filter.ts";
import { addHash, sampleCondition } from "../../src/sqlite/sample.ts";
import { listTables, readTableShape, type TableShape } from "../../src/sqlite/schema.ts";
import { Stage } from "../../src/sqlite/stage.ts";

const ROWS = 40_000;
const NUMBERS = `WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})`;

function source(): { connection: Connection; shape: (table: string) => TableShape } {
  const connection = openMemory();
  addHash(connection);
  connection.exec(`
    CREATE TABLE dense (v); ${NUMBERS} INSERT INTO dense SELECT i % 7 FROM n;
    CREATE TABLE wide (id INTEGER PRIMARY KEY); ${NUMBERS} INSERT INTO wide SELECT i * 230584300921369 - 4611686018427387904 FROM n;
    CREATE TABLE keyed (a TEXT, b, PRIMARY KEY (b, a)) WITHOUT ROWID; ${NUMBERS} INSERT INTO keyed SELECT 'k' || i, i % 10 FROM n;
    CREATE TABLE odd (rowid, _rowid_, oid); ${NUMBERS} INSERT INTO odd SELECT i, x'00', 'o' FROM n;`);
  const tables = listTables(connection);
  return { connection, shape: (table) => readTableShape(connection, table, tables) };
}

test.each(["dense", "wide", "keyed", "odd"])(
  "a sample of %s has the rows that it should, and others under another seed",
  (table) => {
    const { connection, shape } = source();
    const count = (condition: string) =>
      connection.prepare(`SELECT count(*) FROM ${table} WHERE ${condition}`).pluck().get() as number;
    for (const percent of [0.5, 10, 50, 99]) {
      const [first, second] = ["1", "2"].map((seed) => sampleCondition(shape(table), percent, seed));
      const share = percent / 100;
      // Six standard deviations.
      const margin = 6 * Math.sqrt(ROWS * share * (1 - share));
      for (const condition of [first, second]) expect(Math.abs(count(condition ?? "") - ROWS * share)).toBeLessThan(margin);
      const both = count(`${first ?? ""} AND ${second ?? ""}`);
      expect(Math.abs(both - ROWS * share * share)).toBeLessThan(6 * Math.sqrt(ROWS * share * share) + 3);
    }
    expect(count(sampleCondition(shape(table), 0.000001, "1"))).toBeLessThan(3);
  },
);

test("neighbouring rowids are chosen independently", () => {
  const { connection, shape } = source();
  const condition = sampleCondition(shape("dense"), 20, "7");
  connection.exec(`CREATE TABLE chosen AS SELECT rowid AS r FROM dense WHERE ${condition}`);
  for (const distance of [1, 2, 3, 4, 8, 64, 1024]) {
    const pairs = connection
      .prepare("SELECT count(*) FROM chosen a JOIN chosen b ON b.r = a.r + ?")
      .pluck()
      .get(distance) as number;
    expect(Math.abs(pairs - ROWS * 0.04)).toBeLessThan(6 * Math.sqrt(ROWS * 0.04));
  }
});

test.each(["dense", "keyed"])("a sample of %s is the same however the table is cut", (table) => {
  const { connection, shape } = source();
  connection.exec("BEGIN");
  const filter = rowsWhere(sampleCondition(shape(table), 3, "seed"));
  const counts = [100_000, 977, 50].map((limit) => {
    let rows = 0;
    const stage = new Stage(connection);
    for (let range = wholeRange(connection, shape(table)) ?? everyRow(shape(table)); ;) {
      const piece = stage.unload(shape(table), range, limit, filter);
      rows += piece.rows;
      if (piece.rest === null) return rows;
      range = piece.rest;
    }
  });
  const rows = connection.prepare(`SELECT count(*) FROM ${table} WHERE ${filter.where}`).pluck().get();
  expect(counts).toEqual([rows, rows, rows]);
});

test("the same seed means the same rows for ever", () => {
  const { connection, shape } = source();
  const rowids = (table: string, column: string) =>
    connection
      .prepare(`SELECT ${column} FROM ${table} WHERE ${sampleCondition(shape(table), 0.01, "2024")}`)
      .pluck()
      .all();
  expect(rowids("dense", "rowid")).toMatchInlineSnapshot(`
    [
      8670,
      13156,
      26117,
    ]
  `);
  expect(rowids("keyed", "a")).toMatchInlineSnapshot(`
    [
      "k23870",
      "k39502",
      "k6964",
      "k38428",
    ]
  `);
});
