import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { decodeMasterTable, encodeMasterTable, type MasterTable } from "../../src/metadata/master-table.ts";
import { BadImage } from "../../src/sqlite/piece-image.ts";
import { objectOf, shapeOf } from "./objects.ts";

const MASTER: MasterTable = {
  job: new Map([
    ["OWNER", "SYSTEM"],
    ["__proto__", 'odd "value"\n'],
    ["EMPTY", ""],
  ]),
  schemas: [
    {
      name: "HR",
      settings: {
        encoding: "UTF-16be",
        pageSize: 65536,
        autoVacuum: 2,
        userVersion: -(2 ** 31),
        applicationId: 2 ** 31 - 1,
        journalMode: "wal",
      },
    },
  ],
  objects: [
    objectOf("TABLE", "__proto__", { sql: Buffer.from([0xff, 0, 0xe9]), shape: shapeOf("__proto__") }),
    objectOf("TABLE", "", {
      id: 2,
      kind: "shadow",
      owner: 'f"t',
      shape: shapeOf("", { rowid: null, integerPrimaryKey: null, withoutRowid: true, constraints: [] }),
    }),
    objectOf("INDEX", "i\n", { id: 3, tableName: "__proto__", sql: Buffer.alloc(0) }),
    objectOf("VIEW", "É", { id: 4 }),
    objectOf("TRIGGER", "t", { id: 5 }),
  ],
  pieces: [
    { object: 1, piece: 2, ordinal: 0, rows: 0 },
    { object: 1, piece: 1, ordinal: 1, rows: Number.MAX_SAFE_INTEGER },
  ],
};

/** The image after a statement on it. */
function changed(sql: string): Buffer {
  const database = new Sqlite(encodeMasterTable(MASTER));
  database.exec(sql);
  const image = database.serialize();
  database.close();
  return image;
}

test("comes back as it was written", () => {
  expect(decodeMasterTable(encodeMasterTable(MASTER))).toEqual(MASTER);
});

describe("a field that can't be what it says is refused", () => {
  const texts = ["NULL", "7", "1.5", "x'00'"];
  const numbers = ["NULL", "'x'", "-1e9", "1.5", "9223372036854775807", "x'00'"];
  const fields: readonly (readonly [table: string, column: string, values: readonly string[]])[] = [
    ["job", "name", ["NULL", "x'00'"]],
    ["job", "value", ["NULL", "x'00'"]],
    ["schema", "name", ["NULL", "x'00'"]],
    ["schema", "encoding", [...texts, "'utf-8'", "'UTF-8'' --'"]],
    ["schema", "page_size", [...numbers, "1000", "131072", "0"]],
    ["schema", "auto_vacuum", [...numbers, "3"]],
    ["schema", "user_version", ["NULL", "'x'", "1.5", "-2147483649", "2147483648", "9223372036854775807"]],
    ["schema", "application_id", ["NULL", "'x'", "1.5", "-2147483649", "2147483648"]],
    ["schema", "journal_mode", [...texts, "'WAL'", "'wal; x'"]],
    ["object", "id", [...numbers, "0"]],
    ["object", "schema", ["NULL", "x'00'"]],
    ["object", "type", [...texts, "'table'", "'__proto__'"]],
    ["object", "kind", [...texts, "'TABLE'"]],
    ["object", "name", ["NULL", "x'00'"]],
    ["object", "table_name", ["NULL", "x'00'"]],
    ["object", "owner", ["x'00'"]],
    ["object", "sql", ["NULL", "'CREATE TABLE t (a)'", "7"]],
    ["object", "shape", ["x'00'", "''", "'{'", "'null'", "'7'", "'[]'", "'{}'", "'\"text\"'", `printf('%.*c', 200000, '[')`]],
    ["piece", "object", [...numbers, "0"]],
    ["piece", "piece", [...numbers, "0"]],
    ["piece", "ordinal", numbers],
    ["piece", "rows", numbers],
  ];
  test.each(fields.flatMap(([table, column, values]) => values.map((value) => [table, column, value] as const)))(
    "%s.%s = %s",
    (table, column, value) => {
      const image = changed(`UPDATE ${table} SET ${column} = ${value} WHERE rowid = 1`);
      expect(() => decodeMasterTable(image)).toThrow(BadImage);
    },
  );

  const parts: readonly (readonly [path: string, values: readonly unknown[]])[] = [
    ["$.name", [null, 7, {}]],
    ["$.withoutRowid", [null, 0, "false", { toString: 1 }]],
    ["$.rowid", [7, [], false]],
    ["$.integerPrimaryKey", [7, {}]],
    ["$.columns", [null, "a", { length: 1 }, [7], [null]]],
    ["$.storedColumns", [null, {}, [[]]]],
    ["$.constraints", [null, {}, [null], [7], ["x"], [{}]]],
    ["$.constraints[0].kind", [null, "CHECK", { toString: null }, ["UNIQUE"]]],
    ["$.constraints[0].index", [null, 7]],
    ["$.constraints[0].columns", [null, {}, [null], [[]], "x"]],
    ["$.constraints[0].columns[0].name", [7, {}]],
    ["$.constraints[0].columns[0].collation", [null, 7]],
    ["$.constraints[0].columns[0].descending", [null, 1, "true"]],
  ];
  test.each(parts.flatMap(([path, values]) => values.map((value) => [path, JSON.stringify(value)] as const)))(
    "shape, %s = %s",
    (path, value) => {
      const image = changed(`UPDATE object SET shape = json_set(shape, '${path}', json('${value}')) WHERE id = 1`);
      expect(() => decodeMasterTable(image)).toThrow(BadImage);
    },
  );
});

test.each([
  ["job", "INSERT INTO job SELECT i, i FROM n", 1001],
  ["schema", "INSERT INTO schema SELECT s.* FROM schema s, n", 10_001],
  ["object", "INSERT INTO object SELECT o.* FROM object o, n", 10_001],
])("more than can be is refused: %s", (_, insert, count) => {
  const image = changed(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ${insert}`);
  expect(() => decodeMasterTable(image)).toThrow(BadImage);
});

describe("another image in its place is refused", () => {
  test.each([
    "CREATE TABLE more (a)",
    "DROP TABLE piece",
    "ALTER TABLE piece RENAME COLUMN rows TO r",
    "CREATE TRIGGER t AFTER INSERT ON job BEGIN DELETE FROM job; END",
    "DROP TABLE job; CREATE VIEW job AS SELECT 'OWNER' AS name, 'SYSTEM' AS value",
  ])("%s", (sql) => {
    expect(() => decodeMasterTable(changed(sql))).toThrow(BadImage);
  });

  test("damaged or cut at any page", () => {
    const image = encodeMasterTable(MASTER);
    expect(() => decodeMasterTable(Buffer.from("no database"))).toThrow(BadImage);
    for (let at = 0; at < image.length; at += 4096) {
      const damaged = Buffer.from(image);
      damaged.fill(0xff, at, at + 4096);
      expect(() => decodeMasterTable(damaged)).toThrow(BadImage);
      expect(() => decodeMasterTable(image.subarray(0, at))).toThrow(BadImage);
    }
  });
});
