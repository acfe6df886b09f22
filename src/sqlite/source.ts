import { causeLines, codeOf, PumpError, pumpError } from "../base/errors.ts";
import { openDatabase, type Connection } from "./database.ts";
import { addHash } from "./sample.ts";
import { Stage } from "./stage.ts";

const HOT_JOURNAL = "SQLITE_READONLY_ROLLBACK";
const HOT_JOURNAL_ATTEMPTS = 50;

/**
 * Opens a schema file once for reading and writing, so that SQLite rolls back what a killed writer left (a hot journal, a
 * WAL without its index), which a read-only connection can't.
 * @throws ORA-39002 with SQLite's cause: no database, locked, can't be opened.
 */
export function recoverSource(schema: string, path: string): void {
  try {
    const connection = openDatabase(path, { mustExist: true });
    try {
      connection.prepare("SELECT count(*) FROM sqlite_schema").get();
    } finally {
      connection.close();
    }
  } catch (error) {
    throw sourceError(schema, path, error);
  }
}

/** Opens a schema file read-only, ready to begin a snapshot and to stage pieces from it. */
export function openSource(schema: string, path: string): Connection {
  for (let attempt = 1; ; attempt++) {
    let connection: Connection | undefined;
    try {
      connection = openDatabase(path, { readonly: true, mustExist: true });
      Stage.prepare(connection);
      addHash(connection);
      return connection;
    } catch (error) {
      connection?.close();
      if (!isHotJournal(error) || attempt === HOT_JOURNAL_ATTEMPTS) throw sourceError(schema, path, error);
      recoverSource(schema, path);
    }
  }
}

/**
 * Whether a read-only connection met a journal that looks like that of a dead writer. Beside one that commits all the time it may
 * only look so for a moment; a connection that may write tells, and rolls back what has to be.
 */
export function isHotJournal(error: unknown): boolean {
  if (error instanceof PumpError) return error.lines.some(({ code }) => code === HOT_JOURNAL);
  return codeOf(error) === HOT_JOURNAL;
}

/** Begins a read transaction and fixes its snapshot by a first read. */
export function beginSnapshot(connection: Connection): void {
  connection.exec("BEGIN");
  connection.prepare("SELECT count(*) FROM main.sqlite_schema").get();
}

/** Changes when another connection has committed to the file. The connection must not be in a transaction. */
export function dataVersion(connection: Connection): number {
  return connection.pragma("main.data_version", { simple: true }) as number;
}

/** @throws the error of a schema file that can't be read, with the cause and what to do. */
export function sourceError(schema: string, path: string, error: unknown): Error {
  return pumpError(
    [["ORA-39002"], ["ORA-39097", `for schema ${schema} in "${path}"`], ...causeLines(error)],
    sourceHint(codeOf(error)),
    error,
  );
}

function sourceHint(code: string): string {
  if (code.startsWith("SQLITE_BUSY"))
    return "Another program holds the file locked; try again when it has finished its transaction.";
  if (code === "SQLITE_NOTADB")
    return "The file is no SQLite database, or it is encrypted; take it out of the folder or name the schemas to export.";
  if (code.startsWith("SQLITE_CORRUPT"))
    return "The file is damaged so far that its schema can't be read; restore it from a backup.";
  if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN")) {
    return "Check the permissions of the file and its folder: a database with a WAL or a hot journal needs write access once.";
  }
  return "Check that the file is a SQLite database that this user may read.";
}
