import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { renameRows, type TableRename } from "../../src/sqlite/rename-rows.ts";

const RENAMES: readonly TableRename[] = [
  { from: "emp", to: "EMP_OLD" },
  { from: "dept", to: "Dept" },
  { from: "a", to: "b" },
  { from: "b", to: "a" },
];

/** What is left of rows of a table of SQLite's, each a name of a table and what is said of it. */
function renamed(name: string, columns: readonly string[], rows: readonly (readonly string[])[]): unknown[] {
  const database = new Sqlite(":memory:");
  onTestFinished(() => {
    database.close();
  });
  database.exec(`CREATE TABLE staged (${columns.join(", ")})`);
  for (const row of rows) database.prepare(`INSERT INTO staged VALUES (${row.map(() => "?").join(", ")})`).run(row);
  const shape = {
    name,
    withoutRowid: false,
    rowid: "rowid",
    integerPrimaryKey: null,
    columns,
    storedColumns: columns,
    constraints: [],
  };
  const definition = { type: "table", name, tableName: name, sql: null } as const;
  renameRows(database, [{ staging: "staged", shape, raw: false, definition }], RENAMES);
  return database.prepare("SELECT * FROM staged ORDER BY rowid").raw().all();
}

test("counters get the new names of their tables, and those of other tables that have such a name go", () => {
  const rows = [
    ["emp_old", "3"],
    ["EMP", "1000"],
    ["dept", "7"],
    ["a", "1"],
    ["b", "2"],
    ["other", "9"],
  ];
  expect(renamed("sqlite_sequence", ["name", "seq"], rows)).toEqual([
    ["EMP_OLD", "1000"],
    ["Dept", "7"],
    ["b", "1"],
    ["a", "2"],
    ["other", "9"],
  ]);
});

test("so do statistics, and their indexes that are named after a table", () => {
  const rows = [
    ["emp", "sqlite_autoindex_emp_1", "2 1"],
    ["emp", "emp_a", "2 2"],
    ["EMP_OLD", "sqlite_autoindex_EMP_OLD_1", "9 1"],
    ["EMP_OLD", "old_a", "9 9"],
    ["a", "a", "1"],
  ];
  expect(renamed("sqlite_stat1", ["tbl", "idx", "stat"], rows)).toEqual([
    ["EMP_OLD", "sqlite_autoindex_EMP_OLD_1", "2 1"],
    ["EMP_OLD", "emp_a", "2 2"],
    ["b", "b", "1"],
  ]);
});
