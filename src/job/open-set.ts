import { pumpError } from "../base/errors.ts";
import { Directories } from "../catalog/directories.ts";
import { GrantedDirectories } from "../catalog/granted-directories.ts";
import { homeFolder } from "../catalog/home.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { loadCodec } from "../dump/piece.ts";
import { DumpFileSet } from "../dump/reader.ts";
import type { Keyring } from "../dump/set-key.ts";
import { readMaster } from "../inspect/master.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import type { Storage } from "../storage/storage.ts";
import { dumpFilesOf, type JobDefinition } from "./definition.ts";

/**
 * Opens the dump file set that a job reads.
 * @throws as `DumpFileSet.open`, and ORA-39174 when a password that was set in another session has not come with this start
 */
async function openSet(definition: JobDefinition, storage: Storage, keyring: Keyring): Promise<DumpFileSet> {
  if (keyring.password === null && definition.parameters["ENCRYPTION_PASSWORD"] !== undefined)
    throw pumpError([["ORA-39002"], ["ORA-39174"]]);
  return DumpFileSet.open(dumpFilesOf(definition), storage, keyring, directoriesOf(definition));
}

/** The dump that a job reads, as long as the work goes on. @throws as `openSet` and `readMaster` */
export async function withMaster<T>(
  definition: JobDefinition,
  storage: Storage,
  keyring: Keyring,
  work: (master: MasterTable, set: DumpFileSet, files: OpenFiles) => Promise<T>,
): Promise<T> {
  await loadCodec();
  const set = await openSet(definition, storage, keyring);
  const files = new OpenFiles(storage);
  try {
    return await work(await readMaster(set, files.open), set, files);
  } finally {
    await files.close();
  }
}

/** The places where files of the set may be, other than beside those that were named. */
function directoriesOf({ database, owner }: JobDefinition): readonly string[] {
  const home = homeFolder(database);
  const directories = new GrantedDirectories(new Directories(home, database), home, owner);
  return directories.list("READ").map(({ path }) => path);
}
