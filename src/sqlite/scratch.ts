import { foldName } from "../base/identifiers.ts";
import { openImage, openMemory } from "./database.ts";
import { BadImage } from "./piece-image.ts";
import {
  generatedColumns,
  listTables,
  readTableDefinition,
  readTableShape,
  type ListedTable,
  type SchemaObject,
  type TableDefinition,
  type TableShape,
  type TextEncoding,
} from "./schema.ts";
import { assertReadsRow } from "./query-clause.ts";
import type { RowFilter } from "./row-filter.ts";
import { isOwnName } from "./staging.ts";
import { firstWords, PLAIN_SPACE, statementFault } from "./statement-end.ts";
import { readTableFacts, type TableFacts } from "./table-facts.ts";

/** A definition that SQLite doesn't take for what it claims to be. */
export interface RejectedObject {
  readonly object: SchemaObject;
  readonly reason: string;
}

/** All definitions are read again for each that SQLite refuses; above so many readings the dump as a whole is refused. */
const MOST_PARSED = 500_000;
/** SQLite compares each index with all others of its table. */
const MOST_INDEXES = 1000;
/** Bytes of one definition. */
const MOST_SQL = 16 << 20;

/** Definitions out of a dump that SQLite has parsed: what their tables look like, and which were refused. */
export interface ProvenSchema {
  readonly tables: ReadonlyMap<string, ListedTable>;
  readonly rejected: readonly RejectedObject[];
  shape(table: string): TableShape;
  definition(table: string): TableDefinition;
  generatedColumns(table: string): readonly string[];
  facts(table: string): TableFacts | undefined;
  /** @throws BadClause, or SQLite's error, for a filter that can't be asked of each row by itself */
  assertReadsRow(table: string, filter: RowFilter): void;
  close(): void;
}

/**
 * Proves definitions by letting SQLite load them, never by running them: running can write files (VACUUM INTO), act at
 * prepare (PRAGMA) or not end (CREATE TABLE AS). The texts become the sqlite_schema of a scratch image; loading it,
 * SQLite checks of each that it creates an object of its type, name and table, and nothing else.
 * @throws BadImage when SQLite refuses too many
 */
export function proveSchema(objects: readonly SchemaObject[], encoding: TextEncoding): ProvenSchema {
  const rejected = rejectedByText(objects, encoding);
  const refused = new Set(rejected.map(({ object }) => object));
  let accepted = objects.filter((object) => !refused.has(object));
  for (let parsed = 0; parsed <= MOST_PARSED; parsed += accepted.length) {
    const failure = loadFailure(accepted, encoding);
    if (failure === null) return provenSchema(accepted, encoding, rejected);
    const culprits = new Set(culpritsOf(failure, accepted));
    if (culprits.size === 0) throw new BadImage(failure);
    rejected.push(...[...culprits].map((object) => ({ object, reason: failure })));
    accepted = accepted.filter((object) => !culprits.has(object));
  }
  throw new BadImage(`SQLite refuses more than ${rejected.length} of its definitions`);
}

/** What is known to be wrong without SQLite, and what it would not say, or take long to. */
export function rejectedByText(objects: readonly SchemaObject[], encoding: TextEncoding): RejectedObject[] {
  const indexes = new Map<string, number>();
  const indexNames = new Map<string, number>();
  for (const { type, name } of objects)
    if (type === "index") indexNames.set(foldName(name), (indexNames.get(foldName(name)) ?? 0) + 1);
  return objects.flatMap((object) => {
    // An automatic index: it comes and goes with its table.
    if (object.sql === null) return [];
    const count = (indexes.get(foldName(object.tableName)) ?? 0) + 1;
    if (object.type === "index") indexes.set(foldName(object.tableName), count);
    const reason =
      nameProblem(object) ??
      definitionProblem(object, object.sql, encoding) ??
      (object.type === "index" && count > MOST_INDEXES ? `its table has more than ${MOST_INDEXES} indexes` : null) ??
      (object.type === "index" && indexNames.get(foldName(object.name)) !== 1 ? "there is another index of its name" : null);
    return reason === null ? [] : [{ object, reason }];
  });
}

/** The text of a definition; only for reading, its bytes are what is stored. */
export function decodeSql(sql: Uint8Array, encoding: TextEncoding): string {
  // A Buffer that was posted between threads arrives as a Uint8Array.
  const bytes = Buffer.from(sql);
  if (encoding === "UTF-8") return bytes.toString("utf8");
  return (encoding === "UTF-16le" ? bytes : bytes.subarray(0, bytes.length & ~1).swap16()).toString("utf16le");
}

/** Tables that SQLite makes itself and that dumps hold. */
const SYSTEM_TABLE = /^sqlite_(?:sequence|stat[1-4])$/;
const SEQUENCE_TABLE = "CREATE TABLE sqlite_sequence(name,seq)";

/** Why no schema takes an object of this name, null: it does. What bears a name that is reserved, no user could drop or see. */
export function nameProblem({ type, name, tableName }: Pick<SchemaObject, "type" | "name" | "tableName">): string | null {
  // SQLite would take the name for what stands before the NUL.
  if (`${name}${tableName}`.includes("\0")) return "its name holds a NUL character";
  if (isOwnName(name) || isOwnName(tableName)) return "tsdp keeps its name to itself";
  const isReserved = /^sqlite_/i.test(name) && !(type === "table" && SYSTEM_TABLE.test(name));
  return isReserved ? "SQLite keeps its name to itself" : null;
}

