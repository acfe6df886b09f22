import { join, resolve } from "node:path";
import { causeLines, pumpError, toPumpError } from "../base/errors.ts";
import type { Directories } from "../catalog/directories.ts";
import { isUrl } from "../dump/names.ts";
import { isOpenDatabase } from "../job/jobs.ts";
import { NO_PLACE_KEYS, openPlaces } from "../job/place-access.ts";
import { readableUrl } from "./dump-urls.ts";
import type { DumpfileInfo } from "./status-types.ts";

/** Who asks, and what the names stand for. */
export interface Asker {
  readonly user: string;
  readonly home: string;
  readonly directories: Directories;
  readonly currentDirectory: string;
}

/**
 * GET_DUMPFILE_INFO: what header and trailer of a dump file say.
 * @param filename a name, a path or a URL
 * @param directory a directory object, or null for a path of the client; of a URL a credential, or null.
 * @throws ORA-39211 with the causes inside.
 */
export async function dumpfileInfo(filename: string, directory: string | null, asker: Asker): Promise<DumpfileInfo> {
  const { path, keys } = isUrl(filename)
    ? await readableUrl(filename, directory ?? "", asker).catch(notRetrieved)
    : { path: filePath(filename, directory, asker), keys: NO_PLACE_KEYS };
  if (isOpenDatabase(path)) throw pumpError([["ORA-39211"], ["ORA-31619", path]]);
  const { dumpFileInfo } = await import("../dump/info.ts");
  const { fileType, items } = await dumpFileInfo(path, openPlaces(keys, isOpenDatabase));
  return { filetype: fileType, infoTable: items.map(({ code, value }) => ({ itemCode: code, value })) };
}

function filePath(filename: string, directory: string | null, { directories, currentDirectory }: Asker): string {
  if (!filename) throw pumpError([["ORA-39211"], ["ORA-39144"]]);
  if (directory === null || directory === "") return resolve(currentDirectory, filename);
  if (/[/\\\0]/.test(filename)) throw pumpError([["ORA-39211"], ["ORA-39088"]]);
  try {
    return join(directories.resolve(directory), filename);
  } catch (error) {
    throw pumpError([["ORA-39211"], ...causeLines(error)], undefined, error);
  }
}

/** ORA-39211 in place of the lines that say "invalid argument" to a job. */
function notRetrieved(reason: unknown): never {
  const error = toPumpError(reason);
  const causes = error.lines.filter(({ code }) => !["ORA-39001", "ORA-39000", "ORA-39002"].includes(code));
  throw pumpError([["ORA-39211"], ...causes], error.hint, error);
}
