import Sqlite from "better-sqlite3";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DumpObject } from "../../src/metadata/dump-object.ts";
import { scriptSection } from "../../src/metadata/sql-script.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { objectOf } from "./objects.ts";

const SETTINGS = {
  encoding: "UTF-8",
  pageSize: 1024,
  autoVacuum: 0,
  userVersion: 7,
  applicationId: 8,
  journalMode: "wal",
} as const;

function object(type: "TABLE" | "INDEX" | "VIEW" | "TRIGGER", name: string, sql: string): DumpObject {
  return objectOf(type, name, { tableName: "m", sql: Buffer.from(sql) });
}

const OBJECTS = [
  object("TABLE", "m", "CREATE TABLE m (a UNIQUE)"),
  object("INDEX", "i", "CREATE INDEX i ON m (a DESC)"),
  object("VIEW", "v", "CREATE VIEW v AS SELECT a FROM m"),
  object("TRIGGER", "g", "CREATE TRIGGER g AFTER INSERT ON m BEGIN DELETE FROM m; END"),
];

/** Those of the files in a folder, and of the database that the script is run in. */
function contents(path: string): unknown {
  const database = new Sqlite(path, { readonly: true });
  const names = database.prepare("SELECT sql FROM sqlite_schema WHERE sql NOTNULL ORDER BY rowid").pluck().all();
  const settings = ["user_version", "application_id", "page_size"].map((name) => database.pragma(name, { simple: true }));
  database.close();
  return [names, settings];
}

test.each(["HR", "MAIN", "main", "Temp"])(
  "the section of a schema %s makes its file, and nothing in the database it is run in",
  (name) => {
    const folder = temporaryFolder();
    const schema = { name, settings: SETTINGS, encoding: "UTF-8", objects: OBJECTS } as const;
    const text = Buffer.concat([...scriptSection(schema, "FULL", `${name}.db`)].map(({ bytes }) => bytes)).toString();
    const used = new Sqlite(join(folder, "used by others.db"));
    used.exec("PRAGMA user_version = 1; CREATE TABLE own (a)");
    used.exec(text.replaceAll("'./", `'${folder}/`));
    const attached = used.prepare("SELECT count(*) FROM pragma_database_list WHERE name NOT IN ('main', 'temp')").pluck().get();
    expect([attached, used.prepare("SELECT count(*) FROM temp.sqlite_schema").pluck().get()]).toEqual([0, 0]);
    used.close();
    expect(contents(join(folder, "used by others.db"))).toEqual([["CREATE TABLE own (a)"], [1, 0, 4096]]);
    expect(contents(join(folder, `${name}.db`))).toEqual([OBJECTS.toSorted(byPlace).map(({ sql }) => String(sql)), [7, 8, 1024]]);
  },
);

/** Views come before indexes. */
function byPlace(a: DumpObject, b: DumpObject): number {
  const order = ["table", "view", "index", "trigger"];
  return order.indexOf(a.type) - order.indexOf(b.type);
}
