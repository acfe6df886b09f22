import { pumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";
import { schemaOf, type CatalogObject } from "../../metadata/catalog-objects.ts";
import { isSystemTable, type DumpObject } from "../../metadata/dump-object.ts";
import type { LeftOut } from "../../metadata/object-choice.ts";
import { lastPart } from "../log-lines.ts";

/** An object that a job would take. */
export interface DryRunObject {
  /** Of an import, the schema that it would come to. */
  readonly schema: string;
  readonly type: string;
  readonly name: string;
  readonly action: "export" | "write" | "create" | "append" | "truncate" | "replace";
  /** Of a table: estimated for an export, exact for an import; null when nothing is known, or no rows come. */
  readonly rows: number | null;
  readonly bytes: number | null;
}

/** An object that a job would leave out, and why. */
export interface DryRunRefusal {
  readonly schema: string;
  readonly type: string;
  readonly name: string;
  readonly reason: string;
}

/** What a job would do with the objects that there are. */
export interface DryRunFindings {
  readonly taken: readonly DryRunObject[];
  readonly leftOut: readonly DryRunRefusal[];
  /** What the job would report as errors, stack by stack. */
  readonly problems: readonly (readonly ErrorLine[])[];
  /** What else it would say, of tables that exist. */
  readonly notes: readonly ErrorLine[];
}

/** Whether the object is one that people know of: no shadow table, none of SQLite's. */
export function isShown(object: DumpObject): boolean {
  return object.owner === null && !isSystemTable(object);
}

export function refusalsOf(leftOut: readonly LeftOut[]): readonly DryRunRefusal[] {
  const shown = leftOut.filter(({ object }) => isShown(object));
  return shown.map(({ object, reason }) => ({ schema: object.schema, type: object.objectType, name: object.name, reason }));
}

/** Tables that would come without their rows. */
export function rowRefusals(objects: readonly DumpObject[], withoutRows: ReadonlySet<number>): readonly DryRunRefusal[] {
  const tables = objects.filter((object) => isShown(object) && withoutRows.has(object.id));
  return tables.map(({ schema, name }) => ({ schema, type: "TABLE_DATA", name, reason: "its rows are left out" }));
}

export function missingProblems(missing: readonly StackEntry[]): readonly (readonly ErrorLine[])[] {
  return missing.map((entry) => pumpError([entry]).lines);
}

/** A virtual table with the bytes of its shadow tables. */
export function sumWithShadows(table: DumpObject, all: readonly DumpObject[], bytesOf: (object: DumpObject) => number): number {
  const parts = all.filter((object) => object === table || (object.schema === table.schema && object.owner === table.name));
  return parts.reduce((sum, part) => sum + bytesOf(part), 0);
}

/** What a FULL job takes of a catalog; what belongs to no schema has none. */
export function takenCatalogObject(object: CatalogObject, action: "export" | "create"): DryRunObject {
  return { schema: schemaOf(object) ?? "", type: lastPart(object.tail), name: object.name, action, rows: null, bytes: null };
}
