import { extname } from "node:path";
import { causeLines, pumpError, PumpError, type StackEntry } from "../base/errors.ts";
import type { Credentials } from "../catalog/credentials.ts";
import type { DirectoryPrivilege } from "../catalog/directory-grants.ts";
import type { GrantedDirectories } from "../catalog/granted-directories.ts";
import { dumpFileName, isUrl, patternPath } from "../dump/names.ts";
import { dumpFilesOf, type JobDefinition, type JobFile } from "../job/definition.ts";
import { isNetworkImport } from "../job/source-database.ts";
import { KU } from "./constants.ts";
import { urlPlace, type UrlPlace } from "./dump-urls.ts";
import { badDumpFile, invalidArgument } from "./refusals.ts";

/** In bytes: 40 KB and 16 TB. */
const MIN_FILE_SIZE = 40 * 1024;
const MAX_FILE_SIZE = 16 * 1024 ** 4;

/** The arguments of ADD_FILE; FILETYPE is one of KU, as `addFile` takes it. */
export interface FileArguments {
  readonly filename: string | null;
  readonly directory: string | null;
  readonly filesize: string | null;
  readonly filetype: number;
  readonly reusefile: number | null;
}

/** What the names in ADD_FILE's `directory` stand for. */
export interface FilePlaces {
  readonly directories: GrantedDirectories;
  readonly credentials: Credentials;
  /** A further dump file then needs no directory of its own. */
  readonly isStarted: boolean;
}

/**
 * ADD_FILE as a change of the definition: the directory object becomes a path here, since the job records paths.
 * @throws ORA-39001 with ORA-39030 (file type) or ORA-39208 (SQL file of another job) inside; for the rest ORA-39001 and ORA-39000
 * (dump file), ORA-39002 and ORA-39070 (log file) or ORA-39001 (SQL file) with ORA-39144, ORA-39145, ORA-39087, ORA-39088, ORA-29283, ORA-39135, ORA-39051 or ORA-39402 inside; for a dump file
 * in an object store see `urlPlace`.
 */
export function addFile(definition: JobDefinition, file: FileArguments, places: FilePlaces): Partial<JobDefinition> {
  const type = fileType(definition, file.filetype);
  const refuse = REFUSALS[type];
  const place = placeOf(definition, file, type, places, refuse);
  if (type === "dump") checkReuse(file);
  if (type === "dump" && isNetworkImport(definition)) throw pumpError([["ORA-39002"], ["ORA-39114"]]);
  const added: JobFile = {
    type,
    ...place,
    fileSize: type === "dump" && definition.operation === "EXPORT" ? parseFileSize(file.filesize) : null,
    reuse: type !== "dump" || file.reusefile === 1,
  };
  checkClash(definition.files, added, refuse);
  return { files: [...definition.files, added] };
}

type FileType = JobFile["type"];
type Refusal = (...causes: readonly StackEntry[]) => PumpError;

function placeOf(
  definition: JobDefinition,
  { filename, directory, filetype }: FileArguments,
  type: FileType,
  { directories, credentials, isStarted }: FilePlaces,
  refuse: Refusal,
): UrlPlace {
  if (filetype === KU.FILE_TYPE_URIDUMP_FILE) return urlPlace(definition, filename ?? "", directory, credentials);
  const name = type === "dump" ? dumpName(definition, filename ?? "") : textFileName(filename ?? "", type, refuse);
  return { name, ...folderOf(definition, directory, type, { directories, isStarted }, refuse) };
}

function folderOf(
  definition: JobDefinition,
  directory: string | null,
  type: FileType,
  { directories, isStarted }: Omit<FilePlaces, "credentials">,
  refuse: Refusal,
): Pick<JobFile, "directory" | "directoryPath"> {
  const privilege = type === "dump" && definition.operation !== "EXPORT" ? "READ" : "WRITE";
  if (directory !== null && directory !== "")
    return { directory, directoryPath: resolveDirectory(directories, directory, privilege, refuse) };
  const last = isStarted && type === "dump" ? lastFolder(definition) : undefined;
  if (last === undefined) throw refuse(["ORA-39145"]);
  // Only for the privilege: DATA_PUMP_DIR may be another folder in this session.
  resolveDirectory(directories, last.directory, privilege, refuse);
  return last;
}

