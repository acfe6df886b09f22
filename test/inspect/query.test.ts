import Sqlite from "better-sqlite3";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { writeConstructs } from "../../fixtures/constructs.ts";
import { queryDump, readDumpTable } from "../../src/api/inspect.ts";
import { UndecodableText, type CellValue } from "../../src/inspect/query.ts";
import { listDump } from "../../src/inspect/listing.ts";
import { openTable } from "../../src/inspect/table-rows.ts";
import { quoteIdentifier } from "../../src/base/identifiers.ts";
import { codesOf, failureOf, runExport } from "../job/pump-jobs.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { allRows, CountingStorage, dumpOf, opened, rowsOf, schemaFolder } from "./dumps.ts";

const HR = readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8");
const MEMORY = new Sqlite(":memory:");
const NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";

/** What SQLite itself says of every value of a table; of one that it can't read, why. */
function judged(database: Sqlite.Database, table: string, columns: readonly string[]): readonly string[] | string {
  const values = columns.map((name) => `typeof(${quoteIdentifier(name)}) || ' ' || hex(CAST(${quoteIdentifier(name)} AS BLOB))`);
  try {
    const sql = `SELECT json_array(${values.join(", ")}) FROM ${quoteIdentifier(table)}`;
    return database.prepare<[], string>(sql).pluck().all();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The same of a value that came from a dump. */
function judgedValue(encoding: BufferEncoding, swaps: boolean): (value: CellValue) => string {
  const hex = (text: string) => {
    const bytes = Buffer.from(text, encoding);
    return (swaps ? bytes.swap16() : bytes).toString("hex").toUpperCase();
  };
  return (value) => {
    if (value === null) return "null ";
    if (typeof value === "bigint") return `integer ${hex(String(value))}`;
    if (typeof value === "number") return `real ${hex(realText(value))}`;
    if (typeof value === "string") return `text ${hex(value)}`;
    if (value instanceof UndecodableText) return `text ${Buffer.from(value.bytes).toString("hex").toUpperCase()}`;
    return `blob ${Buffer.from(value).toString("hex").toUpperCase()}`;
  };
}

function realText(value: number): string {
  return MEMORY.prepare<[number], string>("SELECT CAST(? AS TEXT)").pluck().get(value) ?? "";
}

test.each([
  ["UTF-8", "utf8", false],
  ["UTF-16be", "utf16le", true],
] as const)("every table of a dump of every construct reads as in its source: %s", async (encoding, name, swaps) => {
  const folder = temporaryFolder();
  writeConstructs(join(folder, "C.db"), { encoding, rows: 20, blobBytes: 5000 });
  const dump = await opened(await dumpOf(folder, { parallel: 2 }));
  const source = new Sqlite(join(folder, "C.db"), { readonly: true });
  const tables = dump.master.objects.filter(({ objectType, kind }) => objectType === "TABLE" && kind !== "virtual");
  const judge = judgedValue(name, swaps);
  for (const table of tables) {
    const rows = await openTable(dump, `${table.schema}.${table.name}`);
    const expected = judged(source, table.name, rows.columns);
    const label = `table ${JSON.stringify(table.name)}`;
    if (typeof expected === "string") {
      expect(await failureOf(allRows(rows)), label).toMatchObject({ message: expect.stringContaining(expected) as string });
      continue;
    }
    const found = (await allRows(rows)).map((row) => JSON.stringify(row.map(judge)));
    expect(found.toSorted(), label).toEqual(expected.toSorted());
  }
  source.close();
});

test("virtual tables, their shadow tables and views give what the source gives", async () => {
  const folder = temporaryFolder();
  writeConstructs(join(folder, "C.db"), { rows: 20, blobBytes: 5000 });
  const dump = await opened(await dumpOf(folder));
  const source = new Sqlite(join(folder, "C.db"), { readonly: true });
  const statements = [
    "SELECT rowid, * FROM fts5_docs WHERE fts5_docs MATCH 'deep' ORDER BY rank",
    "SELECT docid, * FROM fts3_docs WHERE body MATCH 'quick'",
    "SELECT * FROM fts4_external WHERE fts4_external MATCH 'outside'",
    "SELECT rowid, body FROM fts5_external WHERE fts5_external MATCH 'indexed'",
    "SELECT count(*) FROM fts5_docs_data",
    "SELECT * FROM fts5_terms",
    "SELECT id, label FROM boxes WHERE x0 BETWEEN 20 AND 25",
    'SELECT * FROM "fts5; ""awkward"""',
    "SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name",
    "SELECT name FROM pragma_table_info('first_table')",
  ];
  for (const sql of statements) {
    const expected = source.prepare(sql).raw().safeIntegers().all();
    expect(
      (await rowsOf(dump, sql)).map((row) => [...row]),
      sql,
    ).toEqual(expected);
  }
  const views = dump.master.objects.filter(({ objectType }) => objectType === "VIEW");
  expect(views.length).toBeGreaterThan(3);
  for (const { name } of views) {
    const sql = `SELECT count(*) FROM ${quoteIdentifier(name)}`;
    let expected: unknown;
    try {
      expected = source.prepare(sql).raw().safeIntegers().all();
    } catch {
      await failureOf(rowsOf(dump, sql));
      continue;
    }
    expect(await rowsOf(dump, sql), name).toEqual(expected);
  }
  source.close();
});

test("a statement reads the pieces of its tables and nothing else of the files; a listing reads none", async () => {
  const path = await dumpOf(
    schemaFolder({
      HR: `CREATE TABLE big (a, b); ${NUMBERS} INSERT INTO big SELECT i, hex(randomblob(300)) FROM n;
           CREATE TABLE small (big, name); INSERT INTO small VALUES (1, 'one'), (2, 'two');
           CREATE VIEW big_and_small AS SELECT s.name FROM small s JOIN big b ON b.a = s.big`,
      OTHER: "CREATE TABLE small (x); INSERT INTO small VALUES (7)",
    }),
  );
  const storage = new CountingStorage();
  const dump = await opened(path, storage);
  /** The first read of a file takes more than its header. */
  const isRead = ({ offset, length }: { offset: number; length: number }) =>
    storage.reads.some((read) => read.offset > 0 && read.offset < offset + length && offset < read.offset + read.length);
  const piecesRead = () =>
    dump.master.objects
      .filter(({ id }) => (dump.set.pieces.get(id) ?? []).some(({ segments }) => segments.some(isRead)))
      .map(({ schema, name }) => `${schema}.${name}`);
  listDump(dump);
  expect(piecesRead()).toEqual([]);
  expect(storage.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(100_000);
  expect(await rowsOf(dump, "SELECT big AS b, 'OTHER' FROM HR.small /* big */")).toHaveLength(2);
  expect(piecesRead()).toEqual(["HR.small"]);
  expect(await rowsOf(dump, "SELECT * FROM other.small")).toEqual([[7n]]);
  expect(piecesRead()).toEqual(["HR.small", "OTHER.small"]);
  expect(await rowsOf(dump, "SELECT name FROM big_and_small ORDER BY 1")).toEqual([["one"], ["two"]]);
  expect(piecesRead()).toContain("HR.big");
});

test("a table is read piece by piece, in order, and no further than it has to be", async () => {
  const folder = schemaFolder({
    HR: `CREATE TABLE keyed (k TEXT COLLATE NOCASE, n INTEGER, v, half AS (n / 2), PRIMARY KEY (k DESC, n)) WITHOUT ROWID;
         ${NUMBERS} INSERT INTO keyed (k, n, v) SELECT char(65 + i % 2 * 32), i, hex(randomblob(300)) FROM n;
         CREATE TABLE numbered (id INTEGER PRIMARY KEY, v TEXT UNIQUE);
         ${NUMBERS} INSERT INTO numbered SELECT -i * 7, hex(randomblob(300)) FROM n;
         CREATE TABLE empty (a)`,
  });
  const path = await dumpOf(folder, { parallel: 2 });
  const storage = new CountingStorage();
  const dump = await opened(path, storage);
  const pieces = (name: string) => dump.set.pieces.get(dump.master.objects.find((one) => one.name === name)?.id ?? 0) ?? [];
  expect([pieces("keyed").length, pieces("numbered").length].every((count) => count > 1)).toBe(true);
  const source = new Sqlite(join(folder, "HR.db"), { readonly: true });
  for (const table of ["keyed", "numbered", "empty"]) {
    const expected = source.prepare(`SELECT * FROM ${table}`).raw().safeIntegers().all();
    expect(await allRows(await openTable(dump, table))).toEqual(expected);
  }
  const where = "id = -21 OR id BETWEEN -100000 AND -99990 OR v = 'x'";
  const chosen = source.prepare(`SELECT * FROM numbered WHERE ${where} ORDER BY id`).raw().safeIntegers().all();
  expect(await allRows(await openTable(dump, "hr.NUMBERED", { where }))).toEqual(chosen);
  const affinity = "n = '17' AND half < 10";
  expect((await allRows(await openTable(dump, "keyed", { where: affinity }))).map((row) => row.length)).toEqual([4]);
  storage.reads.length = 0;
  expect(await allRows(await openTable(dump, "numbered", { limit: 3n }))).toHaveLength(3);
  expect(storage.reads).toHaveLength(pieces("numbered")[0]?.segments.length ?? 0);
  const error = await failureOf(openTable(dump, "numbered", { where: "id > (SELECT avg(id) FROM numbered)" }));
  expect(codesOf(error)).toEqual(["ORA-39001", "TSDP-00010"]);
  expect(codesOf(await failureOf(openTable(dump, "numbered", { where: "1; DELETE FROM numbered" })))).toEqual([
    "ORA-39001",
    "TSDP-00010",
  ]);
  expect((await failureOf(openTable(dump, "HR.nubmered"))).hint).toMatch(/Did you mean "HR"\."numbered"/);
  source.close();
});

test("schemas are joined by their names; text encodings that differ are refused, but not one by one", async () => {
  const path = await dumpOf(
    schemaFolder({
      HR: HR,
      SALES: "CREATE TABLE orders (employee, amount); INSERT INTO orders VALUES (100, 5), (100, 6), (101, 7)",
      WIDE: "PRAGMA encoding = 'UTF-16le'; CREATE TABLE orders (note); INSERT INTO orders VALUES ('née')",
    }),
  );
  const dump = await opened(path);
  const joined = `SELECT e.last_name, sum(amount) FROM HR.employees e JOIN SALES.orders o ON o.employee = e.employee_id GROUP BY 1`;
  expect(await rowsOf(dump, joined)).toEqual([
    ["King", 11n],
    ["Yang", 7n],
  ]);
  expect(await rowsOf(dump, "SELECT * FROM wide.orders")).toEqual([["née"]]);
  expect(codesOf(await failureOf(rowsOf(dump, "SELECT * FROM wide.orders, sales.orders")))).toEqual(["ORA-39001", "TSDP-00010"]);
  expect(codesOf(await failureOf(openTable(dump, "orders")))).toEqual(["ORA-39001", "TSDP-00010"]);
});

test("only one statement that reads is run", async () => {
  const folder = schemaFolder({ HR: "CREATE TABLE a (x); INSERT INTO a VALUES (1)" });
  const dump = await opened(await dumpOf(folder));
  const target = join(folder, "written.db");
  const refused = [
    "DELETE FROM a",
    "WITH b AS (SELECT 1) DELETE FROM a",
    `VACUUM INTO '${target}'`,
    `ATTACH '${target}' AS b`,
    "PRAGMA writable_schema = on",
    "EXPLAIN PRAGMA query_only = off",
    "SELECT 1; SELECT 2",
    "; SELECT 1; DELETE FROM a",
    "CREATE TABLE b (x)",
    "",
    "-- nothing",
  ];
  for (const sql of refused) expect(codesOf(await failureOf(rowsOf(dump, sql))), sql).toEqual(["ORA-39001", "TSDP-00010"]);
  expect(existsSync(target)).toBe(false);
  for (const [sql, text] of [
    ["selct * FROM a", 'near "selct": syntax error'],
    ["(SELECT 1)", 'near "(": syntax error'],
    ["delete from a", "DELETE does not only read"],
    ["SELECT 1; SELECT 2", "more than one statement"],
  ] as const)
    expect((await failureOf(rowsOf(dump, sql))).lines.at(-1)?.text).toBe(text);
  expect(codesOf(await failureOf(rowsOf(dump, "SELECT 1 FROM")))).toEqual(["ORA-39001", "SQLITE_ERROR"]);
  const error = await failureOf(rowsOf(dump, "SELECT abs(-9223372036854775807 - x) FROM a"));
  expect(error.message).toContain("integer overflow");
  expect(await rowsOf(dump, " /* a */ SELECT x AS c1, x FROM a -- ;\n ; -- end")).toEqual([[1n, 1n]]);
  expect(await rowsOf(dump, "VALUES (1, 'a'), (2.0, NULL)")).toEqual([
    [1n, "a"],
    [2, null],
  ]);
});

test("a damaged piece is named, and other tables can be read", async () => {
  const path = await dumpOf(
    schemaFolder({ HR: "CREATE TABLE bad (x); INSERT INTO bad VALUES (1); CREATE TABLE good AS SELECT 2" }),
  );
  const whole = await opened(path);
  const [segment] = whole.set.pieces.get(1)?.[0]?.segments ?? [];
  const bytes = readFileSync(path);
  const at = (segment?.offset ?? 0) + (segment?.length ?? 0) - 1;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
  const dump = await opened(path);
  for (const read of [rowsOf(dump, "SELECT * FROM bad"), openTable(dump, "bad").then(allRows)]) {
    const error = await failureOf(read);
    expect(codesOf(error).slice(0, 4)).toEqual(["ORA-31693", "ORA-39001", "ORA-39000", "ORA-31619"]);
    expect(error.message).toMatch(/"HR"\."bad"[^]*d\.dmp[^]*piece 1/);
  }
  expect(await rowsOf(dump, "SELECT * FROM good")).toEqual([[2n]]);
  expect(listDump(dump).objects.map(({ rows }) => rows)).toEqual([1, 1]);
});

test("an encrypted set of several files is opened by its password, and nothing is left in the temporary folder", async () => {
  const folder = schemaFolder({ HR });
  const temporary = temporaryFolder();
  vi.stubEnv("TMPDIR", temporary);
  const parameters = { ENCRYPTION_PASSWORD: "secret" };
  await runExport(folder, { mode: "FULL", dumpFiles: ["e%U.dmp"], fileSize: "60KB", parameters });
  expect(readdirSync(folder).filter((name) => name.endsWith(".dmp")).length).toBeGreaterThan(1);
  const options = { database: folder, currentDirectory: folder };
  const sql = "SELECT count(*) FROM employees";
  for (const file of ["e01.dmp", "e%U.dmp", "e02"]) {
    const rows = await queryDump([file], sql, { ...options, password: "secret" });
    expect(readdirSync(temporary)).toEqual([]);
    for await (const row of rows) expect(row).toEqual([107n]);
  }
  const employees = await readDumpTable(["e01.dmp"], "HR.employees", { ...options, password: "secret", limit: 1n });
  for await (const row of employees) {
    expect(row[0]).toBe(100n);
    break;
  }
  expect(codesOf(await failureOf(queryDump(["e01.dmp"], sql, options)))).toEqual(["ORA-39002", "ORA-39174"]);
  expect(codesOf(await failureOf(queryDump(["e01.dmp"], sql, { ...options, password: "x" })))).toEqual([
    "ORA-39002",
    "ORA-39176",
  ]);
  await failureOf(queryDump(["e01.dmp"], "SELECT * FROM employes", { ...options, password: "secret" }));
  expect(readdirSync(temporary)).toEqual([]);
});
