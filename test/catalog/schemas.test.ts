import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defaultSchema, isSchemaPath, listSchemas, newSchemaPath } from "../../src/catalog/schemas.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

function folderOf(...files: string[]): string {
  const folder = temporaryFolder();
  for (const file of files) writeFileSync(join(folder, file), "");
  return folder;
}

describe("a folder", () => {
  test("has a schema for each SQLite file, in the order of their names, whatever else is there", () => {
    const folder = folderOf(
      "hr.db",
      "Scott.SQLITE",
      "a b.sqlite3",
      "é.db",
      "notes.txt",
      "hr.db-wal",
      ".hidden.db",
      "db",
      "x.db.tsdp-part",
    );
    mkdirSync(join(folder, "folder.db"));
    symlinkSync(join(folder, "nowhere"), join(folder, "dangling.db"));
    symlinkSync(join(folder, "hr.db"), join(folder, "linked.db"));
    expect(listSchemas(folder)).toEqual(
      [
        ["A B", "a b.sqlite3"],
        ["HR", "hr.db"],
        ["LINKED", "linked.db"],
        ["SCOTT", "Scott.SQLITE"],
        ["é", "é.db"],
      ].map(([name, file]) => ({
        name,
        path: join(folder, file ?? ""),
      })),
    );
  });

  test.each([
    ["hr.db", "HR.db"],
    ["hr.db", "hr.sqlite"],
    ["Hr.SQLITE3", "z.db", "hR.db"],
  ])("refuses two files of one name: %s, %s", (...files) => {
    const folder = folderOf(...files);
    expect(() => listSchemas(folder)).toThrow(/^ORA-39002[\s\S]*for schema HR/);
  });

  test("takes names that differ in other letters than ASCII for different", () => {
    expect(listSchemas(folderOf("é.db", "É.db")).map(({ name }) => name)).toEqual(["É", "é"]);
  });

  test("means the user's own schema, if there is one", () => {
    const folder = folderOf("scott.db", "hr.db");
    expect([defaultSchema(folder, "Scott"), defaultSchema(folder, "SYSTEM")]).toEqual(["SCOTT", null]);
  });

  test("gets a new schema as a file of its name", () => {
    const folder = folderOf();
    expect(newSchemaPath(folder, "BLAKE")).toBe(join(folder, "BLAKE.db"));
    expect(newSchemaPath(folder, "A..B é")).toBe(join(folder, "A..B é.db"));
  });

  test.each(["", ".", "..", ".hidden", "../x", "a/b", "/etc/x", "a\\b", "a\0b", "a\nb", "é".repeat(101)])(
    "refuses a new schema %j",
    (name) => {
      expect(() => newSchemaPath(folderOf(), name)).toThrow(/^ORA-39001/);
    },
  );

  test("has schemas right in it only", () => {
    const folder = folderOf("hr.db");
    const paths = ["hr.db", "new.SQLITE", "hr.dmp", "sub/hr.db"].map((file) => isSchemaPath(folder, join(folder, file)));
    expect(paths).toEqual([true, true, false, false]);
  });
});

describe("a single file", () => {
  test("is a database of one schema, whatever its extension is and whoever asks", () => {
    const file = join(folderOf("app.data", "other.db"), "app.data");
    expect(listSchemas(file)).toEqual([{ name: "APP", path: file }]);
    expect(defaultSchema(file, "SYSTEM")).toBe("APP");
    expect([isSchemaPath(file, file), isSchemaPath(file, join(file, "..", "other.db"))]).toEqual([true, false]);
  });

  test("has no room for another", () => {
    const file = join(folderOf("app.db"), "app.db");
    expect(() => newSchemaPath(file, "BLAKE")).toThrow(/^ORA-39002/);
  });
});
