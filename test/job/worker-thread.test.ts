import Sqlite from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkerThread } from "../../src/job/worker-thread.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-thread-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("a thread that is closed answers what it is at, and nothing else", async () => {
  const path = join(folder, "HR.db");
  const database = new Sqlite(path);
  database.exec("CREATE TABLE a (b)");
  database.close();
  const thread = new WorkerThread(1);
  const checked = thread.call({ do: "check", path, tables: null, views: [], triggers: [] });
  await thread.close();
  expect(await checked).toMatchObject({ structure: [] });
  await expect(thread.call({ do: "end loading" })).rejects.toThrow("ORA-39126");
});
