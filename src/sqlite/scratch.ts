import type { Connection } from "./database.ts";
import { openImage, openMemory } from "./database.ts";
import {
  generatedColumns,
  listTables,
  readTableShape,
  type ListedTable,
  type SchemaObject,
  type TableShape,
  type TextEncoding,
} from "./schema.ts";
import { isStagingName } from "./staging.ts";
import { hasTail } from "./statement-end.ts";

/** A definition that SQLite doesn't take for what it claims to be. */
export interface RejectedObject {
  readonly object: SchemaObject;
  readonly reason: string;
}

/** Definitions out of a dump that SQLite has parsed: what their tables look like, and which were refused. */
export interface ProvenSchema {
  readonly tables: ReadonlyMap<string, ListedTable>;
  readonly rejected: readonly RejectedObject[];
  shape(table: string): TableShape;
  generatedColumns(table: string): readonly string[];
  close(): void;
}

/**
 * Proves definitions by letting SQLite load them, never by running them: running can write files (VACUUM INTO), act at
 * prepare (PRAGMA) or not end (CREATE TABLE AS). The texts become the sqlite_schema of a scratch image; loading it,
 * SQLite checks of each that it creates an object of its type, name and table, and nothing else.
 */
export function proveSchema(objects: readonly SchemaObject[], encoding: TextEncoding): ProvenSchema {
  const rejected: RejectedObject[] = [];
  let accepted = objects.filter((object) => {
    const reason =
      nameProblem(object) ?? (object.sql === null ? null : textProblem(decodeSql(object.sql, encoding), object.type));
    if (reason !== null) rejected.push({ object, reason });
    return reason === null;
  });
  for (;;) {
    const connection = openImage(scratchImage(accepted, encoding));
    const failure = loadFailure(connection);
    if (failure === null) return provenSchema(connection, rejected);
    connection.close();
    const culprits = culpritsOf(failure, accepted);
    if (culprits.length === 0) throw new Error(failure);
    rejected.push(...culprits.map((object) => ({ object, reason: failure })));
    accepted = accepted.filter((object) => !culprits.includes(object));
  }
}

/** The text of a definition; only for reading, its bytes are what is stored. */
export function decodeSql(sql: Uint8Array, encoding: TextEncoding): string {
  // A Buffer that was posted between threads arrives as a Uint8Array.
  const bytes = Buffer.from(sql);
  if (encoding === "UTF-8") return bytes.toString("utf8");
  return (encoding === "UTF-16le" ? bytes : bytes.subarray(0, bytes.length & ~1).swap16()).toString("utf16le");
}

/** Tables that SQLite makes itself and that dumps hold. */
const SYSTEM_TABLE = /^sqlite_(sequence|stat[1-4])$/i;

/** SQLite would take the name for what stands before the NUL. What bears a name that is reserved, no user could drop or see. */
function nameProblem({ name, tableName }: SchemaObject): string | null {
  if (`${name}${tableName}`.includes("\0")) return "its name holds a NUL character";
  if (isStagingName(name) || isStagingName(tableName)) return "tsdp keeps its name to itself";
  return /^sqlite_/i.test(name) && !SYSTEM_TABLE.test(name) ? "SQLite keeps its name to itself" : null;
}

function textProblem(sql: string, type: string): string | null {
  if (sql.includes("\0")) return "its definition holds a NUL character";
  return hasTail(sql, type) ? "its definition goes on after its end" : null;
}

/** A database file whose sqlite_schema holds the definitions; its pages are never read, so objects may share them. */
function scratchImage(objects: readonly SchemaObject[], encoding: TextEncoding): Buffer {
  const scratch = openMemory();
  try {
    scratch.pragma(`encoding = '${encoding}'`);
    scratch.pragma("page_size = 512");
    scratch.unsafeMode(true);
    const roots = rootPages(objects);
    for (let page = 2; page <= roots.last; page++) scratch.exec(`CREATE TABLE page_${page}(a)`);
    scratch.exec("CREATE TABLE page_1(a); BEGIN; PRAGMA writable_schema = on; DELETE FROM sqlite_schema");
    const insert = scratch.prepare("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, CAST(? AS TEXT))");
    for (const object of objects) {
      if (object.sql !== null) insert.run(object.type, object.name, object.tableName, roots.of(object), object.sql);
    }
    scratch.exec("COMMIT");
    return scratch.serialize();
  } finally {
    scratch.close();
  }
}

/** Root pages: none for views and triggers; the indexes of one table must have different ones. */
function rootPages(objects: readonly SchemaObject[]): { last: number; of: (object: SchemaObject) => bigint } {
  const indexes = new Map<string, number>();
  const pages = new Map<SchemaObject, number>();
  for (const object of objects) {
    if (object.type === "table") pages.set(object, 2);
    if (object.type !== "index" || object.sql === null) continue;
    const count = (indexes.get(object.tableName) ?? 0) + 1;
    indexes.set(object.tableName, count);
    pages.set(object, 2 + count);
  }
  return { last: Math.max(2, ...pages.values()), of: (object) => BigInt(isVirtual(object) ? 0 : (pages.get(object) ?? 0)) };
}

/** SQLite tells virtual tables by a root page of 0; whether the text agrees is what loading proves. */
function isVirtual(object: SchemaObject): boolean {
  if (object.type !== "table" || object.sql === null) return false;
  const ascii = Buffer.from(object.sql.filter((byte) => byte !== 0)).toString("latin1");
  return /^\s*CREATE\s+VIRTUAL\s/i.test(ascii);
}

function loadFailure(connection: Connection): string | null {
  try {
    connection.prepare("SELECT count(*) FROM sqlite_schema").get();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `malformed database schema (NAME)`, then perhaps more; a name may look like that itself, so the longest is meant. */
function culpritsOf(failure: string, objects: readonly SchemaObject[]): readonly SchemaObject[] {
  const named = objects.filter(({ name }) => failure.startsWith(`malformed database schema (${name})`));
  const longest = Math.max(...named.map(({ name }) => name.length));
  return named.filter(({ name }) => name.length === longest);
}

function provenSchema(connection: Connection, rejected: readonly RejectedObject[]): ProvenSchema {
  const tables = listTables(connection);
  return {
    tables,
    rejected,
    shape: (table) => readTableShape(connection, table, tables),
    generatedColumns: (table) => generatedColumns(connection, table),
    close: () => {
      connection.close();
    },
  };
}
