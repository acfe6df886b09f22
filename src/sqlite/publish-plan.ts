import type { ErrorLine } from "../base/errors.ts";
import type { Rejection } from "./rejected-rows.ts";
import type { TableRename } from "./rename-rows.ts";
import type { SchemaObject, TextEncoding } from "./schema.ts";
import type { StagingTable } from "./staging.ts";
import type { InvalidValues } from "./validate-rows.ts";

/** What becomes of a staged table when the job's work on a schema file is made visible. */
export interface PublishTable extends StagingTable {
  readonly definition: SchemaObject;
  /** create: a table of its name comes to be; append: its rows go into the one that exists; merge: as append, for rows of created tables only. */
  readonly action: "create" | "append" | "merge";
  /** Delete the rows of the existing table first. */
  readonly truncate: boolean;
  /** The virtual table that it is a shadow table of. */
  readonly owner?: string | null;
  /** The table that is made has no rowid, whatever its rows have. */
  readonly losesRowid?: boolean;
  /** Columns whose values are to be of these types already: SQLite would convert some of them. */
  readonly strictTypes?: readonly (readonly [column: string, type: string])[];
}

export interface PublishPlan {
  readonly encoding: TextEncoding;
  /** The table that names the loaded pieces, and from this transaction on that they are published. */
  readonly progress: string;
  /** Tables (virtual ones too) to be dropped first. */
  readonly drops: readonly string[];
  /** Tables whose rows in sqlite_sequence and the statistics have come under another name. */
  readonly renames: readonly TableRename[];
  readonly tables: readonly PublishTable[];
  /** Virtual tables whose rows don't come: their module makes them, with empty shadow tables. */
  readonly creations: readonly SchemaObject[];
  /** Virtual tables, views and triggers: only their definitions are stored. */
  readonly definitions: readonly SchemaObject[];
  readonly indexes: readonly SchemaObject[];
  /**
   * The table that has the reasons of rows which are kept apart, since a constraint refuses them: it stays, and so do the tables of these
   * rows. Null: a refused row leaves out all rows of its table.
   */
  readonly rejected: string | null;
  /** Whether values that are not valid for their columns are to be told; they stay. */
  readonly validates: boolean;
}

/** An object that is left out, since something else has its name, or that of what it belongs to. */
export interface TakenObject {
  readonly object: SchemaObject;
  /** What has the name. */
  readonly existing: SchemaObject["type"];
  /** The object of the plan that it belongs to and whose name is taken; null: its own is. */
  readonly base: SchemaObject | null;
}

/** What happens while a plan is carried out, in order. */
export type PublishEvent =
  /** An object that takes its time is begun. */
  | { readonly kind: "begun"; readonly object: SchemaObject }
  /** A refused row of it has undone all that was told; everything begins anew, without its rows. */
  | { readonly kind: "undone"; readonly object: SchemaObject }
  /** It is there, less the rows that were kept apart. */
  | { readonly kind: "object"; readonly object: SchemaObject; readonly rejections: readonly Rejection[] }
  /** Its name, or that of what it belongs to, has been given to something else since the plan was made: it is left out. */
  | ({ readonly kind: "taken" } & TakenObject)
  /** Rows of it hold values that are not valid. */
  | { readonly kind: "invalid"; readonly object: SchemaObject; readonly values: readonly InvalidValues[] }
  | { readonly kind: "failed"; readonly object: SchemaObject; readonly lines: readonly ErrorLine[] }
  | { readonly kind: "rejected"; readonly object: SchemaObject; readonly lines: readonly ErrorLine[] }
  /** The rows that are there can't be deleted, so none come. */
  | { readonly kind: "not truncated"; readonly object: SchemaObject; readonly lines: readonly ErrorLine[] };
