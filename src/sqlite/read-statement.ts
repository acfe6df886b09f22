import { causeLines, codeOf, pumpError } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import { cellValue, fetchedAs, type CellValue } from "./cell-value.ts";
import type { Connection } from "./database.ts";
import type { TextEncoding } from "./schema.ts";
import { bareStatement, hasTail } from "./statement-end.ts";

/** What may begin a statement that only reads. PRAGMA and ATTACH act while they are prepared, so nothing else ever is. */
const READING: ReadonlySet<string> = new Set(["SELECT", "WITH", "VALUES"]);
/** What begins one of the other statements of SQLite. */
const OTHERS: ReadonlySet<string> = new Set([
  ...[
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "COMMIT",
    "CREATE",
    "DELETE",
    "DETACH",
    "DROP",
    "END",
    "EXPLAIN",
    "INSERT",
    "PRAGMA",
  ],
  ...["REINDEX", "RELEASE", "REPLACE", "ROLLBACK", "SAVEPOINT", "UPDATE", "VACUUM"],
]);
const RULES = "The statement follows the rules of SQLite's SELECT.";
const OPENING: ReadonlySet<string> = new Set(["OpenRead", "OpenWrite", "ReopenIdx"]);

/** A table that a statement reads, and the name under which its database is attached. */
export interface ReadTable {
  readonly database: string;
  readonly table: string;
}

/**
 * The statement without what is around it.
 * @throws ORA-39001 for another one than a SELECT, or more than one
 */
export function checkedStatement(sql: string): string {
  const { text, firstWord } = bareStatement(sql);
  if (firstWord === "") throw refused("there is no statement");
  if (!READING.has(firstWord)) throw OTHERS.has(firstWord) ? refused(`${firstWord} does not only read`) : noStatement(text);
  if (sql.includes("\0")) throw refused("a NUL character in the statement");
  if (hasTail(sql, "select")) throw refused("more than one statement");
  return text;
}

/** One SELECT, ready to be run. @throws ORA-39001 with SQLite's own words */
export class ReadStatement {
  readonly columns: readonly string[];
  readonly #connection: Connection;
  readonly #sql: string;
  readonly #encoding: TextEncoding;

  /** @param sql as `checkedStatement` returns it */
  constructor(connection: Connection, sql: string) {
    this.#connection = connection;
    this.#sql = sql;
    this.#encoding = connection.pragma("encoding", { simple: true }) as TextEncoding;
    this.columns = asStatementError(() => {
      const statement = connection.prepare(sql);
      if (!statement.readonly || !statement.reader) throw refused("the statement does not only read");
      return statement.columns().map(({ name }) => name);
    });
  }

  /** The tables whose rows it reads, one entry for each cursor; a table of a module is not among them. */
  tables(): readonly ReadTable[] {
    const steps = asStatementError(() => this.#connection.prepare(`EXPLAIN ${this.#sql}`).all()) as ProgramStep[];
    const databases = this.#connection.pragma("database_list") as { seq: number; name: string }[];
    return steps
      .filter(({ opcode, p2 }) => OPENING.has(opcode) && p2 > 1)
      .flatMap(({ p2, p3 }) => {
        const database = databases.find(({ seq }) => seq === p3)?.name;
        const table = database === undefined ? undefined : this.#tableAt(database, p2);
        return database === undefined || table === undefined ? [] : [{ database, table }];
      });
  }

  /**
   * The rows, one by one. The statement is inside another one that fetches each value with its storage class; the two LIMITs keep
   * SQLite from merging them, which would compute each value more than once.
   */
  *rows(): Generator<readonly CellValue[], void> {
    const names = this.columns.map((_, i) => `c${i + 1}`);
    const sql = `WITH "tsdp:rows"(${names.join(", ")}) AS (${this.#sql}\n)
      SELECT ${names.map(fetchedAs).join(", ")} FROM (SELECT * FROM "tsdp:rows" LIMIT -1) LIMIT -1`;
    try {
      const fetched = this.#connection.prepare(sql).raw().safeIntegers().iterate() as Iterable<unknown[]>;
      for (const row of fetched) yield row.map((cell) => cellValue(cell, this.#encoding));
    } catch (error) {
      throw statementError(error);
    }
  }

  #tableAt(database: string, rootPage: number): string | undefined {
    return this.#connection
      .prepare(`SELECT tbl_name FROM ${quoteIdentifier(database)}.sqlite_schema WHERE rootpage = ?`)
      .pluck()
      .get(BigInt(rootPage)) as string | undefined;
  }
}

interface ProgramStep {
  readonly opcode: string;
  readonly p2: number;
  readonly p3: number;
}

/** In the words of SQLite, which is not asked: what it prepares may act. */
function noStatement(text: string): Error {
  const [word = ""] = /^(?:[\w$\u0080-\uffff]+|[^])/.exec(text) ?? [];
  return pumpError([["ORA-39001"], { code: "SQLITE_ERROR", text: `near "${word}": syntax error` }], RULES);
}

function refused(reason: string): Error {
  return pumpError(
    [["ORA-39001"], ["TSDP-00010", reason]],
    "Give one SELECT; what a PRAGMA tells is in functions such as pragma_table_info('EMPLOYEES').",
  );
}

function asStatementError<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw statementError(error);
  }
}

function statementError(error: unknown): unknown {
  if (!codeOf(error).startsWith("SQLITE_")) return error;
  return pumpError([["ORA-39001"], ...causeLines(error)], RULES, error);
}