/** To a table of last AUTOINCREMENT values that declares something else SQLite could not write, nor insert rows that count up. */
function definitionProblem({ name, type }: SchemaObject, sql: Uint8Array, encoding: TextEncoding): string | null {
  const problem = textProblem(sql, type, encoding);
  if (problem !== null || name !== "sqlite_sequence") return problem;
  return decodeSql(sql, encoding) === SEQUENCE_TABLE ? null : "its definition is not the one that SQLite gives it";
}

/** As SQLite stores definitions, whatever their author wrote: so none is of the temp schema. */
const BEGINNINGS: Readonly<Record<SchemaObject["type"], RegExp>> = {
  table: beginning(`(?:VIRTUAL${PLAIN_SPACE}+)?TABLE`),
  index: beginning(`(?:UNIQUE${PLAIN_SPACE}+)?INDEX`),
  view: beginning("VIEW"),
  trigger: beginning("TRIGGER"),
};
const VIRTUAL = beginning("VIRTUAL");

function beginning(words: string): RegExp {
  return new RegExp(String.raw`^${PLAIN_SPACE}*CREATE${PLAIN_SPACE}+${words}(?![\w$\u0080-\uFFFF])`, "i");
}

/** Why no schema takes a definition, as far as its text tells; null: nothing is wrong with it. What is taken, every program reads alike. */
export function textProblem(bytes: Uint8Array, type: SchemaObject["type"], encoding: TextEncoding): string | null {
  if (bytes.length > MOST_SQL) return `its definition is longer than ${MOST_SQL >> 20} MiB`;
  const sql = decodeSql(bytes, encoding);
  if (sql.includes("\0")) return "its definition holds a NUL character";
  if (!BEGINNINGS[type].test(sql) || isConditional(sql)) return `its definition does not begin as that of a ${type} does`;
  const fault = statementFault(sql, type);
  return fault === null ? null : `its definition ${fault}`;
}

/** IF NOT EXISTS: it does nothing where something is, and SQLite does not store it. */
function isConditional(sql: string): boolean {
  return firstWords(sql, 5).some((word, i, words) => word === "IF" && words[i + 1] === "NOT");
}

/** A database file whose sqlite_schema holds the definitions; its pages are never read, so objects may share them. */
function scratchImage(objects: readonly SchemaObject[], encoding: TextEncoding): Buffer {
  const scratch = openMemory();
  try {
    scratch.pragma(`encoding = '${encoding}'`);
    scratch.pragma("page_size = 512");
    scratch.unsafeMode(true);
    scratch.exec("CREATE TABLE pages(a)");
    scratch.prepare("INSERT INTO pages VALUES (zeroblob(?))").run(BigInt(512 * (MOST_INDEXES + 2)));
    scratch.exec("BEGIN; PRAGMA writable_schema = on; DELETE FROM sqlite_schema");
    const insert = scratch.prepare("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, CAST(? AS TEXT))");
    const rootOf = rootPages();
    for (const object of objects) {
      if (object.sql !== null) insert.run(object.type, object.name, object.tableName, rootOf(object), object.sql);
    }
    scratch.exec("COMMIT");
    return scratch.serialize();
  } finally {
    scratch.close();
  }
}

/** Root pages: none for views and triggers; the indexes of one table must have different ones. */
function rootPages(): (object: SchemaObject) => bigint {
  const indexes = new Map<string, number>();
  return (object) => {
    if (object.type === "table") return isVirtual(object) ? 0n : 2n;
    if (object.type !== "index") return 0n;
    const count = (indexes.get(object.tableName) ?? 0) + 1;
    indexes.set(object.tableName, count);
    return BigInt(2 + count);
  };
}

/** SQLite tells virtual tables by a root page of 0; whether the text agrees is what loading proves. */
function isVirtual(object: SchemaObject): boolean {
  if (object.type !== "table" || object.sql === null) return false;
  const ascii = Buffer.from(object.sql).toString("latin1").replaceAll("\0", "");
  return VIRTUAL.test(ascii);
}

function loadFailure(objects: readonly SchemaObject[], encoding: TextEncoding): string | null {
  const connection = openImage(scratchImage(objects, encoding));
  try {
    connection.prepare("SELECT count(*) FROM sqlite_schema").get();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    connection.close();
  }
}

/** `malformed database schema (NAME)`, then perhaps more; a name may look like that itself, so the longest is meant. */
function culpritsOf(failure: string, objects: readonly SchemaObject[]): readonly SchemaObject[] {
  const named = objects.filter(({ name }) => failure.startsWith(`malformed database schema (${name})`));
  const longest = named.reduce((length, { name }) => Math.max(length, name.length), 0);
  return named.filter(({ name }) => name.length === longest);
}

/** Without the views: to list tables, SQLite works out the columns of every view, and views of views may be made to take forever. */
function provenSchema(
  objects: readonly SchemaObject[],
  encoding: TextEncoding,
  rejected: readonly RejectedObject[],
): ProvenSchema {
  const connection = openImage(
    scratchImage(
      objects.filter(({ type }) => type === "table" || type === "index"),
      encoding,
    ),
  );
  const tables = listTables(connection);
  return {
    tables,
    rejected,
    shape: (table) => readTableShape(connection, table, tables),
    definition: (table) => readTableDefinition(connection, table),
    generatedColumns: (table) => generatedColumns(connection, table),
    facts: (table) => readTableFacts(connection, table, tables),
    assertReadsRow: (table, filter) => {
      assertReadsRow(connection, readTableShape(connection, table, tables), filter);
    },
    close: () => {
      connection.close();
    },
  };
}
