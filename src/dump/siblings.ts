import { basename, dirname } from "node:path";
import type { Storage } from "../storage/storage.ts";
import { readDumpFile, readFirstBlock, readHeader, type DumpFile } from "./file-ends.ts";
import type { SetAllowance } from "./limits.ts";
import { isUrl } from "./names.ts";

/** A file of which no more than the header is wanted. */
export type UnwantedFile = Pick<DumpFile, "path" | "header">;

/** Where files of a set are looked for, and how many. */
export interface Siblings {
  readonly storage: Storage;
  /** Further places to look in than those of the files that are known. */
  readonly folders: readonly string[];
  readonly allowance: SetAllowance;
}

/** Whether a header is of a file of the set that is not known yet. */
export function isMissing(header: DumpFile["header"], guid: string, known: ReadonlyMap<number, DumpFile>): boolean {
  return header.guid === guid && !known.has(header.fileNumber);
}

export function isRead(file: DumpFile | UnwantedFile): file is DumpFile {
  return "segments" in file;
}

/** Opens a file of the set that is not known yet. A copy of a known one, or a file of another set, takes nothing of the allowance. */
export async function openMissing(
  path: string,
  guid: string,
  known: ReadonlyMap<number, DumpFile>,
  { storage, allowance }: Siblings,
): Promise<DumpFile | UnwantedFile> {
  const reader = await storage.open(path);
  try {
    const firstBlock = await readFirstBlock(reader);
    const { header } = await readHeader(reader, firstBlock);
    if (!isMissing(header, guid, known)) return { path, header };
    return await allowance.takeIfKept(() => readDumpFile(reader, firstBlock, allowance));
  } finally {
    await reader.close();
  }
}

/**
 * Whether a file on the disk may be a database that another part of the same program has open: to read it by other means than SQLite
 * would drop the locks on it. For the same reason only likely names are looked into there.
 */
export function isOfDatabase(path: string): boolean {
  return /\.(?:db|db3|sqlite|sqlite3)$|-(?:wal|shm|journal)$/i.test(basename(path));
}

/** Of a path, or of a URL. */
export function folderOf(path: string): string {
  return isUrl(path) ? path.slice(0, path.lastIndexOf("/")) : dirname(path);
}
