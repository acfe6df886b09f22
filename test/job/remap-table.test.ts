import Sqlite from "better-sqlite3";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { compareDatabases } from "../judge/compare.ts";
import { codesOf, expectSuccess, reportOf, runExport, runInProcess, type JobReport, type JobRequest } from "./pump-jobs.ts";
import { PumpError } from "../../src/base/errors.ts";
import { restart, runToFailpoint } from "./restarts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL);
  INSERT INTO customers VALUES (1, 'Ada'), (2, 'Ben'), (7, 'Cy');
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer REFERENCES customers, amount REAL CHECK (amount > 0));
  INSERT INTO orders VALUES (10, 1, 5), (11, 2, 6.5), (12, 7, 7);
  CREATE INDEX orders_customer ON orders (customer);
  CREATE TABLE tags (k TEXT COLLATE NOCASE, v UNIQUE, PRIMARY KEY (k)) WITHOUT ROWID;
  INSERT INTO tags VALUES ('Red', 1), ('green', 2);
  CREATE VIEW totals AS SELECT customer, sum(amount) AS total FROM orders GROUP BY customer;
  CREATE TABLE audit (what);
  CREATE TRIGGER orders_audit AFTER INSERT ON orders BEGIN INSERT INTO audit SELECT id FROM customers; END;
  CREATE VIRTUAL TABLE docs USING fts5(body);
  INSERT INTO docs VALUES ('one two'), ('two three');
  ANALYZE;`;

let original: string;
let folder: string;

beforeAll(async () => {
  original = mkdtempSync(join(tmpdir(), "tsdp-remap-"));
  execute(join(original, "SHOP.db"), SHOP);
  expectSuccess(await runExport(original, { schemas: "IN ('SHOP')" }));
  return () => {
    rmSync(original, { recursive: true });
  };
});

beforeEach(() => {
  folder = temporaryFolder();
  for (const file of ["SHOP.db", "test.dmp"]) copyFileSync(join(original, file), join(folder, file));
});

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}

function rows(schema: string, sql: string): unknown[] {
  const database = new Sqlite(join(folder, `${schema}.db`), { readonly: true });
  const found = database.prepare(sql).raw().all();
  database.close();
  return found;
}

function remapped(request: JobRequest): Promise<JobReport> {
  return reportOf("IMPORT", folder, request);
}

test("a new schema is what SQLite's own renaming would have made of the old one", async () => {
  const report = await remapped({
    remap: [["SHOP", "OTHER"]],
    tableRemaps: [
      ["SHOP.ORDERS", "customers"],
      ["customers", '"or""ders"'],
      ["tags", "TAGS"],
      ["docs", "papers"],
    ],
  });
  expectSuccess(report);
  expect(report.lines.join("\n")).toContain('. . imported "OTHER"."or""ders"');
  execute(
    join(folder, "SHOP.db"),
    `ALTER TABLE orders RENAME TO o; ALTER TABLE customers RENAME TO "or""ders"; ALTER TABLE o RENAME TO customers;
     ALTER TABLE tags RENAME TO t; ALTER TABLE t RENAME TO TAGS; ALTER TABLE docs RENAME TO papers; ANALYZE`,
  );
  for (const sql of [
    "SELECT * FROM sqlite_stat1 ORDER BY tbl, idx",
    "SELECT tbl, idx, neq, sample FROM sqlite_stat4 ORDER BY 1, 2, 4",
  ])
    expect(rows("OTHER", sql)).toEqual(rows("SHOP", sql));
  // The statistics are in the order of the old names.
  execute(join(folder, "OTHER.db"), "ANALYZE");
  expect(compareDatabases(join(folder, "SHOP.db"), join(folder, "OTHER.db"))).toEqual([]);
  expect(rows("OTHER", "SELECT rowid FROM papers('three')")).toEqual([[2]]);
});

test("one table comes back beside the one that there is, less the names that are taken", async () => {
  execute(join(folder, "SHOP.db"), "UPDATE orders SET amount = 1; UPDATE sqlite_sequence SET seq = 100");
  const report = await remapped({
    tables: "orders,customers",
    tableRemaps: [
      ["ORDERS", "orders_old"],
      ["customers", "c_old"],
      ["nothing", "x"],
    ],
  });
  expect(report.errors.map((error) => error.split("\n")[0])).toEqual([
    "ORA-39166: Object nothing was not found or could not be exported or imported.",
    'ORA-31684: Object type INDEX:"SHOP"."orders_customer" already exists',
    'ORA-31684: Object type TRIGGER:"SHOP"."orders_audit" already exists',
  ]);
  expect(rows("SHOP", "SELECT amount FROM orders_old")).toEqual([[5], [6.5], [7]]);
  expect(rows("SHOP", "SELECT amount FROM orders")).toEqual([[1], [1], [1]]);
  expect(rows("SHOP", "SELECT name, seq FROM sqlite_sequence ORDER BY 1")).toEqual([
    ["c_old", 7],
    ["customers", 100],
  ]);
  expect(rows("SHOP", "SELECT \"table\" FROM pragma_foreign_key_list('orders_old')")).toEqual([["c_old"]]);
  expect(rows("SHOP", "SELECT tbl, idx FROM sqlite_stat1 WHERE tbl = 'c_old'")).toEqual([["c_old", "sqlite_autoindex_c_old_1"]]);
});

test("what exists is judged by the new name: a table, a view, and the rows alone", async () => {
  execute(join(folder, "SHOP.db"), "CREATE TABLE o2 (id INTEGER PRIMARY KEY, amount, customer); CREATE VIEW v2 AS SELECT 1");
  const onto = (to: string, more: Partial<JobRequest>) => remapped({ tables: "orders", tableRemaps: [["orders", to]], ...more });
  expectSuccess(await onto("O2", { parameters: { INCLUDE_METADATA: 0 } }));
  expect(rows("SHOP", "SELECT id, amount FROM o2")).toEqual([
    [10, 5],
    [11, 6.5],
    [12, 7],
  ]);
  expect((await onto("o2", {})).errors).toEqual([expect.stringMatching(/^ORA-39151: Table "SHOP"\."o2" exists/)]);
  expect((await onto("v2", {})).errors[0]).toMatch(/^ORA-31684: Object type VIEW:"SHOP"\."v2" already exists/);
  expect(rows("SHOP", "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'tsdp%'")).toEqual([[0]]);
});

test.each<[string, NonNullable<JobRequest["tableRemaps"]>, RegExp]>([
  [
    "two tables of one name",
    [
      ["orders", "x"],
      ["tags", "X"],
    ],
    /two tables of the dump would be called X/,
  ],
  ["a name that the dump has", [["orders", "totals"]], /dump has view totals as well/],
  [
    "one table twice",
    [
      ["orders", "x"],
      ["SHOP.orders", "y"],
    ],
    /remapped twice/,
  ],
])("%s: the job does not start", async (_, tableRemaps, message) => {
  const failure = await runInProcess("IMPORT", folder, { remap: [["SHOP", "OTHER"]], tableRemaps });
  expect(failure).toBeInstanceOf(PumpError);
  expect(codesOf(failure as PumpError)).toEqual(["ORA-39002", "TSDP-00010"]);
  expect((failure as PumpError).message).toMatch(message);
});

test("of a table that stays as it is, a trigger that can't follow is not spoken of", async () => {
  const source = temporaryFolder();
  execute(
    join(source, "SHOP.db"),
    "CREATE TABLE t (a); CREATE TABLE log (a); CREATE TRIGGER late AFTER INSERT ON t BEGIN INSERT INTO log SELECT nix FROM t; END",
  );
  expectSuccess(await reportOf("EXPORT", source, { schemas: "= 'SHOP'" }));
  const into = async (parameters: Record<string, string>) => {
    const { errors } = await reportOf("IMPORT", source, {
      mode: "FULL",
      tableRemaps: [["t", "t2"]],
      remap: [["SHOP", "OTHER"]],
      parameters,
    });
    return errors.map((error) => error.slice(0, 9));
  };
  expect(await into({})).toEqual(["ORA-39083"]);
  expect(await into({ TABLE_EXISTS_ACTION: "APPEND" })).toEqual([]);
});

test("a masked import under another name goes on after a kill, without an original", async () => {
  const request = {
    remap: [["SHOP", "OTHER"]],
    tableRemaps: [["customers", "people"]],
    remapData: [["customers", "name", "MASK.PARTIAL(1,0)"]],
    filters: [["NAME_EXPR", "NOT (= 'docs')", "TABLE"]],
  } as const;
  await runToFailpoint("IMPORT", folder, request, "import piece loaded:2");
  await restart(folder);
  expect(rows("OTHER", "SELECT id, name FROM people ORDER BY id")).toEqual([
    [1, "A**"],
    [2, "B**"],
    [7, "C*"],
  ]);
  expect(rows("OTHER", "SELECT count(*) FROM orders JOIN people ON people.id = customer")).toEqual([[3]]);
  expect(rows("OTHER", "SELECT name FROM sqlite_schema WHERE name LIKE 'tsdp:%'")).toEqual([]);
});
