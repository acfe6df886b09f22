import { codeOf } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import { takeRows, type CopyTarget } from "./arriving-rows.ts";
import type { Connection } from "./database.ts";
import { BadImage, secondImagePath } from "./piece-image.ts";
import { pieceKey, pieceRowsSql, pieceValues } from "./piece-rows.ts";
import { isSplit, MAX_COLUMNS, PIECE_TABLE } from "./piece-table.ts";
import { NO_REPLACEMENTS, type Replacements } from "./replacement.ts";
import { commitPiece, type PieceMark, type StagingTable } from "./staging.ts";

/** The rows of a piece did not come out as stated. */
export class WrongRowCount extends Error {
  override readonly name = "WrongRowCount";
}

/**
 * Copies a checked piece image into its staging table and notes it as loaded, in one transaction that writes one file. The
 * second image of a table that has secret columns is at `secondImagePath`.
 * @returns how many rows a violated key left out (only where the source itself violates it)
 * @throws WrongRowCount when the image holds more or fewer rows than stated, or the second one other rows; BadImage when it can't be of
 * this table
 */
export function loadPiece(
  target: Connection,
  imagePath: string,
  table: StagingTable,
  rows: number,
  mark: PieceMark,
  replacements = NO_REPLACEMENTS,
): number {
  const images = isSplit(table.shape) ? [imagePath, secondImagePath(imagePath)] : [imagePath];
  try {
    images.forEach((path, i) => {
      attachImage(target, path, i === 0 ? "piece" : "second");
    });
    replacements.register(target);
    return copyPiece(target, table, rows, mark, replacements);
  } catch (error) {
    // A rowid that is no integer.
    if (codeOf(error) === "SQLITE_MISMATCH") throw new BadImage("it holds a key that its table can't have", { cause: error });
    throw error;
  } finally {
    if (target.inTransaction) target.exec("ROLLBACK");
    const attached = target.prepare("SELECT name FROM pragma_database_list WHERE name IN ('piece', 'second')").pluck().all();
    for (const name of attached) target.exec(`DETACH ${String(name)}`);
  }
}

function attachImage(target: Connection, path: string, name: "piece" | "second"): void {
  try {
    target.prepare(`ATTACH ? AS ${name}`).run(path);
  } catch (error) {
    // Another text encoding than that of its schema.
    if (codeOf(error) === "SQLITE_ERROR") throw new BadImage("it does not fit its schema", { cause: error });
    throw error;
  }
}

function copyPiece(target: Connection, table: StagingTable, rows: number, mark: PieceMark, replacements: Replacements): number {
  const from = pieceRowsSql(table.shape);
  target.exec("BEGIN IMMEDIATE");
  const copied = takeRows(target, {
    table,
    database: "main",
    replacements,
    mark,
    copy: (into) => copyInto(target, into, rows, from, replacements),
    count: () => countRows(target, from, rows),
  });
  // Of two images one may hold rows that the other has not: the join alone does not tell.
  const images = isSplit(table.shape) ? [`piece.${PIECE_TABLE}`, `second.${PIECE_TABLE}`] : [];
  const wrong = [copied.rows, ...images.map((image) => countRows(target, image, rows))].find((count) => count !== rows);
  if (wrong !== undefined) throw new WrongRowCount(`${wrong} rows instead of ${rows}`);
  commitPiece(target);
  return copied.rejected;
}

function copyInto(
  target: Connection,
  { table: { staging, shape, recomputed = [] }, database, onConflict }: CopyTarget,
  rows: number,
  from: string,
  replacements: Replacements,
): number {
  const into = `${database}.${quoteIdentifier(staging)}`;
  const rowid = shape.rowid === null ? [] : [shape.rowid];
  const room = MAX_COLUMNS - rowid.length;
  const columns = shape.columns.map(quoteIdentifier);
  const [key = null] = pieceKey(shape);
  const values = pieceValues(shape).map((value, i) => {
    const column = shape.columns[i] ?? "";
    return recomputed.includes(column) ? "NULL" : replacements.valueSql(column, value, key);
  });
  const { changes } = target
    .prepare(
      `INSERT${onConflict} INTO ${into} (${[...rowid, ...columns.slice(0, room)].join(", ")})
       SELECT ${[...pieceKey(shape).map((name) => replacements.rowidSql(shape, name)), ...values.slice(0, room)].join(", ")} FROM ${from} LIMIT ?`,
    )
    .run(BigInt(rows) + 1n);
  if (columns.length > room) {
    const own = rowid[0] ?? "";
    const last = `(SELECT ${values[room] ?? ""} FROM ${from} WHERE piece.rowid = ${quoteIdentifier(staging)}.${own})`;
    target.exec(`UPDATE ${into} SET ${columns[room] ?? ""} = ${last} WHERE ${own} IN (SELECT rowid FROM piece.${PIECE_TABLE})`);
  }
  return changes;
}

/** How many rows there are, one more than stated at most. */
function countRows(target: Connection, from: string, rows: number): number {
  const query = `SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT ?)`;
  return target
    .prepare(query)
    .pluck()
    .get(BigInt(rows) + 1n) as number;
}
