import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { quoteIdentifier } from "../base/identifiers.ts";
import { openDatabase, type Connection, type Statement } from "./database.ts";
import { pageSizeOf } from "./page-source.ts";
import { BadImage } from "./piece-image.ts";
import { readObjects, readSettings, type SchemaObject, type SchemaSettings } from "./schema.ts";
import { proveSchema } from "./scratch.ts";

/** What a dump says of a schema file whose pages it holds. */
export interface PageImageFacts {
  readonly settings: SchemaSettings;
  /** All of its definitions, in their order. */
  readonly objects: readonly SchemaObject[];
  /** Number of rows of the tables with rows of their own. */
  readonly rows: readonly (readonly [table: string, rows: number])[];
}

const MAGIC = Buffer.from("SQLite format 3\0");
const HEADER_LENGTH = 100;
/** Of a file that is being checked: to read it page by page takes twice as long. */
const MOST_MAPPED = 256 << 20;
/**
 * Lines of `quick_check` that are about values, or about what a module keeps in its tables, not about the structure of the file: a source may
 * hold such rows, and of some virtual tables nothing can be said.
 */
const ABOUT_VALUES = new RegExp(
  ["NULL value in ", "CHECK constraint failed in ", "(?:NUMERIC|TEXT|non-\\w+) value in ", "In RTree "]
    .concat("(?:unable to validate the|malformed) inverted index for FTS\\d table ")
    .map((beginning) => `^${beginning}`)
    .join("|"),
);

/** Why a schema file can't be transported as it is; null: it can. Nothing of its rows is read. */
export function transportObstacle(connection: Connection): string | null {
  const { objects, unreadable } = readObjects(connection);
  if (unreadable.length > 0) return "the name of an object is no valid text";
  const { encoding } = readSettings(connection);
  const defined = objects.filter(({ sql }) => sql !== null);
  return unprovenDefinition(defined, encoding) ?? uncheckable(connection);
}

function unprovenDefinition(objects: readonly SchemaObject[], encoding: SchemaSettings["encoding"]): string | null {
  const proven = proveSchema(objects, encoding);
  proven.close();
  const [first] = proven.rejected;
  return first === undefined ? null : `${first.object.type} ${first.object.name}: ${first.reason}`;
}

/** What this build lacks to check the file, such as a collation of its application. */
function uncheckable(connection: Connection): string | null {
  try {
    quickCheck(connection);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    connection.pragma("ignore_check_constraints = off");
  }
}

/**
 * Checks a file whose pages came out of a dump: nothing is known of them, so the definitions that they hold must be exactly those that the
 * dump states, which are proven by themselves, and SQLite's own check has to pass. No other connection may hold the file.
 * @returns what SQLite finds of values that their tables do not allow
 * @throws BadImage
 */
export function checkPageImage(path: string, facts: PageImageFacts): readonly string[] {
  checkHeader(path, facts.settings);
  const obstacle = unprovenDefinition(facts.objects, facts.settings.encoding);
  if (obstacle !== null) throw new BadImage(obstacle);
  let connection: Connection | undefined;
  try {
    connection = openDatabase(path, { mustExist: true });
    connection.pragma("trusted_schema = off");
    connection.pragma("cell_size_check = on");
    connection.pragma("query_only = on");
    connection.pragma(`mmap_size = ${MOST_MAPPED}`);
    checkContents(connection, facts);
    return checkStructure(connection, facts);
  } catch (error) {
    throw error instanceof BadImage ? error : new BadImage("the pages are no sound database", { cause: error });
  } finally {
    connection?.close();
  }
}

function checkHeader(path: string, { pageSize }: SchemaSettings): void {
  const descriptor = openSync(path, "r");
  try {
    const header = Buffer.alloc(HEADER_LENGTH);
    const { size } = fstatSync(descriptor);
    const isWhole = readSync(descriptor, header, 0, HEADER_LENGTH, 0) === HEADER_LENGTH;
    if (!isWhole || !header.subarray(0, MAGIC.length).equals(MAGIC)) throw new BadImage("the pages are no database");
    if (pageSizeOf(header) !== pageSize || header.readUInt32BE(28) * pageSize !== size)
      throw new BadImage("the pages are of another size, or not as many, as their header says");
  } finally {
    closeSync(descriptor);
  }
}

/** A view or a trigger has no page, and no page is of two things: SQLite's check finds the latter. */
function checkContents(connection: Connection, { settings, objects }: PageImageFacts): void {
  // The journal mode is set last.
  const essence = (all: SchemaSettings) => JSON.stringify({ ...all, journalMode: "" });
  if (essence(readSettings(connection)) !== essence(settings))
    throw new BadImage("the pages have other settings than the dump states");
  const { objects: own, unreadable } = readObjects(connection);
  const defined = own.filter(({ sql }) => sql !== null);
  const isSame = defined.length === objects.length && defined.every((object, i) => isSameObject(object, objects[i]));
  if (!isSame || unreadable.length > 0) throw new BadImage("the pages hold other definitions than the dump states");
  const rooted = "SELECT 1 FROM sqlite_schema WHERE type NOT IN ('table', 'index') AND rootpage IS NOT 0";
  if (connection.prepare(rooted).get() !== undefined) throw new BadImage("the pages give a view or a trigger pages of its own");
}

function isSameObject(a: SchemaObject, b: SchemaObject | undefined): boolean {
  const bytes = ({ sql }: SchemaObject) => Buffer.from(sql ?? []);
  return b !== undefined && a.type === b.type && a.name === b.name && a.tableName === b.tableName && bytes(a).equals(bytes(b));
}

function checkStructure(connection: Connection, { rows }: PageImageFacts): readonly string[] {
  const lines = quickCheck(connection).pluck().all() as string[];
  const problems = lines.filter((line) => line !== "ok");
  const fault = problems.find((line) => !ABOUT_VALUES.test(line));
  if (fault !== undefined) throw new BadImage(fault);
  for (const [table, stated] of rows) {
    const found = connection
      .prepare(`SELECT count(*) FROM main.${quoteIdentifier(table)} NOT INDEXED`)
      .pluck()
      .get();
    if (found !== stated) throw new BadImage(`table ${table} holds ${String(found)} rows instead of ${stated}`);
  }
  return problems;
}

/**
 * SQLite's own check of a whole file, ready to run. A CHECK may call a function that only its application has: then the values are left
 * unchecked, and the structure is checked all the same.
 */
function quickCheck(connection: Connection): Statement {
  const check = "PRAGMA main.quick_check(100)";
  try {
    return connection.prepare(check);
  } catch {
    connection.pragma("ignore_check_constraints = on");
    return connection.prepare(check);
  }
}
