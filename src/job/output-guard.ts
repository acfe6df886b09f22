import { closeSync, existsSync, lstatSync, openSync, readlinkSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pumpError, type PumpError } from "../base/errors.ts";
import { isSchemaPath, schemaFiles } from "../catalog/schemas.ts";
import { isOpenDatabase } from "./jobs.ts";

const SQLITE_MAGIC = "SQLite format 3\0";
/** As many as Linux follows. */
const MAX_LINKS = 40;
const COMPANIONS = ["", "-wal", "-shm", "-journal"];

/**
 * Refuses a path that a job is to write to when it leads to a schema of the database, to what SQLite keeps beside one, or to
 * any other SQLite file: under another name, through a link, or by a name that SQLite is about to use.
 * @throws ORA-29283 as the innermost line of the stack that `wrap` makes
 */
export function assertNoDatabase(database: string, path: string, wrap: (cause: PumpError) => PumpError): void {
  const real = realPath(path);
  const schemas = schemaFiles(database).flatMap((schema) => COMPANIONS.map((suffix) => realPath(schema.path) + suffix));
  if (
    schemas.includes(real) ||
    isSchemaPath(database, real) ||
    isSameFile(schemas, path) ||
    isOpenDatabase(path) ||
    isSqliteFile(path)
  ) {
    const cause = pumpError(
      [["ORA-29283", `"${path}" is a SQLite database or belongs to one`]],
      "Choose another file name: a job never writes over a database.",
    );
    throw wrap(cause);
  }
}

/**
 * Refuses a path at which a log or a script would replace a dump file, or is no regular file.
 * @throws ORA-39402, ORA-29283
 */
export function assertNoneOf(dumpFiles: readonly string[], path: string): void {
  const identity = statSync(path, { bigint: true, throwIfNoEntry: false });
  const isDump = dumpFiles.some((dump) => {
    const other = statSync(dump, { bigint: true, throwIfNoEntry: false });
    return dump === path || (identity !== undefined && other?.ino === identity.ino && other.dev === identity.dev);
  });
  if (isDump) throw pumpError([["ORA-39402", path]]);
  if (identity !== undefined && !identity.isFile()) throw pumpError([["ORA-29283", `"${path}" is no regular file`]]);
}

/** The path with links followed as far as there are any, also one that leads to a file that is still to be made. */
function realPath(path: string, links = 0): string {
  if (existsSync(path)) return realpathSync(path);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && links < MAX_LINKS) {
    return realPath(resolve(dirname(path), readlinkSync(path)), links + 1);
  }
  return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path;
}

function isSameFile(schemas: readonly string[], path: string): boolean {
  const identity = (file: string) => {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    return stat && `${stat.dev}:${stat.ino}`;
  };
  const wanted = identity(path);
  return wanted !== undefined && schemas.some((schema) => identity(schema) === wanted);
}

/** Called after it is known that no connection of this process holds the file: only then may it be opened by other means. */
function isSqliteFile(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const start = Buffer.alloc(SQLITE_MAGIC.length);
  const descriptor = openSync(path, "r");
  try {
    readSync(descriptor, start);
  } finally {
    closeSync(descriptor);
  }
  return start.toString("latin1") === SQLITE_MAGIC;
}
