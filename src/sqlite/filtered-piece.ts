import { closeSync, openSync } from "node:fs";
import { quoteIdentifier } from "../base/identifiers.ts";
import { openDatabase, type Connection } from "./database.ts";
import { BadImage, OWNER_ONLY, typedImagePath } from "./piece-image.ts";
import { publish } from "./publish.ts";
import type { Replacements } from "./replacement.ts";
import { isConstraint } from "./rejected-rows.ts";
import type { RowFilter } from "./row-filter.ts";
import type { SchemaObject, TextEncoding } from "./schema.ts";
import {
  acceptApart,
  commitPiece,
  copyShuffled,
  createApartTable,
  createProgressTable,
  createStagingTable,
  loadPiece,
  prepareLoading,
  type CopiedRows,
  type PieceMark,
  type StagingTable,
} from "./staging.ts";
import { applySettings } from "./target.ts";

/** Which rows of the pieces of a table are taken. */
export interface PieceFilter {
  /** The definition that the rows had when they were written. */
  readonly definition: SchemaObject;
  readonly encoding: TextEncoding;
  readonly filter: RowFilter;
}

const SCRATCH = { pageSize: 4096, autoVacuum: 0, userVersion: 0, applicationId: 0, journalMode: "memory" } as const;
const PROGRESS = "tsdp:00000000:0";
const STAGING = "tsdp:00000000:1";

/**
 * Makes a database with the rows of a checked piece under the definition of their table: so a condition compares them by their types and
 * collations, and can name columns that are computed.
 * @param imagePath of the piece; the database comes to `typedImagePath`, where nothing is yet
 * @throws BadImage or WrongRowCount when the piece is not of this table; an error when its rows violate a key of the table
 */
export function typePiece(imagePath: string, { shape }: StagingTable, rows: number, { definition, encoding }: PieceFilter): void {
  const path = typedImagePath(imagePath);
  closeSync(openSync(path, "wx", OWNER_ONLY));
  const connection = openDatabase(path);
  try {
    connection.pragma("journal_mode = memory");
    prepareLoading(connection, false);
    applySettings(connection, { ...SCRATCH, encoding });
    createProgressTable(connection, PROGRESS);
    const table = { staging: STAGING, shape, raw: true, definition, action: "create", truncate: false } as const;
    createStagingTable(connection, table);
    const rejected = loadPiece(connection, imagePath, table, rows, { progress: PROGRESS, object: 1, piece: 1, rejected: null });
    if (rejected > 0) throw new BadImage(`${rejected} of its rows violate a key of their table, so they can't be filtered`);
    const plan = {
      encoding,
      progress: PROGRESS,
      drops: [],
      renames: [],
      tables: [table],
      creations: [],
      definitions: [],
      indexes: [],
    };
    publish(connection, false, { ...plan, rejected: null, validates: false }, () => undefined);
  } finally {
    connection.close();
  }
}

/** Copies those rows of a typed piece that the filter lets through into their staging table, as `loadPiece` copies all. */
export function loadFiltered(
  target: Connection,
  imagePath: string,
  table: StagingTable,
  { filter, definition }: PieceFilter,
  mark: PieceMark,
  replacements: Replacements,
): CopiedRows {
  target.prepare("ATTACH ? AS piece").run(typedImagePath(imagePath));
  try {
    replacements.register(target);
    const alias = filter.alias === null ? "" : ` AS ${quoteIdentifier(filter.alias)}`;
    const from = `piece.${quoteIdentifier(definition.name)}${alias} NOT INDEXED WHERE (${filter.where})`;
    const copied = copyFiltered(target, table, { from, replacements, reasons: mark.rejected });
    commitPiece(target, mark, copied.rejected);
    return copied;
  } finally {
    if (target.inTransaction) target.exec("ROLLBACK");
    target.exec("DETACH piece");
  }
}

interface FilteredRows {
  readonly from: string;
  readonly replacements: Replacements;
  readonly reasons: string | null;
}

function copyFiltered(target: Connection, table: StagingTable, { reasons, ...place }: FilteredRows): CopiedRows {
  target.exec("BEGIN IMMEDIATE");
  try {
    return { rows: insertRows(target, table, place), rejected: 0 };
  } catch (error) {
    if (!isConstraint(error)) throw error;
    if (target.inTransaction) target.exec("ROLLBACK");
  }
  target.exec("BEGIN IMMEDIATE");
  if (reasons === null) {
    const rows = target.prepare(`SELECT count(*) FROM ${place.from}`).pluck().get() as number;
    return { rows, rejected: rows - insertRows(target, table, place, { onConflict: " OR IGNORE" }) };
  }
  const rows = insertRows(target, createApartTable(target, table), place, { database: "temp" });
  return { rows, rejected: acceptApart(target, table, "main", reasons) };
}

function insertRows(
  target: Connection,
  table: StagingTable,
  place: Pick<FilteredRows, "from" | "replacements">,
  { database = "main", onConflict = "" } = {},
): number {
  return copyShuffled(target, { table, database, onConflict }, place.replacements, (into, where) =>
    insertInto(target, into, place, { database: where, onConflict }),
  );
}

function insertInto(
  target: Connection,
  { staging, shape, recomputed = [] }: StagingTable,
  { from, replacements }: Pick<FilteredRows, "from" | "replacements">,
  { database, onConflict }: { readonly database: string; readonly onConflict: string },
): number {
  const key = shape.rowid === null ? [] : [shape.rowid];
  const own = key.map((name) => replacements.rowidSql(shape, name));
  const columns = shape.columns.map(quoteIdentifier);
  const values = shape.columns.map((column, i) => {
    return recomputed.includes(column) ? "NULL" : replacements.valueSql(column, columns[i] ?? "", shape.rowid);
  });
  const into = `${database}.${quoteIdentifier(staging)} (${[...key, ...columns].join(", ")})`;
  return target.prepare(`INSERT${onConflict} INTO ${into} SELECT ${[...own, ...values].join(", ")} FROM ${from}`).run().changes;
}
