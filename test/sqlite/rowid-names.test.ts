import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/sqlite/database.ts";
import { publish } from "../../src/sqlite/publish.ts";
import type { PublishEvent } from "../../src/sqlite/publish-plan.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { stageAll } from "./transfer.ts";

test.each(["rowid", "OID", "_rowid_"])("a table takes no column %s that it lacks for its rowid", (column) => {
  const folder = temporaryFolder();
  const path = join(folder, "TARGET.db");
  const target = openDatabase(path);
  target.exec(`CREATE TABLE log (a); CREATE TABLE has (a, "${column.toLowerCase()}" TEXT)`);
  const source = `CREATE TABLE log (${column}, a); INSERT INTO log VALUES (7, 'x'); CREATE TABLE has AS SELECT * FROM log`;
  const plan = stageAll(folder, source, path, { log: { action: "append" }, has: { action: "append" } });
  const events: PublishEvent[] = [];
  publish(target, true, plan, (event) => {
    events.push(event);
  });
  const text = `table log has no column named ${column}`;
  expect(events).toContainEqual(expect.objectContaining({ kind: "rejected", lines: [{ code: "SQLITE_ERROR", text }] }));
  const rows = (table: string) => target.prepare(`SELECT * FROM ${table}`).raw().all();
  expect([rows("log"), rows("has")]).toEqual([[], [["x", "7"]]]);
  target.close();
});