/** Where the last dump file of a job is that is no object of a store. */
function lastFolder(definition: JobDefinition): Pick<JobFile, "directory" | "directoryPath"> | undefined {
  const file = dumpFilesOf(definition).findLast(({ directoryPath }) => !isUrl(directoryPath));
  return file === undefined ? undefined : { directory: file.directory, directoryPath: file.directoryPath };
}

const REFUSALS: Readonly<Record<FileType, Refusal>> = {
  dump: (...causes) => badDumpFile(undefined, ...causes),
  log: (...causes) => pumpError([["ORA-39002"], ["ORA-39070"], ...causes]),
  sql: (...causes) => invalidArgument(...causes),
};

function fileType({ operation }: JobDefinition, filetype: number): FileType {
  switch (filetype) {
    case KU.FILE_TYPE_DUMP_FILE:
    case KU.FILE_TYPE_URIDUMP_FILE:
      return "dump";
    case KU.FILE_TYPE_LOG_FILE:
      return "log";
    case KU.FILE_TYPE_SQL_FILE:
      if (operation !== "SQL_FILE") throw invalidArgument(["ORA-39208", "SQLFILE", operation]);
      return "sql";
    default:
      throw invalidArgument(["ORA-39030", String(filetype)]);
  }
}

function dumpName({ operation }: JobDefinition, filename: string): string {
  return dumpFileName(filename, operation === "EXPORT" ? new Date() : null);
}

/** A name must not leave its directory, nor mean another one on another system. */
function textFileName(name: string, type: "log" | "sql", refuse: Refusal): string {
  if (name === "") throw refuse(["ORA-39144"]);
  if (/[/\\\0]/.test(name) || name === "." || name === "..") throw refuse(["ORA-39088"]);
  return extname(name) === "" ? `${name}.${type}` : name;
}

function checkReuse({ reusefile }: FileArguments): void {
  if (reusefile !== null && reusefile !== 0 && reusefile !== 1) {
    throw invalidArgument(["ORA-39207", String(reusefile), "REUSEFILE"]);
  }
}

/** Bytes; null: no limit. @throws ORA-31654 for what is no size, ORA-31618 for one outside 40 KB to 16 TB. */
export function parseFileSize(text: string | null): number | null {
  const [, digits, unit = "B"] = /^\s*(\d{1,15})\s*([BKMGT]|[KMGT]B)?\s*$/i.exec(text ?? "0") ?? [];
  if (digits === undefined) throw invalidArgument(["ORA-39000"], ["ORA-31654"]);
  if (Number(digits) === 0) return null;
  const size = Number(digits) * 1024 ** "BKMGT".indexOf(unit.charAt(0).toUpperCase());
  if (size < MIN_FILE_SIZE || size > MAX_FILE_SIZE) throw invalidArgument(["ORA-39000"], ["ORA-31618", 40, 16]);
  return size;
}

function resolveDirectory(directories: GrantedDirectories, name: string, privilege: DirectoryPrivilege, refuse: Refusal): string {
  try {
    return directories.resolve(name, privilege);
  } catch (error) {
    throw refuse(...causeLines(error));
  }
}

function checkClash(files: readonly JobFile[], added: JobFile, refuse: Refusal): void {
  if (added.type !== "dump" && files.some(({ type }) => type === added.type))
    throw new PumpError(
      refuse(["ORA-39051", added.type === "log" ? "LOGFILE" : "SQLFILE"]).lines,
      "A job has one such file, and this one has been given it already.",
    );
  const path = patternPath(added);
  const other = files.find((file) => patternPath(file) === path);
  if (other === undefined) return;
  throw other.type === "dump" && added.type === "dump" ? refuse(["ORA-39135", path]) : refuse(["ORA-39402", path]);
}
