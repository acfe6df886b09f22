import Sqlite from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { verifyDump } from "../../src/api/verify.ts";
import { PumpError } from "../../src/base/errors.ts";
import { codesOf, expectSuccess, reportOf, runInProcess, type JobReport, type JobRequest } from "./pump-jobs.ts";

const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, born TEXT);
  INSERT INTO customers VALUES (1, 'Ada', '1970-01-01'), (2, 'Ben', '2000-01-01'), (7, 'cy', '2010-01-01');
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer REFERENCES customers, amount REAL);
  INSERT INTO orders VALUES (10, 1, 5), (11, 2, 6.5), (12, 7, 7), (13, 1, 8);
  CREATE TABLE lines (a REFERENCES orders, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
  INSERT INTO lines VALUES (10, 1), (10, 2), (11, 1), (12, 1), (13, 'x');
  CREATE TABLE odd (rowid, _rowid_, oid);
  INSERT INTO odd VALUES (1, 'c', 1), (2, 'a', 0), (3, 'b', 1), (4, 'd', 1);
  CREATE VIEW names AS SELECT id, name FROM customers;
  CREATE TABLE whole (a);
  INSERT INTO whole VALUES (1), (2);
  CREATE VIRTUAL TABLE docs USING fts5(body);
  INSERT INTO docs VALUES ('one two'), ('two three');`;

let folder: string;
let target: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-rows-"));
  target = join(folder, "OTHER.db");
  const database = new Sqlite(join(folder, "SHOP.db"));
  database.exec(SHOP);
  database.close();
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

async function exported(dataFilters: JobRequest["dataFilters"], request: JobRequest = {}): Promise<JobReport> {
  return run("EXPORT", { schemas: "= 'SHOP'", ...request, ...(dataFilters === undefined ? {} : { dataFilters }) });
}

async function imported(request: JobRequest = {}): Promise<JobReport> {
  return run("IMPORT", { mode: "FULL", remap: [["SHOP", "OTHER"]], ...request });
}

function rows(sql: string): unknown[] {
  const database = new Sqlite(target, { readonly: true });
  const found = database.prepare(sql).raw().all();
  database.close();
  return found.map((row) => (row as unknown[]).map(String).join("|"));
}

test("a query chooses rows of its table, or of all that have none of their own", async () => {
  const report = await exported([
    ["SUBQUERY", "WHERE name = 'CY' OR KU$.born < '1980' ORDER BY name DESC", "CUSTOMERS", "SHOP"],
    ["SUBQUERY", "WHERE 0", "customers"],
    ["SUBQUERY", "WHERE customer IN (SELECT id FROM names WHERE id <> 2) -- theirs", "orders"],
    ["SUBQUERY", "WHERE b = 1 AND a <> 11", "LINES"],
    ["SUBQUERY", "WHERE oid = 1 ORDER BY _rowid_", "odd"],
    ["SUBQUERY", "WHERE 1 ORDER BY 1"],
  ]);
  expect(report.errors).toEqual([expect.stringContaining("numbered anew")]);
  expect(report.lines).toContainEqual(expect.stringMatching(/exported "SHOP"\."orders" .* 3 rows$/));
  expect(report.lines).toContainEqual(expect.stringMatching(/exported "SHOP"\."whole" .* 2 rows$/));
  expect((await imported()).errors).toEqual([]);
  expect(rows("SELECT * FROM customers")).toEqual(["1|Ada|1970-01-01", "7|cy|2010-01-01"]);
  expect(rows("SELECT id FROM orders")).toEqual(["10", "12", "13"]);
  expect(rows("SELECT * FROM lines")).toEqual(["10|1", "12|1"]);
  expect(rows("SELECT oid || _rowid_ FROM odd")).toEqual(["1b", "1c", "1d"]);
  expect(rows("SELECT rowid FROM docs('two')")).toEqual(["1", "2"]);
});

test("a sample takes the same rows under the same seed, of those that a query lets through", async () => {
  const sample = [
    ["SAMPLE", 50],
    ["SUBQUERY", "WHERE id <> 10", "orders"],
    ["SAMPLE", 99.9, "whole"],
  ] as const;
  const first = await exported(sample, { parameters: { SAMPLE_SEED: "4" } });
  expect(first.lines).toContain("Rows are sampled with seed 4");
  const counts = first.lines.filter((line) => / exported /.test(line));
  expect(counts).toContainEqual(expect.stringMatching(/"orders" .* [123] rows$/));
  expect(counts).toContainEqual(expect.stringMatching(/"whole" .* 2 rows$/));
  expect(counts).toContainEqual(expect.stringMatching(/"docs_docsize" .* 2 rows$/));
  const second = await exported([...sample], { parameters: { SAMPLE_SEED: "4" }, parallel: 2 });
  expect(second.lines.filter((line) => / exported /.test(line)).sort()).toEqual(counts.sort());
});

test("a subset has no orphans, and fewer rows than a query by itself", async () => {
  const query = [["SUBQUERY", "WHERE amount < 6", "orders"]] as const;
  const report = await exported([...query], { parameters: { SUBSET: 1 }, parallel: 2 });
  expect(report.lines).toContain("Rows come with the rows that they refer to by foreign keys");
  expect((await imported()).errors).toEqual([]);
  expect(rows("SELECT id FROM orders")).toEqual(["10"]);
  expect(rows("SELECT id FROM customers")).toEqual(["1"]);
  expect(rows("SELECT * FROM lines")).toEqual(["10|1", "10|2"]);
  expect(rows("SELECT * FROM whole")).toEqual(["1", "2"]);
});

test("a view with a query, and a comparison that says that rows were left out", async () => {
  const filters = [["VIEWS_AS_TABLES", "SHOP.names"]] as const;
  const query = ["SUBQUERY", "WHERE ku$.id > 1 ORDER BY id DESC", "names"] as const;
  expectSuccess(await exported([query], { mode: "TABLE", tables: "SHOP.whole", filters }));
  expectSuccess(await imported());
  expect(rows("SELECT rowid, name FROM names")).toEqual(["1|cy", "2|Ben"]);
  expect(rows("SELECT count(*) FROM whole")).toEqual(["2"]);

  expectSuccess(await exported([["SUBQUERY", "WHERE id = 10", "orders"]], { mode: "TABLE", tables: "SHOP.orders,SHOP.whole" }));
  const against = { database: folder, schemas: null, remapSchemas: [] };
  const { comparisons } = await verifyDump([join(folder, "test.dmp")], {}, against);
  const different = { name: "orders", is: "notCompared", reason: "the export has taken only some of its rows" };
  expect(comparisons?.[0]).toMatchObject({ same: 1, differences: [different] });
});

test.each<[JobRequest, string, RegExp]>([
  [{ dataFilters: [["SUBQUERY", "WHERE 1", "docs"]] }, "ORA-39034", /docs/],
  [{ dataFilters: [["SUBQUERY", "WHERE 1", "orders", "HR"]] }, "ORA-39034", /"HR"\."orders"/],
  [{ dataFilters: [["SUBQUERY", "WHERE 1", "orders"]], filters: [["NAME_EXPR", "= 'WHOLE'", "TABLE"]] }, "ORA-39034", /orders/],
  [{ dataFilters: [["SUBQUERY", "WHERE id = 1"]] }, "ORA-39071", /no such column: id/],
  [{ dataFilters: [["SUBQUERY", "WHERE id = abs(random())", "orders"]] }, "ORA-39071", /random\(\) gives/],
])("the export %j does not start: %s", async (request, code, text) => {
  const report = await runInProcess("EXPORT", folder, { schemas: "= 'SHOP'", reuse: true, ...request });
  if (!(report instanceof PumpError)) throw new Error(report.state);
  expect(codesOf(report)).toContain(code);
  expect(report.message).toMatch(text);
});

test("a dry run counts the rows of a query", async () => {
  const pump = await connect(folder, { dryRun: true, currentDirectory: folder });
  const handle = await pump.open("EXPORT", "SCHEMA");
  await pump.metadataFilter(handle, "SCHEMA_EXPR", "= 'SHOP'");
  await pump.addFile(handle, "dry.dmp", "DATA_PUMP_DIR");
  await pump.dataFilter(handle, "SUBQUERY", "WHERE amount > 6", "orders");
  const { taken } = await pump.dryRun(handle);
  expect(taken.find(({ name }) => name === "orders")).toMatchObject({ rows: 3 });
  expect(taken.find(({ name }) => name === "customers")).toMatchObject({ rows: 3 });
  await pump.close();
});

test("INCLUDE_ROWS of a table goes before that of all, on export and import", async () => {
  const left = ["ORDERS", "lines", "odd"].map((table) => ["INCLUDE_ROWS", 0, table, "SHOP"] as const);
  expectSuccess(await exported(left));
  expectSuccess(await imported({ dataFilters: [["INCLUDE_ROWS", 0, "docs"]] }));
  const counts =
    "(SELECT count(*) FROM orders), (SELECT count(*) FROM customers), (SELECT count(*) FROM docs WHERE docs MATCH 'two')";
  expect(rows(`SELECT ${counts}`)).toEqual(["0|3|0"]);
  rmSync(target);
  const only = { dataFilters: [["INCLUDE_ROWS", 0] as const, ["INCLUDE_ROWS", 1, "whole"] as const] };
  expectSuccess(await imported(only));
  expect(rows(`SELECT ${counts}, (SELECT count(*) FROM whole), (SELECT count(*) FROM lines)`)).toEqual(["0|0|0|2|0"]);
  const failure = await runInProcess("IMPORT", folder, { mode: "FULL", dataFilters: [["INCLUDE_ROWS", 0, "nowhere"]] });
  expect(codesOf(failure as PumpError)).toEqual(["ORA-39001", "ORA-39034"]);
});
