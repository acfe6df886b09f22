import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { renameTablesApart } from "../../src/sqlite/rename-process.ts";
import { renameTables, type RenameObject, type RenameResult } from "../../src/sqlite/rename-tables.ts";
import type { TableRename } from "../../src/sqlite/rename-rows.ts";
import type { SchemaObject, TextEncoding } from "../../src/sqlite/schema.ts";

/** Definitions as a database file stores them. `outside`: names that are not wanted afterwards. */
function stored(statements: readonly string[], outside: readonly string[] = []): RenameObject[] {
  const database = new Sqlite(":memory:");
  database.unsafeMode(true);
  for (const sql of statements) database.exec(sql);
  const rows = database
    .prepare("SELECT type, name, tbl_name AS tableName, CAST(sql AS BLOB) AS sql FROM sqlite_schema WHERE sql IS NOT NULL")
    .all() as SchemaObject[];
  database.close();
  return rows.map((row) => ({ ...row, isTaken: !outside.includes(row.name) }));
}

/** An object that this SQLite would not make: it is stored as it is. */
function raw(type: SchemaObject["type"], name: string, sql: string, tableName = name): RenameObject {
  return { type, name, tableName, sql: Buffer.from(sql), isTaken: true };
}

function rename(objects: readonly RenameObject[], ...renames: (readonly [string, string])[]): RenameResult {
  return renameTables({ encoding: "UTF-8", objects, renames: renames.map(([from, to]): TableRename => ({ from, to })) });
}

/** Names and texts afterwards, and those that are refused. */
function outcome(objects: readonly RenameObject[], { changed, refused }: RenameResult): Record<string, string> {
  return Object.fromEntries(
    objects.flatMap((object, i) => {
      const reason = refused.get(i);
      if (reason !== undefined) return [[object.name, `refused: ${reason}`]];
      const { name, tableName, sql } = { ...object, ...changed.get(i) };
      return [[name === tableName ? name : `${name} on ${tableName}`, Buffer.from(sql ?? []).toString()]];
    }),
  );
}

const ORDERS = [
  "CREATE TABLE customers (id INTEGER PRIMARY KEY, boss REFERENCES customers)",
  "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer REFERENCES customers (id))",
  "CREATE INDEX by_customer ON orders (customer)",
  "CREATE VIEW big AS SELECT o.id, customers.boss FROM orders o JOIN customers ON customers.id = o.customer",
  "CREATE VIEW bigger AS SELECT orders.id FROM orders JOIN big USING (id)",
  "CREATE TABLE log (n)",
  "CREATE TRIGGER on_log AFTER INSERT ON log BEGIN DELETE FROM customers WHERE id = new.n; END",
  "CREATE TRIGGER on_customers AFTER DELETE ON customers WHEN old.id IN (SELECT id FROM customers) BEGIN SELECT 1; END",
];

test("keys, indexes, views, triggers and foreign keys follow, and what does not name the table is not touched", () => {
  const objects = stored(ORDERS);
  const result = rename(objects, ["customers", 'a"b\n.c']);
  const n = '"a""b\n.c"';
  expect(outcome(objects, result)).toEqual({
    'a"b\n.c': `CREATE TABLE ${n} (id INTEGER PRIMARY KEY, boss REFERENCES ${n})`,
    orders: `CREATE TABLE orders (id INTEGER PRIMARY KEY, customer REFERENCES ${n} (id))`,
    "by_customer on orders": ORDERS[2],
    big: `CREATE VIEW big AS SELECT o.id, ${n}.boss FROM orders o JOIN ${n} ON ${n}.id = o.customer`,
    bigger: ORDERS[4],
    log: ORDERS[5],
    "on_log on log": `CREATE TRIGGER on_log AFTER INSERT ON log BEGIN DELETE FROM ${n} WHERE id = new.n; END`,
    'on_customers on a"b\n.c': `CREATE TRIGGER on_customers AFTER DELETE ON ${n} WHEN old.id IN (SELECT id FROM ${n}) BEGIN SELECT 1; END`,
  });
  expect([...result.changed.keys()].map((i) => objects[i]?.name)).toEqual([
    "customers",
    "orders",
    "big",
    "on_log",
    "on_customers",
  ]);
});

