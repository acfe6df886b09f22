import { pumpError } from "../base/errors.ts";
import { storageClass } from "../base/storage-class.ts";
import type { Connection } from "./database.ts";
import type { TableShape, TextEncoding } from "./schema.ts";
import { registerShuffling, type ShuffledColumn } from "./shuffle.ts";

/** A value that is not NULL, as SQL functions get it. */
export type Value = string | bigint | number | Uint8Array;

/** A column whose values are replaced on their way. */
export interface ColumnReplacement {
  readonly column: string;
  /** The column with its table, as an error names it. */
  readonly shown: string;
  readonly isNullable: boolean;
  /** Whether it is the INTEGER PRIMARY KEY. */
  readonly isRowid: boolean;
  /** Null is NULL. It is not asked about NULL, which stays. */
  readonly replace: (value: Value) => unknown;
}

/** Name of the SQL function while a statement replaces values. */
const FUNCTION = "tsdp_replace";

/**
 * The columns of one table whose values are replaced by a function of JavaScript, or by those of other rows. SQLite calls the function for
 * its columns only: all others go from table to table as they are.
 */
export class Replacements {
  readonly #columns: readonly ColumnReplacement[];
  /** Columns whose values change places; `valueSql` leaves them as they are, for `insertShuffled`. */
  readonly shuffled: readonly ShuffledColumn[];

  constructor(columns: readonly ColumnReplacement[], shuffled: readonly ShuffledColumn[] = []) {
    this.#columns = columns;
    this.shuffled = shuffled;
  }

  /** Whether the INTEGER PRIMARY KEY is one of the columns: then nothing may tell what it was. */
  get hidesRowid(): boolean {
    return [...this.#columns, ...this.shuffled].some(({ isRowid }) => isRowid);
  }

  /** The same of a table whose columns have other names. */
  renamed(names: ReadonlyMap<string, string>): Replacements {
    const renamed = <T extends { readonly column: string }>(of: T): T => ({ ...of, column: names.get(of.column) ?? of.column });
    return new Replacements(this.#columns.map(renamed), this.shuffled.map(renamed));
  }

  /** Makes the functions known to a connection, for the statements that are prepared afterwards. */
  register(connection: Connection): void {
    if (this.#columns.length + this.shuffled.length > 0) registerReplacements(connection, () => this);
  }

  /** @throws TSDP-00060, which names column and row and never a value */
  replace(number: number, call: Call): Value | null {
    const column = this.#columns[number];
    if (column === undefined) throw new Error(`no column ${number} is replaced`);
    return replaced(column, call);
  }

  /** A value as a statement selects it. @param reference SQL that addresses the column; @param rowid SQL, for the error */
  valueSql(column: string, reference: string, rowid: string | null): string {
    const number = this.#columns.findIndex((replacement) => replacement.column === column);
    if (number < 0) return reference;
    return `${FUNCTION}(${number}, ${reference}, CAST(${reference} AS BLOB), ${this.hidesRowid ? "NULL" : (rowid ?? "NULL")})`;
  }

  /** The rowid as a statement selects it. @param reference SQL that addresses it */
  rowidSql({ integerPrimaryKey }: TableShape, reference: string): string {
    return integerPrimaryKey === null ? reference : this.valueSql(integerPrimaryKey, reference, null);
  }
}

/** Makes the functions known to a connection; `current` says which columns the statement that runs replaces. */
export function registerReplacements(connection: Connection, current: () => Replacements): void {
  const encoding = connection.pragma("main.encoding", { simple: true }) as TextEncoding;
  registerShuffling(connection);
  // Direct only: a view or a trigger of the database must not get to it.
  const options = { safeIntegers: true, directOnly: true };
  connection.function(FUNCTION, options, (number: unknown, value: unknown, bytes: unknown, row: unknown) =>
    value === null ? null : current().replace(Number(number), { value: value as Value, bytes, row, encoding }),
  );
}

export const NO_REPLACEMENTS = new Replacements([]);

interface Call {
  readonly value: Value;
  readonly bytes: unknown;
  readonly row: unknown;
  readonly encoding: TextEncoding;
}

/** @throws TSDP-00060, which names column and row and never a value */
function replaced(column: ColumnReplacement, call: Call): Value | null {
  const refuse = (reason: string): never => {
    const place = typeof call.row === "bigint" ? `in the row with rowid ${call.row}` : "in a row";
    throw pumpError([["TSDP-00060", column.shown, `${place}, ${reason}`]]);
  };
  if (typeof call.value === "string" && !isExact(call.value, call.bytes, call.encoding))
    return refuse(`its text is not valid ${call.encoding}`);
  let made: unknown;
  try {
    made = column.replace(call.value);
  } catch (error) {
    return refuse(reasonOf(error));
  }
  if (made === null) return column.isNullable ? null : refuse("its function gives NULL, which the column does not take");
  const fault = faultOf(made, call.value);
  return fault === null ? (made as Value) : refuse(fault);
}

/** Whether the string is the text: invalid bytes have become replacement characters on the way. */
function isExact(text: string, bytes: unknown, encoding: TextEncoding): boolean {
  if (!(bytes instanceof Uint8Array)) return false;
  const encoded = encoding === "UTF-8" ? Buffer.from(text, "utf8") : Buffer.from(text, "utf16le");
  return (encoding === "UTF-16be" ? encoded.swap16() : encoded).equals(bytes);
}

/** What is wrong with a result; null: nothing. It has to be of the class of what it replaces, so that no affinity changes it. */
function faultOf(made: unknown, value: Value): string | null {
  if (typeof made === "object" && made !== null && "then" in made) return "its function gives a Promise";
  if (storageClass(made) !== storageClass(value))
    return `its function gives ${described(made)} in place of a value of class ${String(storageClass(value))}`;
  if (typeof made === "string" && /\p{Surrogate}/u.test(made)) return "its function gives text with half a surrogate pair";
  if (typeof made === "bigint" && BigInt.asIntN(64, made) !== made) return "its function gives an integer of more than 64 bits";
  if (typeof made === "number" && Number.isNaN(made)) return "its function gives NaN";
  return null;
}

function described(made: unknown): string {
  const known = storageClass(made);
  return known === null ? `a value of type ${typeof made}` : `one of class ${known}`;
}

/** The reason of a failure that is known to tell no value; of any other error its kind only, since its message may. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "MaskFailure") return error.message;
  const kind = KINDS.find((known) => error instanceof known)?.name ?? "Error";
  return `its function fails with ${kind === "Error" ? "an error" : `a ${kind}`}`;
}

const KINDS = [TypeError, RangeError, ReferenceError, SyntaxError, Error] as const;
