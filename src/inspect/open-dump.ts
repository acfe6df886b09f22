import { basename, dirname, resolve } from "node:path";
import { pumpError } from "../base/errors.ts";
import { dumpFileName, isUrl, splitDumpUrl, type DumpFilePattern } from "../dump/names.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { loadCodec } from "../dump/piece.ts";
import type { OpenFile } from "../dump/piece-reader.ts";
import { DumpFileSet } from "../dump/reader.ts";
import type { Keyring } from "../dump/set-key.ts";
import { isTransported } from "../metadata/master-facts.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";
import type { Storage } from "../storage/storage.ts";
import { readMaster } from "./master.ts";

/** How to come at a dump. */
export interface DumpAccess {
  readonly storage: Storage;
  /** What the storage was opened by, for threads that open their own. */
  readonly keys: PlaceKeys;
  readonly keyring: Keyring;
  /** Where relative paths start. */
  readonly currentDirectory: string;
  /** Where else files of the set are looked for. */
  readonly folders: readonly string[];
}

/** A dump that is looked into without a job: its files are a whole set, and its master table was checked. */
export interface OpenDump {
  readonly set: DumpFileSet;
  readonly master: MasterTable;
  readonly openFile: OpenFile;
  close(): Promise<void>;
}

/**
 * Opens the dump that paths, templates of paths or URLs name; no table data is read.
 * @throws what an import of these files would say: see `DumpFileSet.open` and `readMaster`
 */
export async function openDump(names: readonly string[], access: DumpAccess): Promise<OpenDump> {
  await loadCodec();
  const { storage } = access;
  const set = await openSet(names, access);
  const files = new OpenFiles(storage);
  try {
    return { set, master: await readMaster(set, files.open), openFile: files.open, close: () => files.close() };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** The set that paths, templates of paths or URLs name. @throws as `DumpFileSet.open` */
export async function openSet(names: readonly string[], access: DumpAccess): Promise<DumpFileSet> {
  const { storage, keyring, folders } = access;
  return DumpFileSet.open(await dumpFilesNamed(names, access), storage, keyring, folders);
}

/** @throws ORA-39002 with TSDP-00010 for a dump of pages, of which no table can be read by itself */
export function assertNoPages({ master }: Pick<OpenDump, "master">): void {
  if (!isTransported(master.job)) return;
  throw pumpError(
    [["ORA-39002"], ["TSDP-00010", "the dump holds the pages of whole schemas, of which no table can be read by itself"]],
    "It was exported with transportable: import it, under another name with remap_schema, and read that schema.",
  );
}

/** @throws ORA-39002 when an export with CONTENT=METADATA_ONLY has left the rows out, or for a dump of pages */
export function assertHasRows({ master }: Pick<OpenDump, "master">): void {
  assertNoPages({ master });
  if (master.job.get("CONTENT") !== "METADATA_ONLY") return;
  throw pumpError(
    [["ORA-39002"], ["TSDP-00010", "the dump holds definitions and no rows"]],
    "It was exported with content=metadata_only.",
  );
}

/** A path of a file that is there means that file, whatever its name looks like; any other may be a template or lack its extension. */
async function dumpFilesNamed(
  names: readonly string[],
  { storage, currentDirectory }: DumpAccess,
): Promise<readonly (string | DumpFilePattern)[]> {
  const files: (string | DumpFilePattern)[] = [];
  for (const name of names) {
    if (isUrl(name)) {
      // The query string is a secret; the storage has it.
      files.push(splitDumpUrl(name.replace(/[?#].*$/s, ""), null));
      continue;
    }
    const path = resolve(currentDirectory, name);
    const isThere = name !== "" && (await storage.exists(path));
    files.push(isThere ? path : { directoryPath: dirname(path), name: dumpFileName(name === "" ? "" : basename(path), null) });
  }
  return files;
}
