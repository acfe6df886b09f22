import type { ErrorLine } from "../../base/errors.ts";
import type { PieceLocation } from "../../dump/piece.ts";
import type { DumpObject, DumpSchema } from "../../metadata/dump-object.ts";
import type { MasterPiece } from "../../metadata/master-table.ts";
import type { TableRename } from "../../sqlite/rename-rows.ts";
import type { SchemaObject } from "../../sqlite/schema.ts";
import type { ExistingObject } from "../../sqlite/target.ts";
import type { Content } from "../content.ts";
import type { RemapsOfTables } from "../data-remaps.ts";
import type { ObjectProblem } from "./table-remaps.ts";
import type { RowFilters } from "../row-filters.ts";

export type TableExistsAction = "SKIP" | "APPEND" | "TRUNCATE" | "REPLACE";

/** How rows come to a table: as pages of b-trees, by typed INSERT, or as it can be. */
export type AccessMethod = "AUTOMATIC" | "DIRECT_PATH" | "CONVENTIONAL_PATH";

/** What the import of one schema starts from. */
export interface SchemaImportRequest {
  /** Schema of the dump. */
  readonly source: DumpSchema;
  /** Name of the schema to load into. */
  readonly target: string;
  readonly objects: readonly DumpObject[];
  /** REMAP_TABLE: tables that had other names when their rows were written. */
  readonly renames: readonly TableRename[];
  readonly originals: ReadonlyMap<number, DumpObject>;
  /** TRANSFORM: definitions that tables had when their rows were written, by their numbers. */
  readonly written: ReadonlyMap<number, SchemaObject>;
  /** What TRANSFORM leaves out of tables that are made. */
  readonly untransformed: ReadonlyMap<number, readonly (readonly ErrorLine[])[]>;
  /** What is wrong with the objects before anything is planned. */
  readonly problems: readonly ObjectProblem[];
  /** What the target holds; null when the job makes it. */
  readonly existing: readonly ExistingObject[] | null;
  readonly action: TableExistsAction;
  readonly accessMethod: AccessMethod;
  /** SKIP_CONSTRAINT_ERRORS: whether rows that a constraint refuses are kept apart, and all others come. */
  readonly keepsRejected: boolean;
  /** VALIDATE_TABLE_DATA: whether values that are not valid for their columns are told. */
  readonly validates: boolean;
  readonly content: Content;
  /** Whether only some objects of the dump, or of its source, are taken. */
  readonly partial: boolean;
  /** Numbers of the tables whose rows don't come, though others do. */
  readonly withoutRows: ReadonlySet<number>;
  /** What the target has of tables and views that the job does not bring, by their names: indexes and triggers may come to them. */
  readonly definitionsOf: (names: readonly string[]) => readonly SchemaObject[];
  readonly guid: string;
  readonly remapped: RemapsOfTables;
  /** Which rows are taken; null: all that there are, since who reads the source has chosen. */
  readonly rowFilters: RowFilters | null;
  /** The pieces of each object as the master table lists them. */
  readonly pieceOrder: ReadonlyMap<number, readonly MasterPiece[]>;
  readonly pieces: ReadonlyMap<number, readonly PieceLocation[]>;
}
