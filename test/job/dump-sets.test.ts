import Sqlite from "better-sqlite3";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { connect } from "../../src/api/data-pump.ts";
import { compareDatabases } from "../judge/compare.ts";
import { inThisProcess } from "./launch-here.ts";
import { defineJob, expectSuccess, followJob, runExport, runImport, startJob } from "./pump-jobs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const HR = readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8");
const DUMPS = new URL("../../fixtures/dumps/", import.meta.url);

test("templates are used in turn, no file is larger than FILESIZE, and an import finds the set from any of its files", async () => {
  const folder = temporaryFolder();
  writeRows(join(folder, "BIG.db"), 4000);
  const dumpFiles = ["a%U.dmp", "b_%l_%T.dmp"];
  expectSuccess(await runExport(folder, { schemas: "IN ('BIG')", dumpFiles, fileSize: "100KB", parallel: 3 }));
  const names = readdirSync(folder).filter((name) => name.endsWith(".dmp"));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(100 * 1024);
  for (const [i, name] of [names[0], names.at(-1), "a%U.dmp"].entries()) {
    expectSuccess(await runImport(folder, { dumpFiles: [name ?? ""], remap: [["BIG", `COPY${i}`]] }));
    expect(compareDatabases(join(folder, "BIG.db"), join(folder, `COPY${i}.db`))).toEqual([]);
  }
});

test("a set in two folders is found from a file in either, by way of the directory objects", async () => {
  const folder = temporaryFolder();
  writeRows(join(folder, "BIG.db"), 2000);
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    for (const name of ["LEFT", "RIGHT"]) {
      mkdirSync(join(folder, name));
      await pump.createDirectory(name, name);
    }
    const handle = await defineJob(pump, "EXPORT", { schemas: "IN ('BIG')", dumpFiles: [] });
    await pump.addFile(handle, "l%U.dmp", "LEFT", "100KB", KU.FILE_TYPE_DUMP_FILE);
    await pump.addFile(handle, "r%U.dmp", "RIGHT", "100KB", KU.FILE_TYPE_DUMP_FILE);
    await inThisProcess(() => startJob(pump, handle));
    expectSuccess(await followJob(pump, handle));
    for (const [directory, file] of [
      ["LEFT", "l01.dmp"],
      ["RIGHT", "r02.dmp"],
    ] as const) {
      const loading = await defineJob(pump, "IMPORT", { dumpFiles: [], remap: [["BIG", directory]] });
      await pump.addFile(loading, file, directory);
      await inThisProcess(() => startJob(pump, loading));
      expectSuccess(await followJob(pump, loading));
      expect(compareDatabases(join(folder, "BIG.db"), join(folder, `${directory}.db`))).toEqual([]);
    }
  } finally {
    await pump.close();
  }
});

test("a set whose files are used up stops, and goes on when it gets another file", async () => {
  const folder = temporaryFolder();
  writeRows(join(folder, "BIG.db"), 4000);
  const pump = await connect(folder, { currentDirectory: folder });
  try {
    const request = { schemas: "IN ('BIG')", dumpFiles: ["one.dmp"], fileSize: "200KB", jobName: "FULL_SET" };
    const handle = await defineJob(pump, "EXPORT", request);
    await inThisProcess(() => startJob(pump, handle));
    const stopped = await followJob(pump, handle);
    expect(stopped.state).toBe("STOPPED");
    expect(stopped.errors).toEqual([expect.stringContaining("ORA-39095: Dump file space has been exhausted")]);
    await pump.detach(handle).catch(() => undefined);
    const again = await pump.attach("FULL_SET");
    await pump.addFile(again, "more%U.dmp", "DATA_PUMP_DIR", "150KB", KU.FILE_TYPE_DUMP_FILE);
    await inThisProcess(() => startJob(pump, again));
    expect(await followJob(pump, again)).toMatchObject({ state: "COMPLETED", errorCount: 1 });
  } finally {
    await pump.close();
  }
  expect(statSync(join(folder, "one.dmp")).size).toBeLessThanOrEqual(200 * 1024);
  // The header of the first file was written when nobody knew of the others.
  for (const [i, dumpFile] of ["one.dmp", "more%U.dmp", "more02.dmp"].entries()) {
    expectSuccess(await runImport(folder, { dumpFiles: [dumpFile], remap: [["BIG", `COPY${i}`]] }));
    expect(compareDatabases(join(folder, "BIG.db"), join(folder, `COPY${i}.db`))).toEqual([]);
  }
});

test.each([["hr-compressed.dmp"], ["hr-part1.dmp,hr-part2.dmp"]])("files of format 1.0 are read: %s", async (files) => {
  const folder = temporaryFolder();
  cpSync(new URL("format-1.0", DUMPS), folder, { recursive: true });
  const source = new Sqlite(join(folder, "SOURCE.db"));
  source.exec(HR);
  source.close();
  expectSuccess(await runImport(folder, { dumpFiles: files.split(",") }));
  expect(compareDatabases(join(folder, "SOURCE.db"), join(folder, "HR.db"), { journalMode: true })).toEqual([]);
});

/** A table that does not compress: about 250 bytes a row. */
function writeRows(path: string, rows: number): void {
  const database = new Sqlite(path);
  database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB)");
  const insert = database.prepare("INSERT INTO t (a, b) VALUES (?, ?)");
  database.transaction(() => {
    for (let i = 0; i < rows; i += 1) insert.run(`row ${i}`, randomBytes(220));
  })();
  database.close();
}
