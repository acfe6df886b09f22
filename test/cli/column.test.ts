import { readFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { tsdpHere, type CommandEnd } from "./tsdp-here.ts";

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
  const database = new Sqlite(join(folder, "HR.db"));
  database.exec(`CREATE TABLE Employees (id INTEGER PRIMARY KEY, Salary, "odd.name", "a""b");
    CREATE TABLE keyed (k PRIMARY KEY, v) WITHOUT ROWID; CREATE VIRTUAL TABLE words USING fts5(body);
    CREATE VIEW shown AS SELECT salary FROM employees; CREATE TABLE sums (a, b AS (a + 1));
    INSERT INTO employees VALUES (1, 24000, 'x', 2)`);
  database.close();
});

async function column(...words: string[]): Promise<CommandEnd> {
  return tsdpHere(folder, "column", ...words);
}

test("columns are marked as their schema spells them, listed, and unmarked; all or none", async () => {
  const marked = await column("encrypt", "hr.EMPLOYEES.SALARY", 'HR.employees."ODD.name"');
  expect(marked).toMatchObject({ code: 0, err: "" });
  expect(marked.out).toBe('Column "HR"."Employees"."Salary" marked.\nColumn "HR"."Employees"."odd.name" marked.\n');
  const listed = JSON.parse((await column("list", "--json")).out) as unknown;
  const own = { schema: "HR", table: "Employees" };
  expect(listed).toEqual({
    schema: "tsdp.columns/1",
    columns: [
      { ...own, column: "odd.name" },
      { ...own, column: "Salary" },
    ],
  });
  expect((await column("encrypt", 'hr.employees."a""b"')).out).toBe('Column "HR"."Employees"."a""b" marked.\n');
  expect((await column("decrypt", 'hr.employees."a""b"')).code).toBe(0);
  expect((await column("list")).out).toContain("HR     Employees   Salary");
  expect((await column("encrypt", "hr.keyed.v", "hr.employees.salary")).err).toContain("ORA-28334: column is already encrypted");
  expect((await column("decrypt", "hr.employees.salary", "hr.keyed.v")).err).toContain("ORA-28333: column is not encrypted");
  expect((await column("decrypt", "HR.EMPLOYEES.salary")).code).toBe(0);
  expect((JSON.parse((await column("list", "--json")).out) as { columns: unknown[] }).columns).toHaveLength(1);
});

test.each([
  ["hr.employes.salary", "ORA-00942", "Did you mean Employees?"],
  ["hr.employees.salry", "ORA-00904", "Did you mean Salary?"],
  ["hr.employees.id", "TSDP-00042", "INTEGER PRIMARY KEY"],
  ["hr.keyed.k", "TSDP-00042", "WITHOUT ROWID"],
  ["hr.words.body", "TSDP-00042", "virtual table"],
  ["hr.words_content.c0", "TSDP-00042", "virtual table"],
  ["hr.shown.salary", "TSDP-00042", "a view"],
  ["hr.sums.b", "TSDP-00042", "computed"],
  ["salary", "ORA-39001", "[schema.]table.column"],
])("%s is refused: %s, %s", async (name, code, text) => {
  const { code: exitCode, err } = await column("encrypt", name);
  expect([exitCode, err]).toEqual([1, expect.stringContaining(code)]);
  expect(err).toContain(text);
});

test("an export says what it left readable, and one that encrypts the marked columns does not; no password is in its files", async () => {
  const run = (...words: string[]) => tsdpHere(folder, "export", "schemas=HR", "reuse_dumpfiles=y", ...words);
  expect(await run("encryption=encrypted_columns_only"), "nothing is marked, so nothing needs a key").toMatchObject({ code: 0 });
  await column("encrypt", "hr.employees.salary");
  const clear = await run();
  expect(clear.code).toBe(5);
  expect(clear.out).toContain("ORA-39173: Encrypted data has been stored unencrypted in dump file set.");
  const apart = await run("encryption=encrypted_columns_only", "encryption_password=not,,for logs", "keep_master=y");
  expect(apart).toMatchObject({ code: 0, err: "" });
  expect(apart.out).toContain("encryption_password=********");
  for (const file of ["export.log", "expdat.dmp", ".tsdp/jobs/SYSTEM.SYS_EXPORT_SCHEMA_01.db"])
    expect(readFileSync(join(folder, file)).includes("not,,for logs"), file).toBe(false);
});