test("two tables change names, and a name changes its case", () => {
  const objects = stored(ORDERS);
  const swapped = outcome(objects, rename(objects, ["customers", "orders"], ["orders", "customers"], ["log", "LOG"]));
  expect(swapped["customers"]).toBe('CREATE TABLE "customers" (id INTEGER PRIMARY KEY, customer REFERENCES "orders" (id))');
  expect(swapped["orders"]).toBe('CREATE TABLE "orders" (id INTEGER PRIMARY KEY, boss REFERENCES "orders")');
  expect(swapped["bigger"]).toBe('CREATE VIEW bigger AS SELECT "customers".id FROM "customers" JOIN big USING (id)');
  expect(swapped["by_customer on customers"]).toBe('CREATE INDEX by_customer ON "customers" (customer)');
  expect(swapped["on_log on LOG"]).toContain('ON "LOG" BEGIN DELETE FROM "orders"');
});

test("strings in double quotes, missing tables and functions of an application do not stand in the way", () => {
  const objects = [
    raw("table", "t", 'CREATE TABLE t (s CHECK (s IN ("on", "t", "off")), u AS (s || "x"))'),
    raw("index", "i", 'CREATE INDEX i ON t (s) WHERE s = "on"', "t"),
    raw("view", "v", 'CREATE VIEW v AS SELECT mine(s), "on" AS o, s COLLATE yours FROM t WHERE s <> "o""ff"'),
    raw("trigger", "g", "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE far SET n = n + 1 WHERE k = new.s; END", "t"),
  ];
  expect(() => rename(objects, ["t", "T2"])).toThrow(/^table t can't be renamed: no such column: "t"/);
  const named = [raw("table", "t", 'CREATE TABLE t (s CHECK (s IN ("on", "off")), u AS (s || "x"))'), ...objects.slice(1)];
  expect(outcome(named, rename(named, ["t", "T2"]))).toEqual({
    T2: 'CREATE TABLE "T2" (s CHECK (s IN ("on", "off")), u AS (s || "x"))',
    "i on T2": 'CREATE INDEX i ON "T2" (s) WHERE s = "on"',
    v: 'CREATE VIEW v AS SELECT mine(s), "on" AS o, s COLLATE yours FROM "T2" WHERE s <> "o""ff"',
    "g on T2": 'CREATE TRIGGER g AFTER INSERT ON "T2" BEGIN UPDATE far SET n = n + 1 WHERE k = new.s; END',
  });
});

test("what SQLite can't work out is refused when it names the table, and left alone otherwise", () => {
  const objects = [
    ...stored(ORDERS.slice(0, 2)),
    raw("view", "broken", "CREATE VIEW broken AS SELECT absent FROM orders"),
    raw("view", "other", "CREATE VIEW other AS SELECT absent FROM customers"),
    raw("view", "loop", "CREATE VIEW loop AS SELECT * FROM loop, orders"),
  ];
  const result = outcome(objects, rename(objects, ["orders", "o2"]));
  expect(result["broken"]).toBe("refused: no such column: absent");
  expect(result["other"]).toBe("CREATE VIEW other AS SELECT absent FROM customers");
  expect(result["loop"]).toMatch(/^refused: .*circular/);
});

test("virtual tables take their shadow tables along", () => {
  const objects = stored([
    "CREATE VIRTUAL TABLE docs USING fts5(body)",
    "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1)",
    "CREATE TABLE t (a)",
    "CREATE VIRTUAL TABLE ext USING fts5(a, content = t)",
    "CREATE VIEW bodies AS SELECT body FROM docs",
    "CREATE VIEW found AS SELECT rowid FROM docs WHERE docs MATCH 'one'",
  ]);
  const result = rename(objects, ["docs", "papers"], ["boxes", "docs"], ["t", "u"]);
  const names = Object.keys(outcome(objects, result));
  expect(names).toEqual(
    expect.arrayContaining(["papers", "papers_data", "papers_config", "docs", "docs_node", "docs_parent", "ext_data"]),
  );
  expect(names).not.toContain("boxes_node");
  expect(outcome(objects, result)["bodies"]).toBe('CREATE VIEW bodies AS SELECT body FROM "papers"');
  // FTS5 calls a column by the name of its table: SQLite itself can't rename that.
  expect(outcome(objects, result)["found"]).toBe("refused: no such column: docs");
  expect(result.stale.map((i) => objects[i]?.name)).toEqual(["ext"]);
});

describe("a table can't be renamed", () => {
  test.each<[string, readonly RenameObject[], readonly [string, string][], RegExp]>([
    ["when the dump has the new name", stored(ORDERS), [["log", "BIG"]], /dump has view BIG as well/],
    ["to the name of an index", stored(ORDERS), [["log", "By_Customer"]], /dump has index/],
    [
      "when it is a shadow table",
      stored(["CREATE VIRTUAL TABLE d USING fts5(a)"]),
      [["d_data", "x"]],
      /part of the virtual table d/,
    ],
    [
      "to the name of a shadow table",
      stored(["CREATE VIRTUAL TABLE d USING fts5(a, content='')", "CREATE TABLE t (a)"]),
      [["t", "d_content"]],
      /keeps the name/,
    ],
    [
      "when its module is missing",
      [raw("table", "m", "CREATE VIRTUAL TABLE m USING nomodule(a)")],
      [["m", "x"]],
      /no such module/,
    ],
    ["when its definition is none", [raw("table", "m", "CREATE TABLE n (a)")], [["m", "x"]], /refuses its definition/],
  ])("%s", (_, objects, renames, message) => {
    expect(() => rename(objects, ...renames)).toThrow(message);
  });
});

test("a name that only objects which are not wanted have is free, but not for what names both", () => {
  const sql = [...ORDERS, "CREATE VIEW mixed AS SELECT o.id FROM orders o, log", "CREATE VIEW unwanted AS SELECT n FROM log"];
  const objects = stored(sql, ["log", "unwanted", "on_log"]);
  const result = outcome(objects, rename(objects, ["orders", "log"]));
  expect(result["log"]).toContain("CREATE TABLE");
  expect(result["mixed"]).toMatch(/^refused: .*something else/);
  expect(result["bigger"]).toBe('CREATE VIEW bigger AS SELECT "log".id FROM "log" JOIN big USING (id)');
});

test.each<TextEncoding>(["UTF-8", "UTF-16le", "UTF-16be"])("%s, in a process of its own", async (encoding) => {
  const encode = (text: string) => {
    if (encoding === "UTF-8") return Buffer.from(text);
    return encoding === "UTF-16le" ? Buffer.from(text, "utf16le") : Buffer.from(text, "utf16le").swap16();
  };
  const sql = (type: SchemaObject["type"], name: string, text: string) => ({ ...raw(type, name, ""), sql: encode(text) });
  const objects = [
    sql("table", "é", 'CREATE TABLE é (a CHECK (a <> "ß"))'),
    sql("view", "v", "CREATE VIEW v AS SELECT a FROM é"),
  ];
  const { changed } = await renameTablesApart({ encoding, objects, renames: [{ from: "é", to: "𝄞" }] });
  expect(changed.get(0)?.sql).toEqual(encode('CREATE TABLE "𝄞" (a CHECK (a <> "ß"))'));
  expect(changed.get(1)?.sql).toEqual(encode('CREATE VIEW v AS SELECT a FROM "𝄞"'));
  await expect(renameTablesApart({ encoding, objects, renames: [{ from: "é", to: "v" }] })).rejects.toThrow(/view v as well/);
});
