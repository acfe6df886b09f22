import { join, resolve } from "node:path";
import { causeLines, pumpError } from "../base/errors.ts";
import type { Directories } from "../catalog/directories.ts";
import { isOpenDatabase } from "../job/jobs.ts";
import type { DumpfileInfo } from "./status-types.ts";

/**
 * GET_DUMPFILE_INFO: what header and trailer of a dump file say.
 * @param directory a directory object, or null for a path of the client.
 * @throws ORA-39211 with the causes inside.
 */
export async function dumpfileInfo(
  filename: string,
  directory: string | null,
  directories: Directories,
  currentDirectory: string,
): Promise<DumpfileInfo> {
  const path = filePath(filename, directory, directories, currentDirectory);
  if (isOpenDatabase(path)) throw pumpError([["ORA-39211"], ["ORA-31619", path]]);
  const { dumpFileInfo } = await import("../dump/info.ts");
  const { fileType, items } = await dumpFileInfo(path);
  return { filetype: fileType, infoTable: items.map(({ code, value }) => ({ itemCode: code, value })) };
}

function filePath(filename: string, directory: string | null, directories: Directories, currentDirectory: string): string {
  if (!filename) throw pumpError([["ORA-39211"], ["ORA-39144"]]);
  if (directory === null || directory === "") return resolve(currentDirectory, filename);
  if (/[/\\\0]/.test(filename)) throw pumpError([["ORA-39211"], ["ORA-39088"]]);
  try {
    return join(directories.resolve(directory), filename);
  } catch (error) {
    throw pumpError([["ORA-39211"], ...causeLines(error)], undefined, error);
  }
}
