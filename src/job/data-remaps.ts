import { pumpError } from "../base/errors.ts";
import { foldName, qualifiedName, quoteIdentifier } from "../base/identifiers.ts";
import { parseRemapFunction, type RemapFunction } from "../mask/remap-function.ts";
import { isSystemTable, type DumpObject } from "../metadata/dump-object.ts";
import { isSplit, MAX_COLUMNS } from "../sqlite/piece-table.ts";
import { freeRowidName } from "../sqlite/schema.ts";
import { MOST_SHUFFLED } from "../sqlite/shuffle.ts";
import type { TableFacts } from "../sqlite/table-facts.ts";
import type { ColumnRemap } from "../worker/messages.ts";
import type { DataRemap, JobDefinition } from "./definition.ts";
import { remapsOfView, type RemappedTable } from "./view-remaps.ts";

/** The remaps of a job by the numbers of their tables. */
export type RemapsOfTables = ReadonlyMap<number, readonly ColumnRemap[]>;

/** What has to be known of the tables of a job to replace values in them. */
export interface RemapScope {
  readonly operation: "EXPORT" | "IMPORT";
  /** The objects of the job. */
  readonly objects: readonly DumpObject[];
  /** Whether the rows of an object come. */
  readonly hasRows: (object: DumpObject) => boolean;
  /** The schema that is meant when none is named; null: the only one that has the table. */
  readonly defaultSchema: string | null;
  readonly factsOf: (table: DumpObject) => TableFacts | undefined;
}

export function dataRemapsOf({ dataRemaps }: Pick<JobDefinition, "dataRemaps">): readonly DataRemap[] {
  return dataRemaps ?? [];
}

/** @throws ORA-39001 with ORA-39232 */
export function functionOf({ remapFunction, module }: DataRemap): RemapFunction {
  const parsed = parseRemapFunction(remapFunction);
  if (parsed.kind === "built-in") return parsed.called;
  if (module === undefined) throw new Error(`module ${parsed.module} was not looked for`);
  return module;
}

/**
 * Finds the columns of the remaps, and refuses what would let an original value through by another way.
 * @throws ORA-39002 with the reason
 */
export function planRemaps(remaps: readonly DataRemap[], scope: RemapScope): RemapsOfTables {
  const planned = new Map<number, readonly ColumnRemap[]>();
  for (const remap of remaps) {
    const table = findTable(remap, scope);
    const columns = planned.get(table.id) ?? [];
    const added = planColumn(remap, table, scope);
    if (columns.some(({ column }) => column === added.column)) throw pumpError([["ORA-39002"], ["ORA-39235", added.shown]]);
    if ([...columns, added].filter(({ called }) => called.name === "SHUFFLE").length > MOST_SHUFFLED)
      throw pumpError([
        ["ORA-39002"],
        ["TSDP-00060", added.shown, `no more than ${MOST_SHUFFLED} columns of a table can be shuffled`],
      ]);
    planned.set(table.id, [...columns, added]);
  }
  const schemas = new Set(scope.objects.filter(({ id }) => planned.has(id)).map(({ schema }) => schema));
  const own = scope.objects.filter(({ schema }) => schemas.has(schema));
  for (const object of own) assertNoCopy(object, scope);
  const tables = own.filter(({ id }) => planned.has(id));
  for (const view of own.filter(({ fromView }) => fromView === true)) {
    const remapped = tables.filter(({ schema }) => schema === view.schema).map((table) => remappedTable(table, planned, scope));
    const columns = remapsOfView(view, remapped);
    if (columns.length > 0) planned.set(view.id, columns);
  }
  return planned;
}

function remappedTable(table: DumpObject, planned: RemapsOfTables, { factsOf }: RemapScope): RemappedTable {
  const columns = new Map([...(factsOf(table)?.columns ?? [])].map(([name, place]) => [foldName(name), place]));
  const computes = (column: string) => ["computed", "unstored"].includes(columns.get(foldName(column)) ?? "");
  return { name: table.name, remaps: planned.get(table.id) ?? [], computes };
}

