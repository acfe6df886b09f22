import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openMemory, type Connection } from "../../src/sqlite/database.ts";
import { cutByKey, halve, rangeSql, wholeRange, type KeyRange } from "../../src/sqlite/key-range.ts";
import { listTables, readTableShape, type TableShape } from "../../src/sqlite/schema.ts";
import { beginSnapshot } from "../../src/sqlite/source.ts";
import { Stage } from "../../src/sqlite/stage.ts";
import { pieceRows, tableRows } from "./exact-rows.ts";

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

function withMemory(encoding: string, run: (connection: Connection) => void): void {
  const connection = openMemory();
  try {
    connection.pragma(`encoding = '${encoding}'`);
    connection.unsafeMode(true);
    run(connection);
  } finally {
    connection.close();
  }
}

function begin(connection: Connection): { stage: Stage; shape: TableShape } {
  Stage.prepare(connection);
  beginSnapshot(connection);
  return { stage: new Stage(connection), shape: readTableShape(connection, "t", listTables(connection)) };
}

describe("rowid ranges", () => {
  const near = (n: bigint) =>
    fc.bigInt({ min: -20n, max: 20n }).map((d) => (n + d < LOWEST ? LOWEST : n + d > HIGHEST ? HIGHEST : n + d));
  const rowid = fc.oneof(...[LOWEST, -(2n ** 53n), 0n, 2n ** 53n, HIGHEST].map(near), fc.bigInt({ min: LOWEST, max: HIGHEST }));
  const steps = fc.array(fc.record({ pick: fc.nat(), limit: fc.integer({ min: 1, max: 6 }), cut: fc.boolean() }), {
    minLength: 1,
  });

  test("halved and unloaded in any order hold each row once", () => {
    fc.assert(
      fc.property(fc.uniqueArray(rowid, { maxLength: 40 }), steps, (rowids, choices) => {
        withMemory("UTF-8", (connection) => {
          connection.exec("CREATE TABLE t (v)");
          for (const id of rowids) connection.prepare("INSERT INTO t (rowid, v) VALUES (?, ?)").run(id, id);
          const { stage, shape } = begin(connection);
          expect(unloadInAnyOrder(stage, shape, wholeRange(connection, shape), choices)).toEqual(tableRows(connection, shape));
        });
      }),
    );
  });

  test("halves meet without gap or overlap, at the ends of 64 bits too", () => {
    const [low, high] = halve({ kind: "rowid", low: LOWEST, high: HIGHEST });
    expect([low, high]).toEqual([
      { kind: "rowid", low: LOWEST, high: -1n },
      { kind: "rowid", low: 0n, high: HIGHEST },
    ]);
    expect(halve({ kind: "rowid", low: 7n, high: 7n })).toEqual([{ kind: "rowid", low: 7n, high: 7n }]);
  });
});

interface Step {
  readonly pick: number;
  readonly limit: number;
  readonly cut: boolean;
}

function unloadInAnyOrder(stage: Stage, shape: TableShape, whole: KeyRange | null, steps: readonly Step[]): string[] {
  const pending = whole === null ? [] : [whole];
  const rows: string[] = [];
  for (let i = 0; pending.length > 0; i++) {
    const { pick, limit, cut } = steps[i % steps.length] ?? { pick: 0, limit: 1, cut: false };
    const [range] = pending.splice(pick % pending.length, 1);
    if (range === undefined) break;
    // After many cuts the rest is unloaded, or gaps of 2^63 would be halved for ever.
    const parts = cut && i < 200 ? halve(range) : [range];
    if (parts.length > 1) {
      pending.push(...parts);
      continue;
    }
    const piece = stage.unload(shape, range, limit);
    rows.push(...pieceRows(piece.image, shape));
    if (piece.rest !== null) pending.push(piece.rest);
  }
  return rows.sort();
}

type Value = bigint | number | Buffer | { readonly text: Buffer };

/** Text that is like numbers, like other text in one collation, not valid, or begins as a byte order mark would. */
const TEXTS = [
  "12",
  "1e3",
  " 7",
  "9007199254740993",
  "0.5",
  "a",
  "A",
  "a ",
  "a  ",
  "A\0b",
  "a\0B",
  "",
  "\uFEFFx",
  "\uFFFEx",
  "ä",
  "Ä",
  "-1",
];
const BYTES = [[0xff], [0xc3, 0x28], [0xfe, 0xff, 0, 65], [0xff, 0xfe, 65, 0], [0x00, 0xd8], [0xd8, 0x00], [65, 0], [0]];

function textBytes(text: string, encoding: string): Buffer {
  if (encoding === "UTF-8") return Buffer.from(text);
  const little = Buffer.from(text, "utf16le");
  return encoding === "UTF-16le" ? little : little.swap16();
}

function value(encoding: string): fc.Arbitrary<Value> {
  return fc.oneof(
    fc.constantFrom(0n, 1n, 7n, 12n, 1000n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, LOWEST, HIGHEST),
    fc.bigInt({ min: -50n, max: 50n }),
    fc.constantFrom(-0.0, 0.5, 12.5, 9007199254740992, 1e300, -1e300, Infinity, -Infinity, 5e-324),
    fc.constantFrom(...TEXTS).map((text) => ({ text: textBytes(text, encoding) })),
    fc.constantFrom(...BYTES).map((bytes) => ({ text: Buffer.from(bytes) })),
    fc.constantFrom(...BYTES, [], [49, 50]).map((bytes) => Buffer.from(bytes)),
  );
}

