import { causeLines, pumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";
import { qualifiedName, quoteIdentifier, quoteLiteral } from "../../base/identifiers.ts";
import type { ColumnName } from "../../catalog/encrypted-columns.ts";
import { homeFolder } from "../../catalog/home.ts";
import { missingPrivilege, Privileges } from "../../catalog/privileges.ts";
import { defaultSchema, listSchemas } from "../../catalog/schemas.ts";
import { isOfUser, schemaOf, type CatalogObject } from "../../metadata/catalog-objects.ts";
import { isStatistics, isSystemTable, type DumpObject, type DumpSchema } from "../../metadata/dump-object.ts";
import type { LeftOut } from "../../metadata/object-choice.ts";
import { readSchema } from "../../metadata/read-schema.ts";
import { absentOf, absentSchemas, nothingLeft, systemTableFilter, type Selection } from "../../metadata/select.ts";
import { viewAsTable } from "../../metadata/view-as-table.ts";
import { estimateBytes, usedBytes } from "../../sqlite/estimate.ts";
import type { Connection } from "../../sqlite/database.ts";
import { wholeRange, type KeyRange } from "../../sqlite/key-range.ts";
import { listTables, type TableShape } from "../../sqlite/schema.ts";
import { nameProblem, textProblem } from "../../sqlite/scratch.ts";
import { isUnreadable } from "../../sqlite/stage.ts";
import { rowsWhere, type RowFilter } from "../../sqlite/row-filter.ts";
import { readTableFacts } from "../../sqlite/table-facts.ts";
import type { ColumnRemap, SchemaFile, UnloadTable } from "../../worker/messages.ts";
import { readCatalog } from "../catalog-transfer.ts";
import { contentOf, type Content } from "../content.ts";
import { planRemaps, type RemapsOfTables } from "../data-remaps.ts";
import type { DataRemap, JobDefinition } from "../definition.ts";
import { hasSamples, holdsMarkedColumns, keepColumnsApart } from "../secret-columns.ts";
import { chooseRows, type FrozenState, type RowChoice } from "./row-choice.ts";
import { RowFilters } from "../row-filters.ts";
import { selectionOf } from "../selection.ts";
import { sourceDatabase } from "../source-database.ts";
import { TableUnload } from "./unload-queue.ts";

/** Which schemas an export reads. */
export interface ExportSources {
  readonly selection: Selection;
  readonly sources: readonly SchemaFile[];
  readonly rowFilters: RowFilters;
  /** Of a FULL export what the catalog of the source holds. */
  readonly catalog: readonly CatalogObject[];
  /** The schema that is meant when none is named. */
  readonly defaultSchema: string | null;
  /** Schemas and tablespaces that were asked for and are not there. */
  readonly missing: readonly StackEntry[];
}

/** A table whose rows are to be unloaded; null: it has none. */
export interface TableWork {
  readonly unload: TableUnload;
  readonly range: KeyRange | null;
  /** Whether the job asks for some of its rows only. */
  readonly isFiltered: boolean;
}

/** All that an export is going to do, known before the first row is read. */
export interface ExportPlan {
  readonly schemas: readonly DumpSchema[];
  readonly objects: readonly DumpObject[];
  readonly catalog: readonly CatalogObject[];
  readonly tables: readonly TableWork[];
  /** Numbers of the tables whose rows are left out, though others come. */
  readonly withoutRows: ReadonlySet<number>;
  /** Whether only some objects of the schemas are taken. */
  readonly isPartial: boolean;
  readonly leftOut: readonly LeftOut[];
  /** Objects that can't be exported, and why. */
  readonly problems: readonly (readonly ErrorLine[])[];
  /** What the log is to say before the rows. */
  readonly notes: readonly string[];
  /** Null: no rows are sampled. */
  readonly sampleSeed: string | null;
  /** By schema: databases with the tables that filters name. */
  readonly chosenRows: RowChoice["images"];
  /** Whether there are rows of columns that the catalog marks as secret. */
  readonly holdsMarkedColumns: boolean;
  /** Of an export of pages: the rows of each table by its number, as far as they are counted; null: rows are exported. */
  readonly transportedRows: Map<number, number> | null;
}

/** Before there is one. */
export const NO_PLAN: ExportPlan = {
  schemas: [],
  objects: [],
  catalog: [],
  tables: [],
  withoutRows: new Set(),
  isPartial: false,
  leftOut: [],
  problems: [],
  notes: [],
  sampleSeed: null,
  chosenRows: new Map(),
  holdsMarkedColumns: false,
  transportedRows: null,
};

/** What happens to some of the columns. */
export interface ColumnChoice {
  /** Those that the catalog marks as secret. */
  readonly marks: readonly ColumnName[];
  /** Whether ENCRYPTION says that they alone are encrypted. */
  readonly keepsApart: boolean;
  readonly remaps: readonly DataRemap[];
}

/**
 * @throws ORA-39002 with ORA-39165 and ORA-31655 when there is no schema to export, ORA-31631 with ORA-39109 when one of them is somebody
 * else's and the user may not work on it
 */
export function chooseSources(definition: JobDefinition): ExportSources {
  const { database, user } = sourceDatabase(definition);
  const byDefault = defaultSchema(database, user);
  const selection = selectionOf(definition, byDefault);
  const available = listSchemas(database);
  const found = selection.schemas(available.map(({ name }) => name));
  const sources = available
    .filter(({ name }) => found.schemas.includes(name))
    .map(({ name, path }) => ({
      schema: name,
      path,
      readsViews: selection.takesViews,
    }));
  const privileges = Privileges.of(homeFolder(database), user);
  if (found.schemas.some((schema) => !privileges.mayWorkOn(schema, "EXPORT"))) throw missingPrivilege("EXPORT", ["ORA-39109"]);
  const rowFilters = new RowFilters(definition);
  const catalog = catalogFor(definition, homeFolder(database), found.schemas, privileges);
  return { catalog, selection, sources, rowFilters, defaultSchema: byDefault, missing: absentSchemas(found) };
}

/**
 * What goes along of the catalog: all of it with FULL, with USER_METADATA the users whose schemas are exported, and their roles.
 * @throws ORA-31631 for users when that is not for whoever exports
 */
function catalogFor(
  definition: JobDefinition,
  home: string,
  schemas: readonly string[],
  privileges: Privileges,
): readonly CatalogObject[] {
  const isFull = definition.mode === "FULL";
  if (contentOf(definition) === "DATA_ONLY" || !(isFull || definition.parameters["USER_METADATA"] === 1)) return [];
  const mayTakeAll = privileges.mayWorkOnAll("EXPORT");
  if (isFull) return mayTakeAll ? readCatalog(home) : [];
  if (!mayTakeAll) throw missingPrivilege("EXPORT");
  return readCatalog(home).filter((object) => isOfUser(object) && schemas.includes(schemaOf(object) ?? ""));
}

/**
 * Reads the definitions in the snapshot and lays out the work.
 * @throws ORA-39002 with ORA-31655 when nothing is selected, or with what keeps a marked column from being kept apart, or values from
 * being replaced
 */
export function planExport(
  { selection, sources, rowFilters, catalog, defaultSchema: byDefault }: ExportSources,
  snapshot: FrozenState,
  content: Content,
  { marks, keepsApart, remaps }: ColumnChoice,
): ExportPlan {
  const { contents, schemas, read } = readSchemas(sources, snapshot);
  const { objects: all, problems: viewProblems } = takeViews(read, schemas, selection, snapshot);
  const choice = selection.objects(all, catalog);
  const isWithoutRows = ({ id }: DumpObject) => choice.withoutRows.has(id);
  // A shadow table without its rows is damage: the module makes it.
  const selected = choice.objects.filter(
    (object) => nameProblem(object) === null && (object.owner === null || content === "METADATA_ONLY" || !isWithoutRows(object)),
  );
  const hasOwnRows = (object: DumpObject) => object.shape !== null && !isSystemTable(object) && !isWithoutRows(object);
  const chosen = content === "DATA_ONLY" ? selected.filter(hasOwnRows) : selected;
  assertViewsShowNoMarked(chosen, marks, keepsApart);
  const { objects, notes } =
    keepsApart && content !== "METADATA_ONLY"
      ? keepColumnsApart(chosen, schemas, marks, (schema) => snapshot.connection(schema))
      : { objects: chosen, notes: [] };
  if (objects.length + choice.catalog.length === 0 && selection.isPartial)
    throw nothingLeft([...absentOf(choice), ...viewProblems.flat()]);
  const tables = content === "METADATA_ONLY" ? [] : objects.filter((object) => object.shape !== null && !isWithoutRows(object));
  const remapped = planRemaps(remaps, {
    operation: "EXPORT",
    objects,
    hasRows: (object) => tables.includes(object),
    defaultSchema: byDefault,
    factsOf: ({ schema, name }) => readFacts(snapshot.connection(schema), name),
  });
  rowFilters.assertTables(tables, objects);
  const rows = chooseRows(tables, rowFilters, snapshot);
  const filterOf = (table: DumpObject) =>
    withoutReplaced(table, systemTableFilter(table, objects, selection.isPartial), objects, remapped) ??
    rows.filters.get(table.id) ??
    null;
  return {
    schemas,
    objects,
    catalog: choice.catalog,
    notes: [...notes, ...notesOf(rowFilters)],
    chosenRows: rows.images,
    sampleSeed: rowFilters.seed,
    withoutRows: content === "METADATA_ONLY" ? new Set() : choice.withoutRows,
    isPartial: selection.isPartial,
    leftOut: choice.leftOut,
    holdsMarkedColumns: holdsMarkedColumns(tables, marks),
    transportedRows: null,
    tables: tables.flatMap((table) =>
      planTable(table, snapshot, filterOf(table), { remaps: remapped.get(table.id) ?? [], share: rowFilters.shareOf(table) }),
    ),
    problems: [
      ...absentOf(choice).map((entry) => pumpError([entry]).lines),
      ...viewProblems,
      ...contents.flatMap(({ schema, unreadable }) => unreadable.map((name) => unspeakable(schema.name, name))),
      ...choice.objects.flatMap((object) => refusedByImports(object, schemas)),
      ...tables.filter((table) => hidesRowids(table, snapshot)).map(rowidsLost),
    ],
  };
}

function readSchemas(sources: readonly SchemaFile[], snapshot: FrozenState) {
  const contents = sources.map(({ schema }) => readSchema(snapshot.connection(schema), schema));
  const objects = contents.flatMap((content) => content.objects);
  return {
    contents,
    schemas: contents.map(({ schema }) => schema),
    read: objects.map((object, i) => ({ ...object, id: i + 1 })),
  };
}

function notesOf({ seed, followsKeys }: RowFilters): readonly string[] {
  return [
    ...(seed === null ? [] : [`Rows are sampled with seed ${seed}`]),
    ...(followsKeys ? ["Rows come with the rows that they refer to by foreign keys"] : []),
  ];
}

/** VIEWS_AS_TABLES: the views that are named become tables. */
function takeViews(
  read: readonly DumpObject[],
  schemas: readonly DumpSchema[],
  selection: Selection,
  snapshot: FrozenState,
): { readonly objects: readonly DumpObject[]; readonly problems: readonly (readonly ErrorLine[])[] } {
  const problems: (readonly ErrorLine[])[] = [];
  const objects = read.map((object) => {
    const settings = schemas.find(({ name }) => name === object.schema)?.settings;
    if (object.objectType !== "VIEW" || settings === undefined || !selection.takesViewAsTable(object)) return object;
    try {
      return viewAsTable(snapshot.connection(object.schema), object, settings.encoding);
    } catch (error) {
      const name = qualifiedName(object.schema, object.name);
      problems.push(pumpError([["ORA-31693", name], ["ORA-02354"], ...causeLines(error)]).lines);
      return object;
    }
  });
  return { objects, problems };
}

/** Nobody knows from which columns a view takes its values. @throws ORA-39002 with TSDP-00010 */
function assertViewsShowNoMarked(objects: readonly DumpObject[], marks: readonly ColumnName[], keepsApart: boolean): void {
  const view = objects.find(({ fromView, schema }) => fromView === true && marks.some((mark) => mark.schema === schema));
  if (!keepsApart || view === undefined) return;
  const reason = `view ${qualifiedName(view.schema, view.name)} may show columns that are marked as secret, and its own can't be kept apart`;
  throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Encrypt all of the data with encryption=data_only or all.");
}

function readFacts(connection: Connection, table: string) {
  return readTableFacts(connection, table, listTables(connection));
}

/**
 * Samples hold values of indexed columns as they are, and sqlite_sequence the last INTEGER PRIMARY KEY: those of tables in which they are
 * replaced stay behind.
 */
function withoutReplaced(
  table: DumpObject,
  filter: RowFilter | null,
  objects: readonly DumpObject[],
  remapped: RemapsOfTables,
): RowFilter | null {
  if (!isSystemTable(table) || (isStatistics(table) && !hasSamples(table))) return filter;
  const isTold = ({ isRowid }: ColumnRemap) => isRowid || isStatistics(table);
  const tables = objects.filter(({ id, schema }) => schema === table.schema && remapped.get(id)?.some(isTold) === true);
  if (tables.length === 0) return filter;
  const column = isStatistics(table) ? "tbl" : "name";
  const others = `${column} COLLATE NOCASE NOT IN (${tables.map(({ name }) => quoteLiteral(name)).join(", ")})`;
  return rowsWhere(filter === null ? others : `(${filter.where}) AND ${others}`);
}

function planTable(
  table: DumpObject,
  snapshot: FrozenState,
  filter: RowFilter | null,
  { remaps, share }: { readonly remaps: readonly ColumnRemap[]; readonly share: number },
): readonly TableWork[] {
  const { shape } = table;
  if (shape === null) return [];
  const connection = snapshot.connection(table.schema);
  const reading = { object: table.id, schema: table.schema, shape, filter, remaps };
  if (table.fromView === true) return [planView(reading, connection)];
  const estimate = isSystemTable(table) ? 0 : estimateBytes(connection, shape, usedBytes(connection)) * share;
  const range = rangeOf(connection, shape);
  return [{ unload: new TableUnload(reading, range, estimate), range, isFiltered: filter !== null && !isSystemTable(table) }];
}

/** Of the size of a view nothing is known before it is read, but that of all there is; it has no keys to cut it by. */
function planView(reading: UnloadTable, connection: Connection): TableWork {
  const range = { kind: "scan", offset: 0n, ofView: true } as const;
  return { unload: new TableUnload(reading, range, usedBytes(connection)), range, isFiltered: reading.filter !== null };
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
function hidesRowids({ shape, schema, fromView }: DumpObject, snapshot: FrozenState): boolean {
  if (shape === null || fromView === true || shape.withoutRowid || shape.rowid !== null) return false;
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

/** An object that no import would take. One with a name that is reserved stays behind; of others the dump has the rows, and the definition to read. */
function refusedByImports(object: DumpObject, schemas: readonly DumpSchema[]): readonly (readonly ErrorLine[])[] {
  const encoding = schemas.find(({ name }) => name === object.schema)?.settings.encoding ?? "UTF-8";
  const reason = nameProblem(object) ?? (object.sql === null ? null : textProblem(object.sql, object.type, encoding));
  if (reason === null) return [];
  return [
    pumpError([
      ["ORA-39166", `${object.schema}.${object.name}`],
      ["TSDP-00010", reason],
    ]).lines,
  ];
}

function unspeakable(schema: string, name: string): readonly ErrorLine[] {
  return pumpError([
    ["ORA-39166", `${schema}.${name}`],
    ["TSDP-00010", "its name is no valid text, so no SQL can address it"],
  ]).lines;
}
