import type { SchemaObject, SchemaSettings, TableKind, TableShape } from "../sqlite/schema.ts";
import type { ViewSource } from "../sqlite/view-source.ts";

/** A schema as a dump describes it. */
export interface DumpSchema {
  /** Upper case, as shown. */
  readonly name: string;
  readonly settings: SchemaSettings;
}

export type ObjectType = "TABLE" | "VIEW" | "INDEX" | "TRIGGER";

/** One object of a job: a row of sqlite_schema with what the job knows about it. */
export interface DumpObject extends SchemaObject {
  /** From 1, in the order of processing. */
  readonly id: number;
  readonly schema: string;
  readonly objectType: ObjectType;
  /** Of a table; `view` for everything else. */
  readonly kind: TableKind;
  /** The virtual table that a shadow table belongs to. */
  readonly owner: string | null;
  /** Of a table with rows of its own. */
  readonly shape: TableShape | null;
  /** VIEWS_AS_TABLES: a table made of what a view shows. */
  readonly fromView?: true;
  /** Where that view takes its values from; a dump does not say it. */
  readonly viewSource?: ViewSource;
}

/** sqlite_sequence and the statistics tables: rows about other tables. */
export function isSystemTable(object: Pick<DumpObject, "name">): boolean {
  return object.name.toLowerCase().startsWith("sqlite_");
}

export function isStatistics(object: Pick<DumpObject, "name">): boolean {
  return object.name.toLowerCase().startsWith("sqlite_stat");
}
