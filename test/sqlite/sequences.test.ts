import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/sqlite/database.ts";
import { publish } from "../../src/sqlite/publish.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { stageAll } from "./transfer.ts";

test.each([null, "tsdp:01234567:0:bad"])(
  "a table that gets no rows by INSERT has no last key (others are kept in %s)",
  (rejected) => {
    const folder = temporaryFolder();
    const path = join(folder, "TARGET.db");
    const target = openDatabase(path);
    onTestFinished(() => {
      target.close();
    });
    target.exec("CREATE TABLE mine (a)");
    const tables =
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO u VALUES (3)";
    const plan = stageAll(folder, tables, path, { t: { raw: false }, u: { raw: false }, sqlite_sequence: { action: "merge" } });
    publish(target, true, { ...plan, rejected }, () => undefined);
    expect(target.prepare("SELECT name FROM sqlite_schema WHERE name IN ('t', 'u')").pluck().all()).toEqual(["t", "u"]);
    expect(target.prepare("SELECT name, seq FROM sqlite_sequence").raw().all()).toEqual([["u", 3]]);
  },
);
