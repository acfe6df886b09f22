import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { checkTarget, listExisting } from "../../src/sqlite/target.ts";

test.each(["1st", "1", "+1", "01", "20250101123456", "t"])(
  "all problems of a table are told, whatever it is called: %s",
  (table) => {
    const database = new Sqlite(":memory:");
    onTestFinished(() => {
      database.close();
    });
    database.unsafeMode(true);
    database.exec(
      `CREATE TABLE "${table}" (a); INSERT INTO "${table}" VALUES (NULL), (NULL), (NULL); PRAGMA writable_schema = on`,
    );
    database.prepare("UPDATE sqlite_schema SET sql = ?").run(`CREATE TABLE "${table}" (a NOT NULL)`);
    database.pragma("schema_version = 99");
    const { structure } = checkTarget(database, { loaded: [table], emptied: [], replaced: [] });
    expect(new Set(structure)).toEqual(new Set([`NULL value in ${table}.a`]));
    expect(structure.length).toBeGreaterThanOrEqual(3);
  },
);

test("a table in which a virtual table keeps its data is told from others", () => {
  const database = new Sqlite(":memory:");
  onTestFinished(() => {
    database.close();
  });
  database.exec("CREATE TABLE v_more (a); CREATE VIRTUAL TABLE v USING fts5(x); CREATE VIRTUAL TABLE v_r USING rtree(id, a, b)");
  const owners = listExisting(database).map(({ name, owner }) => [name, owner]);
  expect(Object.fromEntries(owners)).toMatchObject({
    v: undefined,
    v_more: undefined,
    v_data: "v",
    v_config: "v",
    v_r_node: "v_r",
  });
});
