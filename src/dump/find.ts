import { pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import { hasHeaderMagic } from "../format/header.ts";
import { ITEM } from "../format/items.ts";
import { MAX_SET_FILES } from "../format/trailer.ts";
import type { Storage } from "../storage/storage.ts";
import { BAD_DUMP_FILE, invalidDumpFile } from "./faults.ts";
import { hasSetList, readDumpFile, readFirstBlock, type DumpFile } from "./file-ends.ts";
import { identifyForeign, type ForeignFile } from "./foreign.ts";
import { MOST_NAMES, type SetAllowance } from "./limits.ts";
import { dumpFilePath, isTemplate, isUrl, type DumpFilePattern } from "./names.ts";
import { folderOf, isOfDatabase, isRead, openMissing, type Siblings, type UnwantedFile } from "./siblings.ts";
import { unnamedFiles } from "./unnamed-files.ts";

/** The dump files that names and templates stand for. */
export interface FoundFiles {
  readonly given: readonly DumpFile[];
  /** Why a template ended before a file that is there: it can't be read. */
  readonly stoppedBy: PumpError | undefined;
  /** Files at which templates ended since they are none of the set. */
  readonly passedOver: readonly string[];
}

/** The files of a set that are known, by their numbers, and those of other sets in the places of some. */
export interface FoundSet {
  readonly files: readonly DumpFile[];
  readonly foreign: readonly UnwantedFile[];
}

/** Opens every named file and those of templates. @throws as `DumpFileSet.open`, for the first file of a template as for a named one */
export async function openDumpFiles(
  files: readonly (string | DumpFilePattern)[],
  storage: Storage,
  allowance: SetAllowance,
): Promise<FoundFiles> {
  const given: DumpFile[] = [];
  const passedOver: string[] = [];
  let stoppedBy: PumpError | undefined;
  for (const file of files) {
    const path = typeof file === "string" ? file : (dumpFilePath(file, 1) ?? "");
    const first = await openDumpFile(path, storage, allowance);
    given.push(first);
    if (typeof file === "string" || !isTemplate(file.name)) continue;
    const more = await openFollowing(file, 2, first.header.guid, storage, (next) => openDumpFile(next, storage, allowance));
    given.push(...more.given);
    passedOver.push(...more.passedOver);
    stoppedBy ??= more.stoppedBy;
  }
  return { given, stoppedBy, passedOver };
}

/**
 * Adds the files of the set that the headers name, beside those that are known and in the further folders, and then those that no
 * header names, until the set is whole or there are no more.
 */
export async function addSiblings(known: readonly DumpFile[], siblings: Siblings): Promise<FoundSet> {
  const named = await followNames(known, siblings);
  if (isWhole(named.files)) return named;
  const found = await unnamedFiles(named.files, siblings);
  return found.length === 0 ? named : followNames([...named.files, ...found], siblings);
}

/** What a header says costs a look at the disk or a request: so no more than `MOST_NAMES` are followed. */
async function followNames(known: readonly DumpFile[], siblings: Siblings): Promise<FoundSet> {
  const strangers = new Map<string, UnwantedFile>();
  const files = new Map(known.map((file) => [file.number, file]));
  const guid = known[0]?.header.guid ?? "";
  const names = new Set<string>();
  const tried = new Set<string>();
  for (let queue = [...known]; queue.length > 0 && !isWhole([...files.values()]);) {
    const patterns = queue.flatMap((file) => siblingPatterns(file, siblings.folders));
    queue = [];
    for (const pattern of patterns) {
      const key = JSON.stringify(pattern);
      if (tried.has(key) || (names.size === MOST_NAMES && !names.has(pattern.name))) continue;
      names.add(pattern.name);
      tried.add(key);
      const open = async (path: string) => {
        const file = await openMissing(path, guid, files, siblings);
        if (isRead(file)) files.set(file.number, file);
        return file;
      };
      const { given, foreign } = await openFollowing(pattern, 1, guid, siblings.storage, open);
      if (foreign !== undefined) strangers.set(foreign.path, foreign);
      queue.push(...given);
    }
  }
  return { files: [...files.values()].sort((a, b) => a.number - b.number), foreign: [...strangers.values()] };
}

/** So many missing numbers end a template: a set that lost a file is told from one that ends. */
const MOST_MISSING = 10;

/** Files of a pattern from a number on, up to where none follow, or to one that is not of the set. */
async function openFollowing(
  pattern: DumpFilePattern,
  from: number,
  guid: string,
  storage: Storage,
  open: (path: string) => Promise<DumpFile | UnwantedFile>,
): Promise<FoundFiles & { readonly foreign?: UnwantedFile }> {
  const given: DumpFile[] = [];
  for (let number = from, missing = 0; number <= MAX_SET_FILES && missing < MOST_MISSING; number += 1) {
    const path = dumpFilePath(pattern, number);
    if (path === undefined) break;
    if (!(await storage.exists(path))) {
      missing += 1;
      continue;
    }
    missing = 0;
    try {
      const file = await open(path);
      if (file.header.guid !== guid) return { given, stoppedBy: undefined, passedOver: [path], foreign: file };
      if (isRead(file)) given.push(file);
    } catch (error) {
      return { given, stoppedBy: toPumpError(error), passedOver: [path] };
    }
  }
  return { given, stoppedBy: undefined, passedOver: [] };
}

function isWhole(files: readonly DumpFile[]): boolean {
  return files.find(hasSetList)?.trailer.files?.length === files.length;
}

/** A header is not to be believed: a name must not lead out of the folder, nor to a database. */
function siblingPatterns({ path, header }: DumpFile, folders: readonly string[]): readonly DumpFilePattern[] {
  const names = header.fileNames.filter(isPlainName);
  return [folderOf(path), ...folders].flatMap((directoryPath) =>
    names
      .filter((name) => (isUrl(directoryPath) ? isPlainInUrl(name) : !isOfDatabase(name)))
      .map((name) => ({ directoryPath, name })),
  );
}

function isPlainName(name: string): boolean {
  return name !== "" && !/[/\\\0]/.test(name) && name !== "." && name !== "..";
}

/** In a URL there are more ways to say where something else is; `%%` of a name becomes `%`. */
function isPlainInUrl(name: string): boolean {
  return !/[?#]/.test(name) && !/^(?:\.|%{1,2}2e){1,2}$/i.test(name) && !/%{1,2}(?:2f|5c|00)/i.test(name);
}

async function openDumpFile(path: string, storage: Storage, allowance: SetAllowance): Promise<DumpFile> {
  const reader = await storage.open(path);
  try {
    const firstBlock = await readFirstBlock(reader);
    const foreign = hasHeaderMagic(firstBlock) ? undefined : identifyForeign(firstBlock);
    if (foreign !== undefined) throw refuseForeign(path, foreign);
    return await readDumpFile(reader, firstBlock, allowance);
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
