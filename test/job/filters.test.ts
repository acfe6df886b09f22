import Sqlite from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { compareDatabases } from "../judge/compare.ts";
import { codesOf, expectSuccess, reportOf, runInProcess, type JobReport, type JobRequest } from "./pump-jobs.ts";

const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, big INT);
  INSERT INTO customers VALUES (1, 'Ada', 9223372036854775807), (2, 'Ben', 'text'), (7, 'Cy', x'00');
  CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer REFERENCES customers, amount REAL);
  INSERT INTO orders VALUES (10, 1, 5), (11, 2, 6.5), (12, 7, 7);
  CREATE INDEX orders_customer ON orders (customer);
  CREATE INDEX customers_tmp ON customers (big);
  CREATE VIEW totals AS SELECT customer, sum(amount) AS total FROM orders GROUP BY customer;
  CREATE VIEW names AS SELECT name, big, 1 AS one, 'x' AS "odd ""name" FROM customers ORDER BY name DESC;
  CREATE TABLE audit (what);
  CREATE TRIGGER orders_audit AFTER INSERT ON orders BEGIN INSERT INTO audit VALUES (new.id); END;
  CREATE TRIGGER totals_insert INSTEAD OF INSERT ON totals BEGIN INSERT INTO audit VALUES ('view'); END;
  CREATE VIRTUAL TABLE docs USING fts5(body);
  INSERT INTO docs VALUES ('one two'), ('two three');
  ANALYZE;`;
const MANY = "CREATE TABLE emp (a); INSERT INTO emp VALUES (1); CREATE VIEW v AS SELECT * FROM emp";

let folder: string;
let target: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-filters-"));
  target = join(folder, "OTHER.db");
  execute(join(folder, "SHOP.db"), SHOP);
  execute(join(folder, "HR.db"), MANY);
  return () => {
    rmSync(folder, { recursive: true });
  };
});

beforeEach(() => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(target + suffix, { force: true });
});

function run(operation: "EXPORT" | "IMPORT", request: JobRequest): Promise<JobReport> {
  return reportOf(operation, folder, { reuse: true, ...request });
}

async function exported(filters: JobRequest["filters"], request: JobRequest = {}): Promise<JobReport> {
  return run("EXPORT", { mode: "SCHEMA", schemas: "= 'SHOP'", ...request, ...(filters === undefined ? {} : { filters }) });
}

/** Into OTHER. */
async function imported(filters: JobRequest["filters"] = [], request: JobRequest = {}): Promise<JobReport> {
  return run("IMPORT", { mode: "FULL", remap: [["SHOP", "OTHER"]], filters, ...request });
}

function rows(sql: string, path = target): unknown[] {
  const database = new Sqlite(path, { readonly: true });
  const found = database.prepare(sql).raw().safeIntegers().all();
  database.close();
  return found.map((row) => (row as unknown[]).map(String).join("|"));
}

function objects(path = target): unknown[] {
  const own = "sql IS NOT NULL AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'docs_%'";
  return rows(`SELECT type || ' ' || name FROM sqlite_schema WHERE ${own} ORDER BY 1`, path);
}

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}

test("a table that is left out takes its dependents along; views and triggers that name it stay and are reported, as are keys to it", async () => {
  expectSuccess(await exported([["NAME_EXPR", "NOT (IN ('CUSTOMERS','audit'))", "TABLE"]]));
  const report = await imported();
  expect(report.errors).toEqual([
    expect.stringMatching(
      /^ORA-39082: Object type VIEW:"OTHER"\."names" created with compilation warnings\n.*no such table: main\.customers/,
    ),
    expect.stringMatching(/^ORA-39082: Object type TRIGGER:"OTHER"\."orders_audit" [^]*no such table: main\.audit/),
    expect.stringMatching(/^ORA-39082: Object type TRIGGER:"OTHER"\."totals_insert" [^]*no such table: main\.audit/),
    expect.stringMatching(/^ORA-02298: [^]*orders[^]*3 row/),
  ]);
  expect(objects()).toEqual([
    ...["index orders_customer", "table docs", "table orders"],
    ...["trigger orders_audit", "trigger totals_insert", "view names", "view totals"],
  ]);
  expect(rows("SELECT name FROM sqlite_sequence")).toEqual(["orders"]);
  expect(rows("SELECT DISTINCT tbl FROM sqlite_stat1 ORDER BY 1")).toEqual([
    "docs_config",
    "docs_content",
    "docs_data",
    "docs_docsize",
    "docs_idx",
    "orders",
  ]);
  expect(rows("SELECT body FROM docs WHERE docs MATCH 'three'")).toEqual(["two three"]);
});

test("an import leaves out of a whole dump what an export would", async () => {
  expectSuccess(await exported([]));
  expectSuccess(
    await imported([
      ["INCLUDE_PATH_EXPR", "IN ('TABLE')"],
      ["EXCLUDE_PATH_EXPR", "IN ('TRIGGER','STATISTICS')"],
      ["NAME_EXPR", "NOT (LIKE '%!_tmp' ESCAPE '!')", "INDEX"],
      ["NAME_EXPR", "NOT (= 'docs')", "TABLE"],
    ]),
  );
  expect(objects()).toEqual(["index orders_customer", "table audit", "table customers", "table orders"]);
  expect(rows("SELECT name FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'")).toEqual([]);
});

test("what is not left out is the same, to the rows of the statistics", async () => {
  expectSuccess(await exported([["EXCLUDE_PATH_EXPR", "IN ('TABLE/TRIGGER')"]]));
  expectSuccess(await imported());
  const differences = compareDatabases(join(folder, "SHOP.db"), target);
  expect(differences).toHaveLength(1);
  expect(JSON.stringify(differences)).toContain("orders_audit");
});

test("rows of single tables stay behind, those of a full-text index whole, and nothing of theirs is emptied", async () => {
  const report = await exported([["NAME_EXPR", "NOT (IN ('docs','orders'))", "TABLE_DATA"]]);
  expectSuccess(report);
  expect(report.lines.filter((line) => line.startsWith(". . exported")).map((line) => line.split('"')[3])).toEqual([
    "audit",
    "customers",
  ]);
  expectSuccess(await imported());
  expect(rows("SELECT count(*) FROM orders UNION ALL SELECT count(*) FROM customers")).toEqual(["0", "3"]);
  execute(target, "INSERT INTO docs VALUES ('new'); INSERT INTO orders VALUES (1, 1, 1)");
  expect(rows("SELECT body FROM docs WHERE docs MATCH 'new'")).toEqual(["new"]);
  expect(rows("PRAGMA integrity_check")).toEqual(["ok"]);
  const again = await imported([], { parameters: { TABLE_EXISTS_ACTION: "TRUNCATE" } });
  expect(again.lines.join("\n")).toMatch(/table "OTHER"\."orders" exists and stays as it is/);
  expect(rows("SELECT count(*) FROM orders UNION ALL SELECT count(*) FROM customers")).toEqual(["1", "3"]);
});

test("indexes and triggers alone come to the tables that the target has, and to no others", async () => {
  expectSuccess(await exported([["INCLUDE_PATH_EXPR", "IN ('INDEX','TRIGGER')"]]));
  execute(target, "CREATE TABLE orders (id, customer); CREATE TABLE audit (what); INSERT INTO orders VALUES (1, 2)");
  const report = await imported();
  expect(report.errors).toEqual([
    expect.stringMatching(
      /^ORA-39083: Object type INDEX:"OTHER"\."customers_tmp" failed to create[^]*no such table: main\.customers/,
    ),
    expect.stringMatching(/^ORA-39083: Object type TRIGGER:"OTHER"\."totals_insert"[^]*no such table: main\.totals/),
  ]);
  expect(objects()).toEqual(["index orders_customer", "table audit", "table orders", "trigger orders_audit"]);
  expect(rows("SELECT customer FROM orders INDEXED BY orders_customer WHERE customer = 2")).toEqual(["2"]);
  // Out of a dump with the tables, too.
  expectSuccess(await exported([]));
  execute(target, "DROP INDEX orders_customer");
  expectSuccess(
    await imported([
      ["INCLUDE_PATH_EXPR", "IN ('INDEX')"],
      ["NAME_EXPR", "LIKE 'o%'", "INDEX"],
    ]),
  );
  expect(objects()).toContain("index orders_customer");
});

test("TABLE_DATA alone is rows without definitions", async () => {
  expectSuccess(
    await exported([
      ["INCLUDE_PATH_EXPR", "IN ('TABLE_DATA')"],
      ["NAME_EXPR", "= 'orders'", "TABLE"],
    ]),
  );
  execute(target, "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer, amount)");
  expectSuccess(await imported([["INCLUDE_PATH_EXPR", "IN ('TABLE_DATA')"]]));
  expect(rows("SELECT * FROM orders")).toEqual(["10|1|5", "11|2|6.5", "12|7|7"]);
});

test("statistics of indexes that are left out stay behind with them, at either side", async () => {
  const idx = "SELECT idx FROM sqlite_stat1 WHERE tbl IN ('orders', 'customers') ORDER BY idx";
  const without = [["NAME_EXPR", "NOT (= 'customers_tmp')", "INDEX"]] as const;
  for (const [there, here] of [
    [without, []],
    [[], without],
  ] as const) {
    rmSync(target, { force: true });
    expectSuccess(await exported(there));
    expectSuccess(await imported(here));
    expect(rows(idx)).toEqual(["orders_customer", "sqlite_autoindex_customers_1"]);
  }
});

test("a tablespace is the tables of a file with what depends on them", async () => {
  const report = await run("EXPORT", { mode: "TABLESPACE", filters: [["TABLESPACE_EXPR", "IN ('shop')"]] });
  expectSuccess(report);
  expect(report.lines).toContain("Processing object type TABLE_EXPORT/TABLE/INDEX/INDEX");
  expectSuccess(await imported([["TABLESPACE_LIST", "'SHOP'"]], { mode: "TABLESPACE" }));
  expect(objects()).toEqual([
    ...["index customers_tmp", "index orders_customer"],
    ...["table audit", "table customers", "table docs", "table orders", "trigger orders_audit"],
  ]);
});

test("views become tables with the columns, the order and the values of the view", async () => {
  const filters = [
    ["VIEWS_AS_TABLES", "SHOP.names,HR.v"],
    ["EXCLUDE_TABLES", "YES"],
  ] as const;
  const report = await run("EXPORT", { mode: "TABLE", filters });
  expectSuccess(report);
  expect(report.lines.filter((line) => line.startsWith("Processing"))).toEqual([
    "Processing object type TABLE_EXPORT/VIEWS_AS_TABLES/TABLE_DATA",
    "Processing object type TABLE_EXPORT/VIEWS_AS_TABLES/TABLE",
  ]);
  const wanted = [["VIEWS_AS_TABLES", "SHOP.names,SHOP.totals"]] as const;
  const result = await imported(wanted, { mode: "TABLE", parameters: { METRICS: 1 } });
  expect(
    result.lines.flatMap((line) => /(?:Processing.*|Completed.*objects|\. imported "\w+"."\w+")/.exec(line)?.[0] ?? []),
  ).toEqual([
    "Processing object type TABLE_EXPORT/VIEWS_AS_TABLES/TABLE",
    "Completed 1 TABLE objects",
    "Processing object type TABLE_EXPORT/VIEWS_AS_TABLES/TABLE_DATA",
    '. imported "OTHER"."names"',
    "Completed 1 TABLE_EXPORT/TABLE/TABLE_DATA objects",
  ]);
  expect(result.errors).toEqual([expect.stringMatching(/^ORA-39166: Object SHOP\.totals was not found/)]);
  expect(objects()).toEqual(["table names"]);
  const values = `SELECT rowid, *, typeof(big) FROM names ORDER BY rowid`;
  expect(rows(values)).toEqual([
    `1|Cy|${Buffer.from([0]).toString()}|1|x|blob`,
    "2|Ben|text|1|x|text",
    "3|Ada|9223372036854775807|1|x|integer",
  ]);
  expect(rows(`SELECT name, type FROM pragma_table_info('names')`)).toEqual(["name|TEXT", "big|INT", "one|", 'odd "name|']);
});

test("a view of several pieces keeps all its rows in order; also one that is another each time", async () => {
  const path = join(folder, "LARGE.db");
  execute(
    path,
    `CREATE TABLE t (a INTEGER PRIMARY KEY, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
       INSERT INTO t SELECT i, i % 7 FROM n;
     CREATE VIEW v AS SELECT a, b FROM t ORDER BY b, a DESC; CREATE VIEW r AS SELECT * FROM v ORDER BY random();
     CREATE VIEW few AS SELECT * FROM r LIMIT 5`,
  );
  const filters = [
    ["VIEWS_AS_TABLES", "LARGE.v,LARGE.r,LARGE.few"],
    ["EXCLUDE_TABLES", "Y"],
  ] as const;
  const report = await run("EXPORT", { mode: "TABLE", filters });
  expectSuccess(report);
  await run("IMPORT", { mode: "FULL", remap: [["LARGE", "OTHER"]] });
  const counts = "(SELECT count(*) FROM v), (SELECT count(DISTINCT a) FROM r), max(rowid)";
  expect(rows(`SELECT ${counts}, (SELECT count(*) FROM few), sum(a <= rowid) < 20000 FROM r`)).toEqual(["25000|25000|25000|5|1"]);
  const wrong = `SELECT count(*) FROM v JOIN (SELECT *, row_number() OVER (ORDER BY b, a DESC) AS n FROM s.v) x ON x.n = v.rowid
     WHERE (v.a, v.b) IS NOT (x.a, x.b)`;
  const database = new Sqlite(target);
  database.prepare("ATTACH ? AS s").run(path);
  expect(database.prepare(wrong).pluck().get()).toBe(0);
  database.close();
  rmSync(path);
});

test.each<[JobRequest, readonly string[]]>([
  [
    {
      filters: [
        ["NAME_EXPR", "LIKE 'zz%'", "TABLE"],
        ["INCLUDE_PATH_EXPR", "IN ('TABLE')"],
      ],
    },
    ["ORA-39002", "ORA-31655"],
  ],
  [
    {
      filters: [
        ["NAME_LIST", "'zz'", "TABLE"],
        ["INCLUDE_PATH_EXPR", "IN ('TABLE')"],
      ],
    },
    ["ORA-39002", "ORA-39166", "ORA-31655"],
  ],
  [{ schemas: "= 'HR'", filters: [["INCLUDE_PATH_EXPR", "IN ('TRIGGER')"]] }, ["ORA-39002", "ORA-39168", "ORA-31655"]],
  [{ mode: "TABLESPACE", filters: [["TABLESPACE_EXPR", "= 'XX'"]] }, ["ORA-39002", "ORA-00959", "ORA-31655"]],
  [
    {
      mode: "TABLE",
      filters: [
        ["VIEWS_AS_TABLES", "SHOP.zz"],
        ["EXCLUDE_TABLES", "Y"],
      ],
    },
    ["ORA-39002", "ORA-39166", "ORA-31655"],
  ],
])("what takes nothing is refused: %j", async (request, codes) => {
  const failure = await runInProcess("EXPORT", folder, { mode: "SCHEMA", schemas: "= 'SHOP'", ...request, reuse: true });
  expect(failure instanceof PumpError ? codesOf(failure) : failure).toEqual(codes);
});
