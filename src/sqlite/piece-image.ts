import { rmSync, writeFileSync } from "node:fs";
import { openDatabase, openImage, type Connection } from "./database.ts";
import { pieceTableSql, PIECE_TABLE, type PieceLayout } from "./piece-table.ts";

/** Thrown when an image from a dump is not what the dump says it is. */
export class BadImage extends Error {
  override readonly name = "BadImage";
}

/** Read and write format of a database file that is not in WAL mode: bytes 18 and 19. */
const FORMAT_BYTES = { at: 18, value: 0x0101 };
export const OWNER_ONLY = 0o600;

/**
 * Writes a piece image that came out of a dump to a file of its own and checks it: from there a connection to the target can
 * attach it, and need not read the target's schema anew for each piece.
 * @throws BadImage
 */
export function writePieceImage(path: string, image: Buffer, layout: PieceLayout): void {
  if (image.length < 512 || image.readUInt16BE(FORMAT_BYTES.at) !== FORMAT_BYTES.value)
    throw new BadImage("the image is no database");
  removePieceImage(path);
  writeFileSync(path, image, { flag: "wx", mode: OWNER_ONLY });
  checkedImage(
    () => openDatabase(path, { readonly: true, mustExist: true }),
    new Map([[PIECE_TABLE, pieceTableSql(layout)]]),
  ).close();
}

/**
 * Checks a piece image that came out of a dump in memory, down to its number of rows.
 * @throws BadImage
 */
export function checkPieceImage(image: Buffer, layout: PieceLayout, rows: number): void {
  const connection = openUntrusted(image, new Map([[PIECE_TABLE, pieceTableSql(layout)]]));
  try {
    const found = connection.prepare(`SELECT count(*) FROM ${PIECE_TABLE}`).pluck().get() as number;
    if (found !== rows) throw new BadImage(`the image holds ${found} rows instead of ${rows}`);
    if (layout.rowid !== "column") return;
    const other = connection.prepare(`SELECT 1 FROM ${PIECE_TABLE} WHERE typeof(k) <> 'integer' LIMIT 1`).get();
    if (other !== undefined) throw new BadImage("the image holds rows whose rowid is no integer");
  } finally {
    connection.close();
  }
}

/** The first and the last rowid of a checked piece image, which has one row at least. @throws BadImage when they do not ascend */
export function rowidsOf(path: string, layout: PieceLayout): readonly [first: bigint, last: bigint] {
  const connection = openDatabase(path, { readonly: true, mustExist: true });
  try {
    const key = layout.rowid === "column" ? "k" : "rowid";
    const unordered = `SELECT 1 FROM ${PIECE_TABLE} a JOIN ${PIECE_TABLE} b ON b.rowid = a.rowid + 1 WHERE a.${key} >= b.${key} LIMIT 1`;
    if (connection.prepare(unordered).get() !== undefined) throw new BadImage("its rows are not in the order of their rowids");
    const [first, last] = connection
      .prepare(`SELECT min(${key}), max(${key}) FROM ${PIECE_TABLE}`)
      .raw()
      .safeIntegers()
      .get() as unknown[];
    if (typeof first !== "bigint" || typeof last !== "bigint") throw new BadImage("its rowids are no integers");
    return [first, last];
  } finally {
    connection.close();
  }
}

/** Where the second image of a piece is while the first is at a path. */
export function secondImagePath(path: string): string {
  return `${path}-second`;
}

/** Where the rows of a piece are under the definition of their table. */
export function typedImagePath(path: string): string {
  return `${path}-typed`;
}

export function removeTypedImage(path: string): void {
  removePieceImage(typedImagePath(path));
}

/** Removes both images of a piece, and what was made of them. */
export function removePieceImages(path: string): void {
  removePieceImage(path);
  removeTypedImage(path);
  removePieceImage(secondImagePath(path));
}

function removePieceImage(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}

/**
 * Opens bytes of a database file that nothing is known of.
 * @throws BadImage
 */
export function openUntrusted(image: Buffer, tables: ReadonlyMap<string, string>): Connection {
  return checkedImage(() => openImage(image), tables);
}

/**
 * The bytes may be hostile: a small file can claim hundreds of millions of rows, or cells that overlap. So the schema must be
 * exactly the expected tables, byte for byte, and SQLite's own check has to pass before a row is read.
 */
function checkedImage(open: () => Connection, tables: ReadonlyMap<string, string>): Connection {
  let connection: Connection | undefined;
  try {
    connection = open();
    connection.pragma("trusted_schema = off");
    connection.pragma("cell_size_check = on");
    const schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid LIMIT ?";
    const found = connection
      .prepare(schema)
      .raw()
      .all(BigInt(tables.size + 1));
    const expected = [...tables].map(([name, sql]) => ["table", name, name, sql]);
    if (JSON.stringify(found) !== JSON.stringify(expected)) throw new BadImage("the image holds other tables than it should");
    const check = connection.pragma("quick_check(1)", { simple: true });
    if (check !== "ok") throw new BadImage(String(check));
    return connection;
  } catch (error) {
    connection?.close();
    throw error instanceof BadImage ? error : new BadImage("the image is no sound database", { cause: error });
  }
}
