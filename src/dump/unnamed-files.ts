import { extname } from "node:path";
import type { Storage } from "../storage/storage.ts";
import { hasSetList, isListed, readFileEnds, readFirstBlock, readHeader, type DumpFile, type FileEnds } from "./file-ends.ts";
import { MOST_LISTED, MOST_LOOKED_INTO } from "./limits.ts";
import { DEFAULT_EXTENSION, isUrl } from "./names.ts";
import { folderOf, isMissing, isOfDatabase, isRead, openMissing, type Siblings } from "./siblings.ts";

/**
 * The files of the set that its headers do not name: those that it got when it was full, which only later headers know, and those
 * that have another name by now.
 */
export async function unnamedFiles(known: readonly DumpFile[], siblings: Siblings): Promise<readonly DumpFile[]> {
  const guid = known[0]?.header.guid ?? "";
  const files = new Map(known.map((file) => [file.number, file]));
  let list = known.find(hasSetList)?.trailer.files;
  for (const path of await pathsClaiming(await pathsAround(known, siblings), guid, files, siblings.storage)) {
    const file = await siblings.allowance.takeIfKept(async () => {
      const opened = await openMissing(path, guid, files, siblings).catch(() => undefined);
      return opened !== undefined && isRead(opened) && (list === undefined || isListed(opened, list)) ? opened : undefined;
    });
    if (file === undefined) continue;
    files.set(file.number, file);
    list ??= file.trailer.files;
  }
  return [...files.values()].filter((file) => !known.includes(file));
}

/** The paths whose files say that they are missing ones of the set; first those with its list, which tells the right ones. */
async function pathsClaiming(
  paths: readonly string[],
  guid: string,
  known: ReadonlyMap<number, DumpFile>,
  storage: Storage,
): Promise<readonly string[]> {
  const [listing, others]: [string[], string[]] = [[], []];
  for (const path of paths) {
    const ends = await endsOfMissing(path, guid, known, storage);
    if (ends !== undefined) (hasSetList(ends) ? listing : others).push(path);
  }
  return [...listing, ...others];
}

/** Other files than the known ones in the same folders and in the further ones, those first whose names look like dump files. */
async function pathsAround(known: readonly DumpFile[], { storage, folders }: Siblings): Promise<readonly string[]> {
  const paths = new Set(known.map(({ path }) => path));
  const extensions = new Set([DEFAULT_EXTENSION]);
  for (const { path, header } of known)
    for (const name of [path, ...header.fileNames]) extensions.add(extname(name).toLowerCase());
  const isLikely = (path: string) => extensions.has(extname(path).toLowerCase());
  const around = new Set<string>();
  for (const folder of new Set([...known.map(({ path }) => folderOf(path)), ...folders]))
    for (const path of await storage.list(folder, MOST_LISTED))
      if (!paths.has(path) && (isUrl(path) || (isLikely(path) && !isOfDatabase(path)))) around.add(path);
  return [...around].sort((a, b) => Number(isLikely(b)) - Number(isLikely(a))).slice(0, MOST_LOOKED_INTO);
}

/** What begins and ends a file that says it is a missing one of the set; one that is none, or can't be read, is passed over. */
async function endsOfMissing(
  path: string,
  guid: string,
  known: ReadonlyMap<number, DumpFile>,
  storage: Storage,
): Promise<FileEnds | undefined> {
  try {
    const reader = await storage.open(path);
    try {
      const firstBlock = await readFirstBlock(reader);
      const { header } = await readHeader(reader, firstBlock);
      return isMissing(header, guid, known) ? await readFileEnds(reader, firstBlock) : undefined;
    } finally {
      await reader.close();
    }
  } catch {
    return undefined;
  }
}
