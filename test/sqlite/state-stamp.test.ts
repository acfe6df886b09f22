import Sqlite from "better-sqlite3";
import { mkdirSync, readSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openPageSource } from "../../src/sqlite/page-source.ts";
import { StateStamps } from "../../src/sqlite/state-stamp.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

test.each([false, true])("commits in the WAL are seen, by symbolic link: %s", async (isLinked) => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "elsewhere"));
  const real = join(folder, "elsewhere", "real.db");
  const path = isLinked ? join(folder, "linked.db") : real;
  const writer = new Sqlite(real);
  writer.exec("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (v); INSERT INTO t VALUES ('before')");
  if (isLinked) symlinkSync(real, path);
  const stamps = new StateStamps([path]);
  const before = await stamps.read();
  expect(await stamps.read()).toEqual(before);
  writer.exec("UPDATE t SET v = 'behind'");
  expect(await stamps.read()).not.toEqual(before);
  const reader = new Sqlite(path);
  onTestFinished(() => {
    for (const connection of [reader, writer]) connection.close();
    stamps.close();
  });
  reader.exec("BEGIN; SELECT 1 FROM t");
  const source = await openPageSource(reader, path);
  const pages = Buffer.alloc(source.pageSize * source.pageCount);
  readSync(source.descriptor, pages, 0, pages.length, 0);
  source.close();
  expect(pages.includes("behind")).toBe(true);
});