/** Columns and key; the types are written into the schema when the rows are there, so that values go against them. */
const KEYS = [
  { columns: ["a", "b"], types: ["", ""], key: "a, b" },
  { columns: ["a", "b"], types: ["TEXT COLLATE NOCASE", "BLOB"], key: "a DESC, b" },
  { columns: ["a", "b"], types: ["INTEGER", "TEXT COLLATE RTRIM"], key: "a, b COLLATE NOCASE DESC" },
  { columns: ["a", "b"], types: ["NUMERIC", "REAL"], key: "b DESC, a COLLATE RTRIM" },
  { columns: ["a", "b"], types: ["TEXT", "INTEGER"], key: "a COLLATE RTRIM DESC" },
  { columns: ["a", "b"], types: ["REAL", "ANY"], key: "a, b COLLATE NOCASE, a COLLATE NOCASE" },
] as const;

function fill(connection: Connection, { columns, types, key }: (typeof KEYS)[number], rows: readonly (readonly Value[])[]): void {
  const sql = (type: (i: number) => string) =>
    `CREATE TABLE t (${columns.map((c, i) => c + type(i)).join(", ")}, PRIMARY KEY (${key})) WITHOUT ROWID`;
  const collationOnly = (i: number) => ` ${/COLLATE \w+/.exec(types[i] ?? "")?.[0] ?? ""}`;
  connection.exec(sql(collationOnly));
  for (const row of rows) {
    const marker = (cell: Value) => (typeof cell === "object" && "text" in cell ? "CAST(? AS TEXT)" : "?");
    const cells = row.map((cell, i) => {
      if (typeof cell === "object" && "text" in cell) return cell.text;
      // No SQL can read an integer of a REAL column exactly when it is no double.
      return typeof cell === "bigint" && types[i] === "REAL" ? BigInt.asIntN(48, cell) : cell;
    });
    connection.prepare(`INSERT OR IGNORE INTO t VALUES (${row.map(marker).join(", ")})`).run(...cells);
  }
  connection.pragma("writable_schema = on");
  connection.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 't'").run(sql((i) => ` ${types[i] ?? ""}`));
  connection.pragma("writable_schema = reset");
}

function rowsOf(stage: Stage, shape: TableShape, ranges: readonly KeyRange[], limit: number): string[] {
  const rows: string[] = [];
  for (const first of ranges) {
    for (let range: KeyRange | null = first; range !== null;) {
      const piece = stage.unload(shape, range, limit);
      rows.push(...pieceRows(piece.image, shape));
      range = piece.rest;
    }
  }
  return rows.sort();
}

describe("key ranges of WITHOUT ROWID tables", () => {
  const table = fc.constantFrom("UTF-8", "UTF-16le", "UTF-16be").chain((encoding) =>
    fc.record({
      encoding: fc.constant(encoding),
      key: fc.constantFrom(...KEYS),
      rows: fc.array(fc.tuple(value(encoding), value(encoding)), { maxLength: 60 }),
      every: fc.integer({ min: 1, max: 9 }),
      limit: fc.integer({ min: 1, max: 30 }),
    }),
  );

  test("hold each row once, forwards and backwards, whatever its key is", () => {
    fc.assert(
      fc.property(table, ({ encoding, key, rows, every, limit }) => {
        withMemory(encoding, (connection) => {
          fill(connection, key, rows);
          const { stage, shape } = begin(connection);
          const expected = tableRows(connection, shape);
          const ranges = cutByKey(connection, shape, every);
          expect(rowsOf(stage, shape, ranges, limit)).toEqual(expected);
          const backwards = ranges.map((range) => ({ ...range, reverse: true }));
          expect(rowsOf(stage, shape, backwards, limit)).toEqual(expected);
        });
      }),
      { numRuns: 400 },
    );
  });

  test("are of the size that was asked for and found by a search", () => {
    withMemory("UTF-8", (connection) => {
      const rows = Array.from({ length: 1000 }, (_, i) => [{ text: Buffer.from(String(i)) }, BigInt(i)] as const);
      fill(connection, KEYS[1], rows);
      const { stage, shape } = begin(connection);
      const ranges = cutByKey(connection, shape, 100);
      // Cuts count in the index's order, which is descending; ranges ascend.
      expect(ranges.map((range) => stage.unload(shape, range, 1000).rows)).toEqual([1, ...Array<number>(9).fill(100), 99]);
      for (const range of ranges) {
        const { from, where, parameters } = rangeSql(shape, range);
        const plan = connection.prepare(`EXPLAIN QUERY PLAN SELECT * FROM ${from} WHERE ${where}`).all(...parameters);
        expect(JSON.stringify(plan)).toContain("SEARCH main.t USING PRIMARY KEY");
      }
    });
  });
});

test("a table whose columns take all names of the rowid is read in scan order, each row once", () => {
  withMemory("UTF-8", (connection) => {
    connection.exec("CREATE TABLE t (rowid, _rowid_, oid); INSERT INTO t VALUES (1, 1, 1), (1, 1, 1), (3, 2, 1), (NULL, 'x', 2)");
    const { stage, shape } = begin(connection);
    expect(rowsOf(stage, shape, [wholeRange(connection, shape) ?? { kind: "scan", offset: 9n }], 3)).toEqual(
      tableRows(connection, shape),
    );
  });
});
