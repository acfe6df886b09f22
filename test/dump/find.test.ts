import Sqlite from "better-sqlite3";
import { copyFileSync, linkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { addSiblings, openDumpFiles } from "../../src/dump/find.ts";
import { SetAllowance } from "../../src/dump/limits.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { indexEntries, MAX_INDEX_ENTRIES } from "../../src/format/segment-index.ts";
import { isOpenDatabase } from "../../src/job/jobs.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import { canCommit } from "../sqlite/other-process.ts";
import { MemoryStorage } from "./memory-storage.ts";
import { codesOf, noise, specification, testFolder, writeSet, type RawPiece } from "./sets.ts";

const PATHS = ["/1.dmp", "/2.dmp", "/3.dmp"];
const PIECES = [1, 2, 3].map((piece) => ({ piece, raw: noise(3000, piece), algorithm: "NONE" as const }));

async function newSet(paths: readonly string[] = PATHS, pieces: readonly RawPiece[] = PIECES): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await writeSet(paths, pieces, { storage, openFiles: 3 });
  return storage;
}

function bytesOf(storage: MemoryStorage, path: string): Buffer {
  const bytes = storage.files.get(path);
  if (bytes === undefined) throw new Error(`${path} is not there`);
  return bytes;
}

test("a name in a header that looks like one of a database is not opened on the disk, but when it is given", async () => {
  const names = ["/1.dmp", "/HR.db", "/HR.DB3", "/HR.sqlite", "/HR.sqlite3", "/HR.db-wal", "/HR%U.db"];
  const storage = new MemoryStorage();
  await writeSet([], PIECES, { storage, openFiles: 7, files: names.map((path) => specification(path)) });
  const paths = [...storage.files.keys()];
  expect(paths).toContain("/HR01.db");
  const opened: string[] = [];
  const open = storage.open.bind(storage);
  storage.open = (path) => {
    opened.push(path);
    return open(path);
  };
  expect(await codesOf(DumpFileSet.open(["/1.dmp"], storage))).toContain("ORA-39059");
  expect(new Set(opened)).toEqual(new Set(["/1.dmp"]));
  const template = [...paths.filter((path) => path !== "/HR01.db"), { directoryPath: "/", name: "HR%U.db" }];
  for (const given of [paths, template]) expect((await DumpFileSet.open(given, storage)).files.length).toBe(names.length);
});

test.each(PATHS)("copies and impostors leave a set from %s room for its missing files", async (given) => {
  const storage = await newSet();
  const whole = (await DumpFileSet.open(PATHS, storage)).files;
  const segments = whole.reduce((sum, { trailer }) => sum + indexEntries(trailer.indexLength), 0);
  const other = await newSet(PATHS, [...PIECES, ...PIECES.map((piece) => ({ ...piece, object: 2 }))]);
  for (const path of PATHS) {
    // Of the set by GUID and number: copies in both folders, and files of another run that come before the missing ones.
    storage.files.set(`/copies${path}`, bytesOf(storage, path));
    storage.files.set(`/a${path.slice(1)}`, bytesOf(storage, given));
    if (path === given) continue;
    const bytes = bytesOf(storage, path);
    storage.files.delete(path);
    storage.files.delete(`/copies${path}`);
    storage.files.set(`/n${path.slice(1)}`, bytes);
    if (path !== "/1.dmp") storage.files.set(`/b${path.slice(1)}`, bytesOf(other, path));
  }
  const allowance = new SetAllowance();
  allowance.take("", 0, MAX_INDEX_ENTRIES - segments);
  const known = (await openDumpFiles([given], storage, allowance)).given;
  const { files: found } = await addSiblings(known, { storage, folders: ["/copies"], allowance });
  expect(found.map(({ path }) => path)).toEqual(PATHS.map((path) => (path === given ? path : `/n${path.slice(1)}`)));
});

test("copies under the names that headers have leave room for the files that follow", async () => {
  const storage = await newSet();
  const whole = (await DumpFileSet.open(PATHS, storage)).files;
  const segments = whole.reduce((sum, { trailer }) => sum + indexEntries(trailer.indexLength), 0);
  for (const path of PATHS) storage.files.set(`/copies${path}`, bytesOf(storage, path));
  storage.files.delete("/3.dmp");
  const allowance = new SetAllowance();
  allowance.take("", 0, MAX_INDEX_ENTRIES - segments);
  const known = (await openDumpFiles(["/2.dmp"], storage, allowance)).given;
  const { files: found } = await addSiblings(known, { storage, folders: ["/copies"], allowance });
  expect(found.map(({ path }) => path)).toEqual(["/1.dmp", "/2.dmp", "/copies/3.dmp"]);
});

test.runIf(["linux", "darwin"].includes(process.platform))(
  "the search for a set takes no lock from a database that the program has open, whatever it is called",
  async () => {
    const folder = testFolder();
    const [first, named, extra] = ["1.dmp", "2.dmp", "3.dmp"].map((name) => join(folder, name)) as [string, string, string];
    await writeSet([first, named], PIECES, { openFiles: 2 });
    copyFileSync(named, join(folder, "copy.bin"));
    rmSync(named);
    const program = new Sqlite(named);
    onTestFinished(() => {
      program.close();
    });
    program.exec("CREATE TABLE t(a)");
    linkSync(named, extra);
    program.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    const storage = new LocalStorage(isOpenDatabase);
    expect(await codesOf(DumpFileSet.open([first], storage))).toContain("ORA-39059");
    expect(await codesOf(DumpFileSet.open([first, extra], storage))).toContain("ORA-29283");
    expect(canCommit(named)).toBe(false);
    program.exec("COMMIT");
    expect(canCommit(named)).toBe(true);
    // A dump file that the program has open, too, is none.
    rmSync(extra);
    const files = [first, join(folder, "copy.bin")];
    const opened = await Promise.all(files.map((path) => storage.open(path)));
    expect((await DumpFileSet.open(files, storage)).files.length).toBe(2);
    for (const reader of opened) await reader.close();
  },
);
