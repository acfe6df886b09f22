import type { Connection } from "../sqlite/database.ts";
import { openMemory } from "../sqlite/database.ts";
import { openUntrusted, BadImage } from "../sqlite/piece-image.ts";
import type { TableKind, TableShape } from "../sqlite/schema.ts";
import { catalogObjects } from "./catalog-objects.ts";
import type { DumpObject, DumpSchema, ObjectType } from "./dump-object.ts";
import { markViews } from "./master-facts.ts";

/** The tables of the master table image, byte for byte (docs/format.md, "Master table"). */
const TABLES = new Map([
  ["job", "CREATE TABLE job (name TEXT, value TEXT)"],
  [
    "schema",
    "CREATE TABLE schema (name TEXT, encoding TEXT, page_size INTEGER, auto_vacuum INTEGER, user_version INTEGER, application_id INTEGER, journal_mode TEXT)",
  ],
  [
    "object",
    "CREATE TABLE object (id INTEGER, schema TEXT, type TEXT, kind TEXT, name TEXT, table_name TEXT, owner TEXT, sql BLOB, shape TEXT)",
  ],
  ["piece", "CREATE TABLE piece (object INTEGER, piece INTEGER, ordinal INTEGER, rows INTEGER)"],
]);

/** Most rows of each table: what they become in memory is far larger than they are in the dump. */
const MOST_ROWS: Readonly<Record<string, number>> = { job: 1000, schema: 10_000, object: 100_000, piece: 1_000_000 };
/** SQLite's own tables of tables slow down with the square of their number. */
const MOST_OBJECTS_OF_SCHEMA = 50_000;

/** A piece of an object's rows; `ordinal` gives the order of the rows, `piece` the number under which it was written. */
export interface MasterPiece {
  readonly object: number;
  readonly piece: number;
  readonly ordinal: number;
  readonly rows: number;
}

/** What a dump says of itself: the control table of its export, less what only concerned the run. */
export interface MasterTable {
  /** Facts of the job by name: OWNER, JOB, OPERATION, MODE, GUID, VERSION, START_TIME, PLATFORM, ... */
  readonly job: ReadonlyMap<string, string>;
  readonly schemas: readonly DumpSchema[];
  readonly objects: readonly DumpObject[];
  readonly pieces: readonly MasterPiece[];
}

export function encodeMasterTable(master: MasterTable): Buffer {
  const connection = openMemory();
  try {
    connection.pragma("page_size = 4096");
    connection.transaction(() => {
      for (const sql of TABLES.values()) connection.exec(sql);
      const into = (table: string, count: number) =>
        connection.prepare(`INSERT INTO ${table} VALUES (${Array(count).fill("?").join(", ")})`);
      const [job, schema, object, piece] = [into("job", 2), into("schema", 7), into("object", 9), into("piece", 4)];
      for (const entry of master.job) job.run(...entry);
      for (const { name, settings: s } of master.schemas) {
        const numbers = [s.pageSize, s.autoVacuum, s.userVersion, s.applicationId].map(BigInt);
        schema.run(name, s.encoding, ...numbers, s.journalMode);
      }
      for (const o of master.objects) {
        const shape = o.shape === null ? null : JSON.stringify(o.shape);
        object.run(BigInt(o.id), o.schema, o.objectType, o.kind, o.name, o.tableName, o.owner, o.sql, shape);
      }
      for (const p of master.pieces) piece.run(BigInt(p.object), BigInt(p.piece), BigInt(p.ordinal), BigInt(p.rows));
    })();
    return connection.serialize();
  } finally {
    connection.close();
  }
}

/**
 * Reads a master table out of a dump; nothing in it is believed.
 * @throws BadImage
 */
export function decodeMasterTable(image: Buffer): MasterTable {
  const connection = openUntrusted(image, TABLES);
  try {
    const job = new Map(rowsOf(connection, "job", (row) => [text(row["name"]), text(row["value"])] as const));
    const master = {
      job,
      schemas: rowsOf(connection, "schema", decodeSchema),
      objects: markViews(rowsOf(connection, "object", decodeObject), job),
      pieces: rowsOf(connection, "piece", decodePiece),
    };
    checkCounts(master.objects);
    catalogObjects(job);
    return master;
  } finally {
    connection.close();
  }
}

function rowsOf<T>(connection: Connection, table: string, decode: (row: Record<string, unknown>) => T): T[] {
  const rows: T[] = [];
  const most = MOST_ROWS[table] ?? 0;
  for (const row of connection.prepare(`SELECT * FROM ${table}`).iterate()) {
    if (rows.length === most) throw new BadImage(`the master table holds more than ${most} rows of table ${table}`);
    rows.push(decode(row as Record<string, unknown>));
  }
  return rows;
}

