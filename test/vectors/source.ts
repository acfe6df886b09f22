import Sqlite, { type Database } from "better-sqlite3";
import type { DumpObject, DumpSchema } from "../../src/metadata/dump-object.ts";
import { encodeMasterTable, type MasterPiece } from "../../src/metadata/master-table.ts";
import { readSchema } from "../../src/metadata/read-schema.ts";
import { describeObject } from "../../src/job/export/master.ts";
import type { TableShape, TextEncoding } from "../../src/sqlite/schema.ts";
import {
  columnsOf,
  isSplit,
  MAX_COLUMNS,
  pieceLayout,
  pieceRowid,
  pieceTableSql,
  type PieceImage,
} from "../../src/sqlite/piece-table.ts";
import { digestOf, rowLines, tableLine } from "./listing.ts";

/** A schema of a vector. */
export interface SourceSchema {
  readonly name: string;
  readonly sql: string;
  readonly encoding?: TextEncoding;
  /** Columns that are kept apart in second images, by table. */
  readonly secret?: ReadonlyMap<string, readonly string[]> | undefined;
  /** It comes as its pages, so many in a piece. */
  readonly pagesInPiece?: number | undefined;
}

/** A raw image and its place in the set. */
export interface Image {
  readonly type: 1 | 2 | 3 | 4;
  readonly object: number;
  readonly piece: number;
  readonly image: number;
  readonly rows: number;
  readonly raw: Buffer;
}

/** What an export takes out of schemas, ready to be changed. */
export interface Contents {
  readonly job: Readonly<Record<string, string>>;
  readonly schemas: readonly DumpSchema[];
  readonly objects: readonly DumpObject[];
  readonly pieces: readonly MasterPiece[];
  readonly images: readonly Image[];
  /** SHA-256 of the listing of the rows of the schemas themselves. */
  readonly rows: string;
}

export const OBJECT_ID = 1;

/** Reads schemas as an export does, with so many rows in a piece. */
export function readContents(schemas: readonly SourceSchema[], guid: string, rowsInPiece: number): Contents {
  const contents = { schemas: [] as DumpSchema[], objects: [] as DumpObject[], images: [] as Image[] };
  const pieces: MasterPiece[] = [];
  const listing: string[] = [];
  const counted: string[] = [];
  for (const { name, sql, encoding = "UTF-8", secret, pagesInPiece } of schemas) {
    const connection = new Sqlite(":memory:");
    if (pagesInPiece !== undefined) connection.pragma("page_size = 512");
    connection.pragma(`encoding = '${encoding}'`);
    connection.exec(sql);
    const read = readSchema(connection, name);
    // The journal of a database in memory is no mode of a file that keeps it.
    const settings = pagesInPiece === undefined ? read.schema.settings : { ...read.schema.settings, journalMode: "delete" };
    contents.schemas.push({ ...read.schema, settings });
    if (pagesInPiece !== undefined) contents.images.push(...pageImages(connection, contents.schemas.length, pagesInPiece));
    for (const found of read.objects) {
      const object = withSecrets({ ...found, id: contents.objects.length + OBJECT_ID }, secret?.get(found.name));
      contents.objects.push(object);
      if (object.shape === null) continue;
      listing.push(tableLine(name, object.name), ...listSource(connection, object));
      if (pagesInPiece !== undefined) {
        counted.push(`${object.id}:${countRows(connection, object)}`);
        continue;
      }
      const images = tableImages(connection, object, rowsInPiece);
      contents.images.push(...describeRows(object, images), ...images);
      const first = images.filter(({ image }) => image === 0);
      pieces.push(...first.map(({ piece, rows }) => ({ object: object.id, piece, ordinal: piece - 1, rows })));
    }
    connection.close();
  }
  const transported = counted.length === 0 ? {} : { TRANSPORTABLE: "ALWAYS", ROWS: counted.join(",") };
  return { ...contents, pieces, job: { ...jobFacts(guid), ...transported }, rows: digestOf(listing) };
}

/** The pages of a schema as images. */
function pageImages(connection: Database, schema: number, pagesInPiece: number): readonly Image[] {
  const file = withoutVersion(connection.serialize());
  const step = 512 * pagesInPiece;
  return Array.from({ length: Math.ceil(file.length / step) }, (_, i): Image => {
    const raw = file.subarray(i * step, (i + 1) * step);
    return { type: 4, object: schema, piece: i + 1, image: 0, rows: raw.length / 512, raw };
  });
}

function countRows(connection: Database, { name }: DumpObject): number {
  const count = connection.prepare(`SELECT count(*) FROM ${quoted(name)}`);
  return count.pluck().get() as number;
}

/** The master table image of contents, in pages of 512 bytes to keep vectors small. */
export function masterImage({ job, schemas, objects, pieces }: Contents): Buffer {
  return rewritten(encodeMasterTable({ job: new Map(Object.entries(job)), schemas, objects, pieces }), "");
}

