import Sqlite from "better-sqlite3";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Snapshot } from "../../../src/job/export/snapshot.ts";
import type { WorkerThread } from "../../../src/job/worker-thread.ts";
import { holdsFile } from "../../../src/sqlite/database.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test.each([
  ["a worker can't begin", ["A"], () => Promise.reject(new Error("no"))],
  ["a source is not there", ["A", "B"], () => Promise.resolve(null)],
])("a snapshot that can't be taken since %s holds no file", async (_, names, call) => {
  const folder = temporaryFolder();
  const path = join(folder, "A.db");
  new Sqlite(path).exec("CREATE TABLE t (a)").close();
  const sources = names.map((schema) => ({ schema, path: join(folder, `${schema}.db`) }));
  await expect(Snapshot.take(sources, [{ call }] as unknown as WorkerThread[])).rejects.toThrow();
  expect(holdsFile(path)).toBe(false);
});
