import { isAbsolute, normalize, sep } from "node:path";
import { pumpError, type PumpError } from "../base/errors.ts";
import { isSchemaFile } from "../catalog/schemas.ts";
import type { MetadataRemap } from "./definition.ts";

type PathRemap = Pick<MetadataRemap, "name" | "oldValue" | "value">;

/** The remaps that are about paths of directory objects. */
export const PATH_REMAPS: ReadonlySet<string> = new Set(["REMAP_DATAFILE", "REMAP_DIRECTORY"]);

/**
 * Two absolute paths: REMAP_DIRECTORY is about all paths below one, REMAP_DATAFILE about one, or about all below it when both end with a
 * slash.
 * @throws ORA-39001 with ORA-39071
 */
export function checkPathRemap({ name, oldValue, value }: PathRemap): void {
  const paths = [oldValue, value];
  if (paths.some((path) => !isAbsolute(path) || /\p{Cc}/u.test(path)))
    throw badlyFormed(name, `Give two absolute paths, such as ${name}='/old/':'/new/'. ${WHERE_FILES_GO}`);
  if (name === "REMAP_DATAFILE" && endsAsFolder(oldValue) !== endsAsFolder(value))
    throw badlyFormed(name, "End both paths with a slash, for all paths below the first, or none.");
  if (paths.some((path) => isSchemaFile(path)))
    throw badlyFormed(name, `It changes the paths of directory objects. ${WHERE_FILES_GO}`);
}

/** What two remaps of one path have in common. */
export function pathKey(oldValue: string): string {
  return folderOf(oldValue);
}

/** Where a directory object of a dump leads. Of several remaps that are about the path the one of the longest path counts. */
export function remappedPath(remaps: readonly PathRemap[], path: string): string {
  const own = folderOf(path);
  const fitting = remaps
    .filter(({ name, oldValue }) => PATH_REMAPS.has(name) && !isSchemaFile(oldValue))
    .map((remap) => ({ from: folderOf(remap.oldValue), to: folderOf(remap.value), isPrefix: isPrefix(remap) }))
    .filter(({ from, isPrefix }) => own === from || (isPrefix && own.startsWith(below(from))))
    .sort((a, b) => b.from.length - a.from.length);
  const [remap] = fitting;
  if (remap === undefined) return path;
  return own === remap.from ? remap.to : below(remap.to) + own.slice(below(remap.from).length);
}

function isPrefix({ name, oldValue }: PathRemap): boolean {
  return name === "REMAP_DIRECTORY" || endsAsFolder(oldValue);
}

function endsAsFolder(path: string): boolean {
  return path.endsWith("/") || path.endsWith(sep);
}

/** Without the slash at its end, but for the root. */
function folderOf(path: string): string {
  const normal = normalize(path);
  return endsAsFolder(normal) && normal.length > 1 ? normal.slice(0, -1) : normal;
}

function below(folder: string): string {
  return endsAsFolder(folder) ? folder : folder + sep;
}

const WHERE_FILES_GO =
  "REMAP_DATAFILE says where the file of a schema is put, the connect string chooses the folder of the database.";

function badlyFormed(name: string, hint: string): PumpError {
  return pumpError([["ORA-39001"], ["ORA-39071", name]], hint);
}
