import Sqlite, { type Database } from "better-sqlite3";
import { compareRows } from "./rows.ts";
import { compareSchemas } from "./schemas.ts";
import { compareChecks, compareSettings, type Setting } from "./settings.ts";

/** One thing that is not the same in both files, described for a reader of a failed test. */
export interface Difference {
  readonly where: string;
  readonly a: string;
  readonly b: string;
}

export interface CompareOptions {
  /** Names of objects that are left out on both sides, tables with their rows. */
  readonly ignoreObjects?: readonly string[];
  /** Tables that have another name in B: name in A, name in B. */
  readonly renamedTables?: ReadonlyMap<string, string>;
  /** What the SQL text of A is expected to have become in B. Without it the SQL of renamed objects is not compared. */
  readonly rewriteSql?: (sql: string) => string;
  readonly ignoreSettings?: readonly Setting[];
  /** Whether `journal_mode` has to be the same; default false. */
  readonly journalMode?: boolean;
  /** Whether `integrity_check` and `foreign_key_check` have to say the same; default true. */
  readonly checks?: boolean;
  /** Differences reported of one table's rows, at most; default 10. */
  readonly rowLimit?: number;
}

/**
 * Everything that differs between two SQLite files, by plain SQL over read-only connections: schema rows byte for byte
 * (not their order), rows with rowids, storage classes and bytes, settings of the file, and what SQLite's own checks say.
 * Virtual tables are compared by their shadow tables. Knows nothing of the engine that it judges.
 */
export function compareDatabases(pathA: string, pathB: string, options: CompareOptions = {}): readonly Difference[] {
  const a = openSnapshot(pathA);
  try {
    const b = openSnapshot(pathB);
    try {
      return [
        ...compareSettings(a, b, options),
        ...compareSchemas(a, b, options),
        ...compareRows(a, b, options),
        ...(options.checks === false ? [] : compareChecks(a, b, options)),
      ];
    } finally {
      b.close();
    }
  } finally {
    a.close();
  }
}

function openSnapshot(path: string): Database {
  const database = new Sqlite(path, { readonly: true, fileMustExist: true });
  database.exec("BEGIN");
  return database;
}
