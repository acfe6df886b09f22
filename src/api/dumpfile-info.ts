import { join, resolve } from "node:path";
import { causeLines, pumpError, toPumpError } from "../base/errors.ts";
import type { GrantedDirectories } from "../catalog/granted-directories.ts";
import { isUrl } from "../dump/names.ts";
import { isOpenDatabase } from "../job/jobs.ts";
import { NO_PLACE_KEYS, openPlaces, type PlaceKeys } from "../job/place-access.ts";
import { readableUrl } from "./dump-urls.ts";
import { rejecting } from "./session.ts";
import type { DumpfileInfo } from "./status-types.ts";

/** Who asks, and what the names stand for. */
export interface Asker {
  readonly user: string;
  readonly home: string;
  readonly directories: GrantedDirectories;
  readonly currentDirectory: string;
}

/**
 * GET_DUMPFILE_INFO: what header and trailer of a dump file say.
 * @param filename a name, a path or a URL
 * @param directory a directory object, or null for a path of the client; of a URL a credential, or null.
 * @throws ORA-39211 with the causes inside.
 */
export async function dumpfileInfo(filename: string, directory: string | null, asker: Asker): Promise<DumpfileInfo> {
  const place = isUrl(filename)
    ? await readableUrl(filename, directory ?? "", asker).catch(notRetrieved)
    : { path: filePath(filename, directory, asker), keys: NO_PLACE_KEYS };
  return infoOf(place);
}

/** The same of a file for which no database is asked: a path of the client, or a URL that is read as it is. */
export async function clientFileInfo(filename: string, currentDirectory: string): Promise<DumpfileInfo> {
  return rejecting(async () => {
    const nobody = { user: "", home: "" };
    if (isUrl(filename)) return infoOf(await readableUrl(filename, "", nobody).catch(notRetrieved));
    return infoOf({ path: clientPath(filename, currentDirectory), keys: NO_PLACE_KEYS });
  });
}

async function infoOf({ path, keys }: { readonly path: string; readonly keys: PlaceKeys }): Promise<DumpfileInfo> {
  if (isOpenDatabase(path)) throw pumpError([["ORA-39211"], ["ORA-31619", path]]);
  const { dumpFileInfo } = await import("../dump/info.ts");
  const { fileType, items } = await dumpFileInfo(path, openPlaces(keys, isOpenDatabase));
  return { filetype: fileType, infoTable: items.map(({ code, value }) => ({ itemCode: code, value })) };
}

function filePath(filename: string, directory: string | null, { directories, currentDirectory }: Asker): string {
  const path = clientPath(filename, currentDirectory);
  if (directory === null || directory === "") return path;
  if (/[/\\\0]/.test(filename)) throw pumpError([["ORA-39211"], ["ORA-39088"]]);
  try {
    return join(directories.resolve(directory, "READ"), filename);
  } catch (error) {
    throw pumpError([["ORA-39211"], ...causeLines(error)], undefined, error);
  }
}

function clientPath(filename: string, currentDirectory: string): string {
  if (!filename) throw pumpError([["ORA-39211"], ["ORA-39144"]]);
  return resolve(currentDirectory, filename);
}

/** ORA-39211 in place of the lines that say "invalid argument" to a job. */
function notRetrieved(reason: unknown): never {
  const error = toPumpError(reason);
  const causes = error.lines.filter(({ code }) => !["ORA-39001", "ORA-39000", "ORA-39002"].includes(code));
  throw pumpError([["ORA-39211"], ...causes], error.hint, error);
}
