import { openImage, type Connection } from "./database.ts";
import { pieceTableSql, PIECE_TABLE, type PieceLayout } from "./piece-table.ts";

/** Thrown when an image from a dump is not what the dump says it is. */
export class BadImage extends Error {
  override readonly name = "BadImage";
}

/**
 * Opens a piece image that came out of a dump.
 * @throws BadImage
 */
export function openPieceImage(image: Buffer, layout: PieceLayout): Connection {
  return openUntrusted(image, new Map([[PIECE_TABLE, pieceTableSql(layout)]]));
}

/**
 * Opens bytes of a database file that nothing is known of. They may be hostile: a small file can claim hundreds of millions
 * of rows, or cells that overlap. So its schema must be exactly the expected tables, byte for byte, and SQLite's own check
 * has to pass before a row is read.
 * @throws BadImage
 */
export function openUntrusted(image: Buffer, tables: ReadonlyMap<string, string>): Connection {
  let connection: Connection | undefined;
  try {
    connection = openImage(image);
    connection.pragma("trusted_schema = off");
    connection.pragma("cell_size_check = on");
    const found = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid").raw().all();
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
