import Sqlite from "better-sqlite3";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPages, type SchemaPages } from "../../../src/job/export/page-plan.ts";
import { Snapshot } from "../../../src/job/export/snapshot.ts";
import { canCommit } from "../../sqlite/other-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("a schema file that is not the one in the snapshot leaves the others locked until their connections end", async () => {
  const folder = temporaryFolder();
  const paths = ["A.db", "B.db", "other"].map((name) => join(folder, name)) as [string, string, string];
  for (const [i, path] of paths.entries()) {
    const database = new Sqlite(path);
    database.exec(`PRAGMA page_size = ${1024 << i}; CREATE TABLE t(a)`);
    database.close();
  }
  const [a, b, other] = paths;
  const sources = [
    { schema: "A", path: a },
    { schema: "B", path: b },
  ];
  const snapshot = await Snapshot.take(sources, []);
  renameSync(other, b);
  const opened: SchemaPages[] = [];
  await expect(openPages({ sources }, snapshot, opened)).rejects.toThrow("is not the file that SQLite reads");
  expect(opened.map(({ schema }) => schema)).toEqual(["A", "B"]);
  expect(canCommit(a)).toBe(false);
  snapshot.close();
  for (const { source } of opened) source.close();
  expect(canCommit(a)).toBe(true);
});