function checkCounts(objects: readonly DumpObject[]): void {
  const counts = new Map<string, number>();
  for (const { schema } of objects) {
    const count = (counts.get(schema) ?? 0) + 1;
    if (count > MOST_OBJECTS_OF_SCHEMA)
      throw new BadImage(`the master table holds more than ${MOST_OBJECTS_OF_SCHEMA} objects of one schema`);
    counts.set(schema, count);
  }
}

function decodeSchema(row: Record<string, unknown>): DumpSchema {
  return {
    name: text(row["name"]),
    settings: {
      encoding: oneOf(row["encoding"], ["UTF-8", "UTF-16le", "UTF-16be"]),
      pageSize: oneOf(row["page_size"], [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]),
      autoVacuum: oneOf(row["auto_vacuum"], [0, 1, 2]),
      userVersion: integer(row["user_version"], -(2 ** 31), 2 ** 31 - 1),
      applicationId: integer(row["application_id"], -(2 ** 31), 2 ** 31 - 1),
      journalMode: oneOf(row["journal_mode"], ["delete", "truncate", "persist", "memory", "wal", "off"]),
    },
  };
}

const KINDS: readonly TableKind[] = ["table", "virtual", "shadow", "view"];
const TYPES: readonly ObjectType[] = ["TABLE", "VIEW", "INDEX", "TRIGGER"];

function decodeObject(row: Record<string, unknown>): DumpObject {
  const objectType = oneOf(row["type"], TYPES);
  const { sql, owner, shape } = row;
  if (!(sql instanceof Uint8Array)) throw new BadImage("the master table holds an object without a definition");
  return {
    id: integer(row["id"], 1),
    schema: text(row["schema"]),
    objectType,
    type: objectType.toLowerCase() as DumpObject["type"],
    kind: oneOf(row["kind"], KINDS),
    name: text(row["name"]),
    tableName: text(row["table_name"]),
    owner: owner === null ? null : text(owner),
    sql: Buffer.from(sql),
    shape: shape === null ? null : decodeShape(text(shape)),
  };
}

function decodePiece(row: Record<string, unknown>): MasterPiece {
  return {
    object: integer(row["object"], 1),
    piece: integer(row["piece"], 1),
    ordinal: integer(row["ordinal"], 0),
    rows: integer(row["rows"], 0),
  };
}

function decodeShape(json: string): TableShape {
  const value: Partial<Record<keyof TableShape, unknown>> = fields(parseJson(json));
  const shape: TableShape = {
    name: text(value.name),
    withoutRowid: oneOf(value.withoutRowid, [true, false]),
    rowid: value.rowid === null ? null : text(value.rowid),
    integerPrimaryKey: value.integerPrimaryKey === null ? null : text(value.integerPrimaryKey),
    columns: list(value.columns).map(text),
    storedColumns: list(value.storedColumns).map(text),
    constraints: list(value.constraints).map(decodeConstraint),
  };
  return value.secretColumns === undefined ? shape : { ...shape, secretColumns: decodeSecretColumns(value.secretColumns, shape) };
}

/** Who passed over a column here would load NULLs in its place. */
function decodeSecretColumns(value: unknown, { columns }: TableShape): readonly string[] {
  const names = list(value).map(text);
  const isRight = names.length > 0 && new Set(names).size === names.length && names.every((name) => columns.includes(name));
  if (!isRight) throw new BadImage("the master table keeps columns apart that the table has not");
  return names;
}

function decodeConstraint(value: unknown): TableShape["constraints"][number] {
  const constraint: { kind?: unknown; index?: unknown; columns?: unknown } = fields(value);
  return {
    kind: oneOf(constraint.kind, ["PRIMARY KEY", "UNIQUE"]),
    index: text(constraint.index),
    columns: list(constraint.columns).map((column) => {
      const { name, collation, descending } = fields(column) as { name?: unknown; collation?: unknown; descending?: unknown };
      return {
        name: name === null ? null : text(name),
        collation: text(collation),
        descending: oneOf(descending, [true, false]),
      };
    }),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new BadImage("the master table holds a table description that can't be read", { cause: error });
  }
}

function fields(value: unknown): object {
  if (typeof value !== "object" || value === null) throw new BadImage("the master table holds a table description that is none");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new BadImage("the master table holds something else where a text should be");
  return value;
}

function integer(value: unknown, minimum: number, maximum = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < minimum || value > maximum) {
    throw new BadImage("the master table holds something else where a number should be");
  }
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new BadImage("the master table holds something else where a list should be");
  return value as unknown[];
}

function oneOf<T extends string | number | boolean>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new BadImage(
      `the master table holds ${typeof value === "string" || typeof value === "number" ? value : "something"} where that can't be`,
    );
  return found;
}
