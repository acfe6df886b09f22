import { closeSync, openSync } from "node:fs";
import { quoteIdentifier } from "../base/identifiers.ts";
import { takeRows, type CopyTarget } from "./arriving-rows.ts";
import { openDatabase, type Connection } from "./database.ts";
import { loadPiece } from "./load-piece.ts";
import { BadImage, OWNER_ONLY, typedImagePath } from "./piece-image.ts";
import { publish } from "./publish.ts";
import type { Replacements } from "./replacement.ts";
import type { RowFilter } from "./row-filter.ts";
import type { SchemaObject, TextEncoding } from "./schema.ts";
import {
  commitPiece,
  createProgressTable,
  createStagingTable,
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
    target.exec("BEGIN IMMEDIATE");
    const copied = takeRows(target, {
      table,
      database: "main",
      replacements,
      mark,
      copy: (into) => insertInto(target, into, from, replacements),
      count: () => target.prepare(`SELECT count(*) FROM ${from}`).pluck().get() as number,
    });
    commitPiece(target);
    return copied;
  } finally {
    if (target.inTransaction) target.exec("ROLLBACK");
    target.exec("DETACH piece");
  }
}

function insertInto(
  target: Connection,
  { table: { staging, shape, recomputed = [] }, database, onConflict }: CopyTarget,
  from: string,
  replacements: Replacements,
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
