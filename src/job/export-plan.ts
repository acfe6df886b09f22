import { pumpError, type ErrorLine } from "../base/errors.ts";
import { qualifiedName, quoteIdentifier } from "../base/identifiers.ts";
import type { ColumnName } from "../catalog/encrypted-columns.ts";
import { defaultSchema, listSchemas } from "../catalog/schemas.ts";
import { isSystemTable, type DumpObject, type DumpSchema } from "../metadata/dump-object.ts";
import { readSchema } from "../metadata/read-schema.ts";
import { nothingLeft, Selection, systemTableFilter } from "../metadata/select.ts";
import { estimateBytes, usedBytes } from "../sqlite/estimate.ts";
import type { Connection } from "../sqlite/database.ts";
import { wholeRange, type KeyRange } from "../sqlite/key-range.ts";
import type { TableShape } from "../sqlite/schema.ts";
import { isUnreadable } from "../sqlite/stage.ts";
import type { SchemaFile } from "../worker/messages.ts";
import type { Content } from "./content.ts";
import type { JobDefinition } from "./definition.ts";
import { holdsMarkedColumns, keepColumnsApart } from "./secret-columns.ts";
import type { Snapshot } from "./snapshot.ts";
import { TableUnload } from "./unload-queue.ts";

/** Which schemas an export reads. */
export interface ExportSources {
  readonly selection: Selection;
  readonly sources: readonly SchemaFile[];
  /** Schemas that were asked for and are not there. */
  readonly missing: readonly string[];
}

/** A table whose rows are to be unloaded; null: it has none. */
export interface TableWork {
  readonly unload: TableUnload;
  readonly range: KeyRange | null;
}

/** All that an export is going to do, known before the first row is read. */
export interface ExportPlan {
  readonly schemas: readonly DumpSchema[];
  readonly objects: readonly DumpObject[];
  readonly tables: readonly TableWork[];
  /** Objects that can't be exported, and why. */
  readonly problems: readonly (readonly ErrorLine[])[];
  /** What the log is to say before the rows. */
  readonly notes: readonly string[];
  /** Whether there are rows of columns that the catalog marks as secret. */
  readonly holdsMarkedColumns: boolean;
}

/** The columns that the catalog marks as secret, and whether ENCRYPTION says that they alone are encrypted. */
export interface ColumnChoice {
  readonly marks: readonly ColumnName[];
  readonly keepsApart: boolean;
}

/** @throws ORA-39002 with ORA-39165 and ORA-31655 when there is no schema to export */
export function chooseSources(definition: JobDefinition): ExportSources {
  const { database, owner, mode, metadataFilters } = definition;
  if (mode !== "FULL" && mode !== "SCHEMA" && mode !== "TABLE") throw pumpError([["TSDP-00001", `mode ${mode}`]]);
  const selection = new Selection({
    mode,
    filters: metadataFilters,
    defaultSchema: defaultSchema(database, owner),
    everythingByDefault: false,
  });
  const available = listSchemas(database);
  const { schemas, missing } = selection.schemas(available.map(({ name }) => name));
  const sources = available.filter(({ name }) => schemas.includes(name)).map(({ name, path }) => ({ schema: name, path }));
  return { selection, sources, missing };
}

/**
 * Reads the definitions in the snapshot and lays out the work.
 * @throws ORA-39002 with ORA-31655 when nothing is selected, or with what keeps a marked column from being kept apart
 */
export function planExport(
  { selection, sources }: ExportSources,
  snapshot: Snapshot,
  content: Content,
  { marks, keepsApart }: ColumnChoice,
): ExportPlan {
  const contents = sources.map(({ schema }) => readSchema(snapshot.connection(schema), schema));
  const all = contents.flatMap(({ objects }) => objects).map((object, i) => ({ ...object, id: i + 1 }));
  const { objects: selected, missing } = selection.objects(all);
  const chosen =
    content === "DATA_ONLY" ? selected.filter((object) => object.shape !== null && !isSystemTable(object)) : selected;
  const schemas = contents.map(({ schema }) => schema);
  const { objects, notes } =
    keepsApart && content !== "METADATA_ONLY"
      ? keepColumnsApart(chosen, schemas, marks, (schema) => snapshot.connection(schema))
      : { objects: chosen, notes: [] };
  if (objects.length === 0 && selection.isTableSelection) throw nothingLeft(missing.map((name) => ["ORA-39166", name]));
  const tables = content === "METADATA_ONLY" ? [] : objects.filter(({ shape }) => shape !== null);
  return {
    schemas,
    objects,
    notes,
    holdsMarkedColumns: holdsMarkedColumns(tables, marks),
    tables: tables.flatMap((table) => planTable(table, objects, selection, snapshot)),
    problems: [
      ...missing.map((name) => pumpError([["ORA-39166", name]]).lines),
      ...contents.flatMap(({ schema, unreadable }) => unreadable.map((name) => unspeakable(schema.name, name))),
      ...tables.filter((table) => hidesRowids(table, snapshot)).map(rowidsLost),
    ],
  };
}

function planTable(
  table: DumpObject,
  objects: readonly DumpObject[],
  selection: Selection,
  snapshot: Snapshot,
): readonly TableWork[] {
  const { shape } = table;
  if (shape === null) return [];
  const connection = snapshot.connection(table.schema);
  const filter = systemTableFilter(table, objects, selection.isTableSelection);
  const estimate = isSystemTable(table) ? 0 : estimateBytes(connection, shape, usedBytes(connection));
  const range = rangeOf(connection, shape);
  return [{ unload: new TableUnload({ object: table.id, schema: table.schema, shape, filter }, range, estimate), range }];
}

/** The ends of a damaged table can't be read; its rows are then looked for among all rowids. */
function rangeOf(connection: Connection, shape: TableShape): KeyRange | null {
  try {
    return wholeRange(connection, shape);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { kind: "rowid", low: -(2n ** 63n), high: 2n ** 63n - 1n };
  }
}

/** Whether the rows have rowids that no SQL can ask for. */
function hidesRowids({ shape, schema }: DumpObject, snapshot: Snapshot): boolean {
  if (shape === null || shape.withoutRowid || shape.rowid !== null) return false;
  try {
    return (
      snapshot
        .connection(schema)
        .prepare(`SELECT 1 FROM main.${quoteIdentifier(shape.name)} LIMIT 1`)
        .get() !== undefined
    );
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return true;
  }
}

function rowidsLost({ schema, name }: DumpObject): readonly ErrorLine[] {
  const reason = `the rowids of table ${qualifiedName(schema, name)} can't be kept, since its columns take all three names of a rowid; its rows are numbered anew in their order`;
  return pumpError([["TSDP-00010", reason]], "Rename one of the columns rowid, _rowid_ and oid to keep the rowids.").lines;
}

function unspeakable(schema: string, name: string): readonly ErrorLine[] {
  return pumpError([
    ["ORA-39166", `${schema}.${name}`],
    ["TSDP-00010", "its name is no valid text, so no SQL can address it"],
  ]).lines;
}