function findTable(remap: DataRemap, { objects, hasRows, defaultSchema }: RemapScope): DumpObject {
  const schema = remap.schemaName ?? defaultSchema;
  const found = objects.filter(
    (object) =>
      object.objectType === "TABLE" &&
      foldName(object.name) === foldName(remap.tableName) &&
      (schema === null || foldName(object.schema) === foldName(schema)),
  );
  const [table, other] = found;
  const shown = `${schema === null ? "" : `${quoteIdentifier(schema)}.`}${quoteIdentifier(remap.tableName)}`;
  if (table === undefined)
    throw pumpError([["ORA-39002"], ["ORA-39166", shown]], "REMAP_DATA names a table that the job does not take.");
  if (other !== undefined)
    throw pumpError([["ORA-39002"], ["ORA-39166", shown]], "Several schemas have this table: give schema.table.column.");
  if (!hasRows(table))
    throw pumpError([["ORA-39002"], ["ORA-39166", shown]], "REMAP_DATA names a table whose rows the job leaves out.");
  return table;
}

function planColumn(remap: DataRemap, table: DumpObject, scope: RemapScope): ColumnRemap {
  const facts = scope.factsOf(table);
  const [column] = [...(facts?.columns.keys() ?? [])].filter((name) => foldName(name) === foldName(remap.column));
  const shown = `${qualifiedName(table.schema, table.name)}.${quoteIdentifier(column ?? remap.column)}`;
  if (facts === undefined || column === undefined) throw pumpError([["ORA-39002"], ["ORA-39233", shown], ["ORA-00904", shown]]);
  const called = functionOf(remap);
  const isRowid = facts.columns.get(column) === "rowid";
  const isNullable = !isRowid && !facts.notNull.includes(column);
  const obstacle =
    tableObstacle(table, facts, scope) ??
    columnObstacle(table, facts, column, scope) ??
    functionObstacle(called, isNullable, facts);
  if (obstacle !== null) throw pumpError([["ORA-39002"], ["TSDP-00060", shown, obstacle]]);
  return { column, shown, isNullable, isRowid, called };
}

/** What can be done for a column of a view instead. */
const OF_VIEW = {
  EXPORT: "remap the columns of its tables",
  IMPORT: "import it, then export the table that it became with remap_data; or remap the columns of its tables on export",
} as const;

function tableObstacle(table: DumpObject, { kind, columns }: TableFacts, { operation }: RemapScope): string | null {
  if (table.fromView === true || kind === "view") return `it is of a view; ${OF_VIEW[operation]}`;
  if (kind !== "table") return "the module of a virtual table keeps its values in a form of its own";
  if (isSystemTable(table)) return "the table is SQLite's own";
  const computed = [...columns].find(([, place]) => place === "computed")?.[0];
  // An import computes it anew.
  if (operation === "IMPORT" || computed === undefined) return null;
  return `its table stores column ${quoteIdentifier(computed)}, which is computed from others; remap on import, which computes it anew`;
}

function columnObstacle(
  { shape }: DumpObject,
  { columns }: TableFacts,
  column: string,
  { operation }: RemapScope,
): string | null {
  switch (columns.get(column)) {
    case "rowid":
      if (columns.size >= MAX_COLUMNS) return `it is the key of a table of ${MAX_COLUMNS} columns, by which rows are found`;
      if (operation === "IMPORT" || shape === null || !isSplit(shape)) return null;
      return "it is the key by which columns that are kept apart are put beside the others";
    case "computed":
    case "unstored":
      return "it is computed; remap the columns that it is computed from";
    default:
      return null;
  }
}

function functionObstacle({ name }: RemapFunction, isNullable: boolean, { columns }: TableFacts): string | null {
  if (name === "NULLIFY" && !isNullable) return "the column does not take NULL";
  if (name !== "SHUFFLE") return null;
  if (columns.size >= MAX_COLUMNS) return `a table of ${MAX_COLUMNS} columns has no room for its rows to be shuffled`;
  return freeRowidName([...columns.keys()]) === null ? "columns take all names of the rowid, by which rows are shuffled" : null;
}

/** Nobody knows what the application has copied into a virtual table. */
function assertNoCopy(object: DumpObject, { objects, hasRows }: RemapScope): void {
  const name = qualifiedName(object.schema, object.name);
  const stores =
    object.kind === "virtual" &&
    objects.some((part) => part.owner === object.name && part.schema === object.schema && hasRows(part));
  if (!stores) return;
  throw pumpError(
    [["ORA-39001"], ["TSDP-00010", `virtual table ${name} may hold copies of values that are remapped`]],
    `Leave it out, exclude=TABLE:"= '${object.name.replaceAll("'", "''")}'", and make it anew from the remapped rows.`,
  );
}
