import { openDatabase, openMemory } from "./database.ts";
import { BadImage, secondImagePath } from "./piece-image.ts";
import { pieceKey, pieceRowsSql, pieceValues } from "./piece-rows.ts";
import { columnsOf, pieceLayout, pieceRowid, pieceTableSql, PIECE_TABLE } from "./piece-table.ts";
import type { TableShape } from "./schema.ts";

/** The table as if none of its columns were kept apart. */
export function wholeShape(shape: TableShape): TableShape {
  return { ...shape, secretColumns: [] };
}

/**
 * Makes one image of the two checked images of a piece, in a new file. A table of MAX_COLUMNS columns and a rowid has no room for it.
 * @param path of the first image; the second is at `secondImagePath`
 */
export function joinImages(path: string, shape: TableShape, joinedPath: string): void {
  const whole = wholeShape(shape);
  const encoding = encodingOf(path);
  const connection = openDatabase(joinedPath);
  try {
    connection.pragma(`encoding = '${encoding}'`);
    connection.pragma("journal_mode = off");
    connection.pragma("synchronous = off");
    connection.pragma("trusted_schema = off");
    connection.exec(pieceTableSql(pieceLayout(whole)));
    connection.prepare("ATTACH ? AS piece").run(path);
    connection.prepare("ATTACH ? AS second").run(secondImagePath(path));
    const into = [...pieceRowid(pieceLayout(whole)), ...columnsOf(whole, 0).map(({ piece }) => piece)];
    const values = [...pieceKey(shape), ...pieceValues(shape)];
    connection.exec(
      `INSERT INTO main.${PIECE_TABLE} (${into.join(", ")}) SELECT ${values.join(", ")} FROM ${pieceRowsSql(shape)} ORDER BY piece.rowid`,
    );
  } finally {
    connection.close();
  }
}

/**
 * Checks that the two checked images of a piece have the same rows.
 * @param path of the first image; the second is at `secondImagePath`
 * @throws BadImage
 */
export function checkPair(path: string, shape: TableShape, rows: number): void {
  const encoding = encodingOf(path);
  if (encodingOf(secondImagePath(path)) !== encoding) throw new BadImage("its two images differ in their text encoding");
  const connection = openMemory();
  try {
    connection.pragma(`encoding = '${encoding}'`);
    connection.pragma("trusted_schema = off");
    connection.prepare("ATTACH ? AS piece").run(path);
    connection.prepare("ATTACH ? AS second").run(secondImagePath(path));
    const found = connection
      .prepare(`SELECT count(*) FROM ${pieceRowsSql(shape)}`)
      .pluck()
      .get() as number;
    if (found !== rows) throw new BadImage(`its two images have ${found} of ${rows} rows in common`);
  } finally {
    connection.close();
  }
}

function encodingOf(path: string): string {
  const connection = openDatabase(path, { readonly: true, mustExist: true });
  try {
    return String(connection.pragma("encoding", { simple: true }));
  } finally {
    connection.close();
  }
}
