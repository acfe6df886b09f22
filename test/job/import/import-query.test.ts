import Sqlite from "better-sqlite3";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/api/data-pump.ts";
import { PumpError } from "../../../src/base/errors.ts";
import { expectSuccess, runExport, runImport, runInProcess, type JobRequest } from "../pump-jobs.ts";
import { logLines, restart, runToFailpoints } from "../restarts.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** `big` has pieces enough for a process to die between them. */
const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, dept TEXT, born AS (2000 - id), raw);
  INSERT INTO customers (id, name, dept, raw) VALUES (1, 'Ada', '10', CAST(x'C3' AS TEXT)), (2, 'BEN', '20', -0.0), (3, 'cy', '10', 'c');
  CREATE TABLE lines (a INT, b TEXT, PRIMARY KEY (b DESC, a)) WITHOUT ROWID;
  INSERT INTO lines VALUES (1, 'x'), (2, 'x'), (2, 'y');
  CREATE TABLE odd (rowid, _rowid_, oid);
  INSERT INTO odd VALUES (1, 'c', 1), (2, 'a', 0), (3, 'b', 1);
  CREATE TABLE big (id INTEGER PRIMARY KEY, v TEXT);
  INSERT INTO big SELECT value, printf('%02000d', value) FROM (WITH n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 6000) SELECT value FROM n);
  CREATE INDEX big_v ON big (substr(v, -3));
  CREATE VIEW names AS SELECT name FROM customers;`;

const QUERIES = [
  // Only under the types and collations of the table: dept is text, and names compare without case.
  ["SUBQUERY", "WHERE dept = 10 OR KU$.name = 'ben' AND born = 1998", "customers"],
  ["SUBQUERY", "WHERE a > 1 ORDER BY b", "LINES", "SHOP"],
  ["SUBQUERY", "WHERE oid = 1", "odd"],
  ["SUBQUERY", "WHERE id % 10 = 0", "big"],
] as const;
const REQUEST: JobRequest = { remap: [["SHOP", "OTHER"]], dataFilters: QUERIES, logFile: "job.log" };

let original: string;

beforeAll(async () => {
  original = mkdtempSync(join(tmpdir(), "tsdp-import-query-"));
  execute(join(original, "SHOP.db"), SHOP);
  // One error tells that the rowids of `odd` are not kept.
  expect((await runExport(original, { schemas: "IN ('SHOP')" })).errorCount).toBe(1);
  return () => {
    rmSync(original, { recursive: true });
  };
});

function folderWithDump(): string {
  const folder = temporaryFolder();
  for (const file of ["SHOP.db", "test.dmp"]) copyFileSync(join(original, file), join(folder, file));
  return folder;
}

function execute(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}

function rows(path: string, sql: string): string[] {
  const database = new Sqlite(path, { readonly: true });
  const found = database.prepare(sql).raw().all();
  database.close();
  return found.map((row) => JSON.stringify(row));
}

function expectChosen(folder: string): void {
  const [shop, other] = [join(folder, "SHOP.db"), join(folder, "OTHER.db")];
  const customers = "SELECT id, name, dept, hex(raw), quote(raw) FROM customers";
  expect(rows(other, customers)).toEqual(rows(shop, customers));
  expect(rows(other, "SELECT * FROM lines ORDER BY b")).toEqual(['[2,"x"]', '[2,"y"]']);
  expect(rows(other, "SELECT _rowid_ FROM odd")).toEqual(['["c"]', '["b"]']);
  const big = "SELECT count(*), min(id), max(id), total(id) FROM big";
  expect(rows(other, big)).toEqual(rows(shop, `${big} WHERE id % 10 = 0`));
  expect(rows(other, "SELECT name FROM sqlite_schema ORDER BY 1")).toEqual(
    rows(shop, "SELECT name FROM sqlite_schema ORDER BY 1"),
  );
  expect(rows(other, "PRAGMA integrity_check")).toEqual(['["ok"]']);
  expect(readdirSync(folder).filter((name) => name.includes("piece"))).toEqual([]);
}

test("an import takes the rows of a query, compared by the types of the table", async () => {
  const folder = folderWithDump();
  const report = await runImport(folder, REQUEST);
  expectSuccess(report);
  expectChosen(folder);
  expect(report.lines).toContainEqual(expect.stringMatching(/imported "OTHER"\."big" .* 600 rows$/));
});

test("rows are chosen once each when the process dies in between", async () => {
  const folder = folderWithDump();
  await runToFailpoints("IMPORT", folder, REQUEST, ["import piece before commit:4", "import piece loaded:1"]);
  expect((await restart(folder)).errorCount).toBe(0);
  expectChosen(folder);
  expect(logLines(folder).filter((line) => / imported "OTHER"\."big" .* 600 rows$/.test(line))).toHaveLength(1);
});

test("chosen rows are added to a table that exists, and what it refuses is kept", async () => {
  const folder = folderWithDump();
  execute(
    join(folder, "OTHER.db"),
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name, dept INT, raw NOT NULL, CHECK (id <> 3))",
  );
  const report = await runImport(folder, {
    ...REQUEST,
    tables: "SHOP.customers",
    dataFilters: [["SUBQUERY", "WHERE dept = 10", "customers"]],
    parameters: { TABLE_EXISTS_ACTION: "APPEND", DATA_OPTIONS: 1 },
  });
  expect(report.errorCount).toBe(1);
  expect(rows(join(folder, "OTHER.db"), "SELECT id, name, dept FROM customers")).toEqual(['[1,"Ada",10]']);
  expect(rows(join(folder, "job.OTHER.bad"), "SELECT id, name, dept FROM customers")).toEqual(['[3,"cy","10"]']);
});

test.each([
  [
    ["SUBQUERY", "WHERE id IN (SELECT a FROM lines)", "customers"],
    "ORA-39071",
    "it reads a table: an import of a dump looks at each row by itself",
  ],
  [["SUBQUERY", "WHERE nix = 1", "customers"], "ORA-39071", "no such column: nix"],
  [["SUBQUERY", "WHERE 1", "nowhere"], "ORA-39034", "nowhere"],
  [["SUBQUERY", "WHERE 1", "customers", "OTHER"], "ORA-39034", "OTHER"],
] as const)("an import with %j does not start", async (filter, code, words) => {
  const failure = await runInProcess("IMPORT", folderWithDump(), { ...REQUEST, mode: "FULL", dataFilters: [filter] });
  if (!(failure instanceof PumpError)) throw new Error("the import has started");
  expect(failure.has(code)).toBe(true);
  expect(failure.message).toContain(words);
});

test("a dry run knows of queries", async () => {
  const folder = folderWithDump();
  const pump = await connect(folder, { currentDirectory: folder, dryRun: true });
  const handle = await pump.open("IMPORT", "FULL");
  await pump.addFile(handle, "test.dmp", "DATA_PUMP_DIR");
  await pump.metadataRemap(handle, "REMAP_SCHEMA", "SHOP", "OTHER");
  await pump.dataFilter(handle, "SUBQUERY", "WHERE id < 10", "big");
  const { taken } = await pump.dryRun(handle);
  await pump.close();
  expect(taken.find(({ name }) => name === "big")).toMatchObject({ rows: null, bytes: null });
});

test("a query names a table as the dump does, also when another takes its name", async () => {
  const folder = folderWithDump();
  const dataFilters = [
    ["SUBQUERY", "WHERE customers.dept = 10", "customers"],
    ["SUBQUERY", 'WHERE big.id < 10 AND born IS NULL OR "BIG".id = 3', "big"],
  ] as const;
  const tableRemaps = [
    ["SHOP.big", "small"],
    ["SHOP.customers", "big"],
  ] as const;
  const request: JobRequest = { ...REQUEST, tables: "SHOP.customers,SHOP.big", tableRemaps };
  await expect(runImport(folder, { ...request, dataFilters })).rejects.toThrow("no such column: born");
  const [customers] = dataFilters;
  expectSuccess(await runImport(folder, { ...request, dataFilters: [customers, ["SUBQUERY", "WHERE big.id < 3", "big"]] }));
  const other = join(folder, "OTHER.db");
  expect(rows(other, "SELECT id, name, born FROM big")).toEqual(['[1,"Ada",1999]', '[3,"cy",1997]']);
  expect(rows(other, "SELECT id FROM small")).toEqual(["[1]", "[2]"]);
  expect(rows(other, "SELECT count(*) FROM small INDEXED BY big_v WHERE substr(v, -3) = '002'")).toEqual(["[1]"]);
  const newName = runImport(folder, { ...request, dataFilters: [["SUBQUERY", "WHERE 1", "small"]] });
  await expect(newName).rejects.toThrow("ORA-39034");
});