/** A database changed by SQL, written anew in pages of 512 bytes. */
export function rewritten(image: Buffer, sql: string, encoding: TextEncoding = encodingOf(image)): Buffer {
  const [connection, small] = [new Sqlite(image), new Sqlite(":memory:")];
  connection.exec(sql);
  small.pragma("page_size = 512");
  small.pragma(`encoding = '${encoding}'`);
  const objects = connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid").all() as Record<
    string,
    string
  >[];
  for (const { type, name = "", sql: text = "" } of objects) {
    small.exec(text);
    if (type !== "table") continue;
    const rows = connection
      .prepare(`SELECT * FROM ${quoted(name)}`)
      .safeIntegers()
      .raw()
      .all() as unknown[][];
    for (const row of rows) small.prepare(`INSERT INTO ${quoted(name)} VALUES (${row.map(() => "?").join(",")})`).run(row);
  }
  return withoutVersion(small.serialize());
}

/** Bytes 56 to 59 of a database. */
function encodingOf(image: Buffer): TextEncoding {
  const encodings: readonly TextEncoding[] = ["UTF-8", "UTF-16le", "UTF-16be"];
  return encodings[image.readUInt32BE(56) - 1] ?? "UTF-8";
}

function jobFacts(guid: string): Record<string, string> {
  return {
    OWNER: "SYSTEM",
    JOB_NAME: "SYS_EXPORT_SCHEMA_01",
    OPERATION: "EXPORT",
    MODE: "SCHEMA",
    GUID: guid,
    VERSION: "COMPATIBLE",
    CONTENT: "ALL",
    INSTANCE: "vectors",
    START_TIME: "2024-01-02T03:04:05.000Z",
    WRITER: "tsdp 0.0.0",
  };
}

/** The listing of the rows of a schema that is there as a database. */
export function listDatabase(connection: Database, schema: string): string[] {
  const { objects } = readSchema(connection, schema);
  const tables = objects.filter(({ shape }) => shape !== null).map((object) => ({ ...object, id: OBJECT_ID }));
  return tables.flatMap((object) => [tableLine(schema, object.name), ...listSource(connection, object)]);
}

function withSecrets(object: DumpObject, secretColumns: readonly string[] | undefined): DumpObject {
  if (object.shape === null || secretColumns === undefined) return object;
  return { ...object, shape: { ...object.shape, secretColumns } };
}

function describeRows(object: DumpObject, images: readonly Image[]): readonly Image[] {
  if (images.length === 0) return [];
  return [{ type: 2, object: object.id, piece: 1, image: 0, rows: 0, raw: describeObject(object) }];
}

function shapeOf({ shape }: DumpObject): TableShape {
  if (shape === null) throw new RangeError("a table without rows of its own");
  return shape;
}

function keyOf({ rowid }: TableShape): readonly string[] {
  return rowid === null ? [] : [rowid];
}

function listSource(connection: Database, object: DumpObject): string[] {
  const shape = shapeOf(object);
  const key = keyOf(shape);
  return rowLines(connection, {
    from: quoted(object.name),
    values: [...key, ...shape.columns.map(quoted)],
    order: orderBy(key),
  });
}

/** The pieces of a table as images. */
function tableImages(connection: Database, object: DumpObject, rowsInPiece: number): readonly Image[] {
  const count = countRows(connection, object);
  const starts = Array.from({ length: Math.ceil(count / rowsInPiece) }, (_, i) => i * rowsInPiece);
  return starts.flatMap((start, i) => {
    const rows = Math.min(rowsInPiece, count - start);
    const images: readonly PieceImage[] = isSplit(shapeOf(object)) ? [0, 1] : [0];
    return images.map((image): Image => {
      const raw = tableImage(connection, object, image, `LIMIT ${rows} OFFSET ${start}`);
      return { type: 1, object: object.id, piece: i + 1, image, rows, raw };
    });
  });
}

function tableImage(connection: Database, object: DumpObject, number: PieceImage, range: string): Buffer {
  const shape = shapeOf(object);
  const layout = pieceLayout(shape, number);
  const key = keyOf(shape);
  const columns = columnsOf(shape, number).map(({ source }) => quoted(source));
  const named = [...pieceRowid(layout), ...layout.columns];
  // An image without a column of its own has c0.
  const [target, source] = named.length > 0 ? [named, [...key, ...columns]] : [["c0"], ["NULL"]];
  // A result set ends at 2,000 columns: the last of a widest table comes by a statement of its own.
  const fitting = Math.min(target.length, MAX_COLUMNS);
  connection.exec("ATTACH ':memory:' AS piece");
  connection.pragma("piece.page_size = 512");
  connection.exec(pieceTableSql(layout).replace("TABLE ", "TABLE piece."));
  const [into, from] = [target.slice(0, fitting), source.slice(0, fitting)];
  connection.exec(
    `INSERT INTO piece.tsdp_piece(${into.join(",")}) SELECT ${from.join(",")} FROM main.${quoted(object.name)} ${orderBy(key)} ${range}`,
  );
  if (fitting < target.length) {
    const last = `SELECT ${columns.at(-1) ?? ""} FROM main.${quoted(object.name)} s WHERE s.rowid = tsdp_piece.rowid`;
    connection.exec(`UPDATE piece.tsdp_piece SET c${MAX_COLUMNS} = (${last})`);
  }
  const image = connection.serialize({ attached: "piece" });
  connection.exec("DETACH piece");
  return withoutVersion(image);
}

/** The version of SQLite that has written an image (bytes 96 to 99) means nothing, and changes with the library. */
function withoutVersion(image: Buffer): Buffer {
  return image.fill(0, 96, 100);
}

function orderBy(key: readonly string[]): string {
  return key.length === 0 ? "" : `ORDER BY ${key.join(",")}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
