import Sqlite from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { editSchema } from "../../src/sqlite/edit-schema.ts";

test("an edit that fails leaves the schema closed to others", () => {
  const database = new Sqlite(":memory:");
  onTestFinished(() => {
    database.close();
  });
  database.unsafeMode(true);
  const edit = () => {
    editSchema(database, () => {
      throw new Error("no room");
    });
  };
  expect(edit).toThrow("no room");
  expect(() => database.exec("DELETE FROM sqlite_schema")).toThrow("may not be modified");
});
