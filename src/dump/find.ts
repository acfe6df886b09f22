import { dirname } from "node:path";
import { pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import { hasHeaderMagic } from "../format/header.ts";
import { ITEM } from "../format/items.ts";
import { MAX_SET_FILES } from "../format/trailer.ts";
import type { Storage } from "../storage/storage.ts";
import { BAD_DUMP_FILE, invalidDumpFile } from "./faults.ts";
import { readDumpFile, readFirstBlock, type DumpFile } from "./file-ends.ts";
import { identifyForeign, type ForeignFile } from "./foreign.ts";
import { dumpFilePath, isTemplate, isUrl, type DumpFilePattern } from "./names.ts";

/** The dump files that names and templates stand for. */
export interface FoundFiles {
  readonly given: readonly DumpFile[];
  /** Why a template ended before a file that is there: it can't be read. */
  readonly stoppedBy: PumpError | undefined;
}

/** Opens every named file and those of templates. @throws as `DumpFileSet.open`, for the first file of a template as for a named one */
export async function openDumpFiles(files: readonly (string | DumpFilePattern)[], storage: Storage): Promise<FoundFiles> {
  const given: DumpFile[] = [];
  let stoppedBy: PumpError | undefined;
  for (const file of files) {
    const path = typeof file === "string" ? file : (dumpFilePath(file, 1) ?? "");
    const first = await openDumpFile(path, storage);
    given.push(first);
    if (typeof file === "string" || !isTemplate(file.name)) continue;
    const more = await openFollowing(file, 2, first.header.guid, storage);
    given.push(...more.given);
    stoppedBy ??= more.stoppedBy;
  }
  return { given, stoppedBy };
}

/**
 * Adds the files that the headers name and that are beside those that are known, until the set is whole or there are no more.
 * @param folders further places to look in
 */
export async function addSiblings(
  known: readonly DumpFile[],
  storage: Storage,
  folders: readonly string[],
): Promise<readonly DumpFile[]> {
  const files = new Map(known.map((file) => [file.number, file]));
  const tried = new Set<string>();
  for (let before = 0; before < files.size && !isWhole([...files.values()]);) {
    before = files.size;
    for (const pattern of siblingPatterns([...files.values()], folders)) {
      const key = JSON.stringify(pattern);
      if (tried.has(key)) continue;
      tried.add(key);
      const { given } = await openFollowing(pattern, 1, known[0]?.header.guid ?? "", storage);
      for (const file of given.filter(({ number }) => !files.has(number))) files.set(file.number, file);
    }
  }
  return [...files.values()].sort((a, b) => a.number - b.number);
}

/** Files of a pattern from a number on, up to the first that is missing or not of the set. */
async function openFollowing(pattern: DumpFilePattern, from: number, guid: string, storage: Storage): Promise<FoundFiles> {
  const given: DumpFile[] = [];
  for (let number = from; number <= MAX_SET_FILES; number += 1) {
    const path = dumpFilePath(pattern, number);
    if (path === undefined || !(await storage.exists(path))) break;
    try {
      const file = await openDumpFile(path, storage);
      if (file.header.guid !== guid) break;
      given.push(file);
    } catch (error) {
      return { given, stoppedBy: toPumpError(error) };
    }
  }
  return { given, stoppedBy: undefined };
}

function isWhole(files: readonly DumpFile[]): boolean {
  const listed = files.find(({ trailer }) => trailer.files !== undefined)?.trailer.files;
  return listed !== undefined && listed.length === files.length;
}

/** A header is not to be believed: a name must not lead out of the folder. */
function siblingPatterns(files: readonly DumpFile[], folders: readonly string[]): readonly DumpFilePattern[] {
  const patterns = files.flatMap(({ path, header }) => {
    const own = isUrl(path) ? path.slice(0, path.lastIndexOf("/")) : dirname(path);
    const names = header.fileNames.filter(isPlainName);
    return [own, ...folders].flatMap((directoryPath) => names.map((name) => ({ directoryPath, name })));
  });
  return [...new Map(patterns.map((pattern) => [JSON.stringify(pattern), pattern])).values()];
}

function isPlainName(name: string): boolean {
  return name !== "" && !/[/\\\0]/.test(name) && name !== "." && name !== "..";
}

async function openDumpFile(path: string, storage: Storage): Promise<DumpFile> {
  const reader = await storage.open(path);
  try {
    const firstBlock = await readFirstBlock(reader);
    const foreign = hasHeaderMagic(firstBlock) ? undefined : identifyForeign(firstBlock);
    if (foreign !== undefined) throw refuseForeign(path, foreign);
    return await readDumpFile(reader, firstBlock);
  } finally {
    await reader.close();
  }
}

function refuseForeign(path: string, foreign: ForeignFile): Error {
  switch (foreign.fileType) {
    case 1: {
      const version = foreign.items.get(ITEM.FILE_VERSION) ?? "";
      const hint = "The file was written by Oracle's own Data Pump; tsdp reads the dump files of tsdp only.";
      return pumpError([...BAD_DUMP_FILE, ["ORA-39142", version, path]], hint);
    }
    case 2:
      return pumpError(
        [...BAD_DUMP_FILE, ["ORA-39143", path]],
        "The file was written by Oracle's exp; tsdp reads the dump files of tsdp only.",
      );
    case 3:
      return invalidDumpFile(path, "it is a file of an ORACLE_DATAPUMP external table");
  }
}
