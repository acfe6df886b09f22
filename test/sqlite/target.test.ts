import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { checkTarget } from "../../src/sqlite/target.ts";

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
