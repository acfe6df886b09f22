import { pumpError, type PumpError, type StackEntry } from "../base/errors.ts";
import { quoteLiteral, upperName } from "../base/identifiers.ts";
import { rowsWhere, type RowFilter } from "../sqlite/row-filter.ts";
import { statisticsCondition } from "../sqlite/schema.ts";
import { schemaOf, type CatalogObject } from "./catalog-objects.ts";
import { isStatistics, isSystemTable, type DumpObject } from "./dump-object.ts";
import { takenByAll, type NameFilter } from "./name-filter.ts";
import { ObjectChoice, OBJECT_FILTERS, type ChosenObjects } from "./object-choice.ts";
import { choosePaths, namesOfFilter, type PathChoice, type SelectionFilter } from "./path-filter.ts";
import { isSchemaPath, pathEntriesFor } from "./path-catalog.ts";
import { parseTableFilter, type TablePattern } from "./table-filter.ts";

/** The part of a job's definition that says which objects it takes. */
export interface SelectionRequest {
  readonly mode: "FULL" | "SCHEMA" | "TABLE" | "TABLESPACE";
  readonly filters: readonly SelectionFilter[];
  /** The schema meant when none is named; null when one has to be named. */
  readonly defaultSchema: string | null;
  /** Whether the whole of what there is is meant when no schema is named (import of a dump). */
  readonly everythingByDefault: boolean;
  /** Whether the rows of a table may come, whatever the filters say. */
  readonly includesRows: (table: Pick<DumpObject, "schema" | "name">) => boolean;
}

/** Which schemas a job works on, and which of them were asked for but are not there. */
export interface SchemaSelection {
  readonly schemas: readonly string[];
  readonly missing: readonly string[];
  /** The same for tablespaces. */
  readonly missingTablespaces: readonly string[];
}

/** The choice of a job: first of schemas, then of the objects in them. */
export class Selection {
  readonly #request: SelectionRequest;
  readonly #schemaFilters: readonly NameFilter[];
  readonly #schemaNames: readonly NameFilter[];
  readonly #tablespaces: readonly NameFilter[];
  readonly #patterns: readonly TablePattern[];
  readonly #viewPatterns: readonly TablePattern[];
  readonly #paths: PathChoice;
  readonly #choice: ObjectChoice;

  /**
   * @throws ORA-39001 with ORA-39071, ORA-39193 or ORA-39194 for a filter that can't be read, ORA-39038 or ORA-39041 for an object
   * path that there is not
   */
  constructor(request: SelectionRequest) {
    const named = (...names: string[]) => request.filters.filter((filter) => names.includes(filter.name));
    this.#request = request;
    this.#schemaFilters = named("SCHEMA_EXPR", "SCHEMA_LIST").map(namesOfFilter);
    this.#schemaNames = named("NAME_EXPR", "NAME_LIST").filter(namesSchemas).map(namesOfFilter);
    this.#tablespaces = named("TABLESPACE_EXPR", "TABLESPACE_LIST").map(namesOfFilter);
    this.#patterns = named("TABLE_FILTER").flatMap(({ value }) => parseTableFilter(value));
    this.#viewPatterns = named("VIEWS_AS_TABLES").flatMap(({ value }) => parseTableFilter(value));
    const entries = pathEntriesFor(request);
    this.#paths = choosePaths(request.filters, entries, request.mode);
    this.#choice = new ObjectChoice({
      isTableSelection: this.isTableSelection,
      paths: this.#paths,
      entries,
      names: request.filters.filter((filter) => filter.name.startsWith("NAME_") && !namesSchemas(filter)),
      includesRows: request.includesRows,
      excludesTables: named("EXCLUDE_TABLES").length > 0,
      patterns: this.#patterns,
      viewPatterns: this.#viewPatterns,
      patternTakes: (pattern, schema, name) => this.#patternTakes(pattern, schema, name),
    });
  }

  /** Whether only some tables are taken, so that objects which belong to no table are left out. */
  get isTableSelection(): boolean {
    return this.#request.mode === "TABLE" || this.#request.mode === "TABLESPACE";
  }

  /** Whether the job takes less than all of its schemas. */
  get isPartial(): boolean {
    const { filters } = this.#request;
    return this.isTableSelection || this.#paths.isFiltered || filters.some(({ name }) => OBJECT_FILTERS.has(name));
  }

  /** Whether VIEWS_AS_TABLES names any views. */
  get takesViews(): boolean {
    return this.#viewPatterns.length > 0;
  }

  /** Whether VIEWS_AS_TABLES names a view. */
  takesViewAsTable(view: Pick<DumpObject, "schema" | "name">): boolean {
    return this.#viewPatterns.some((pattern) => this.#patternTakes(pattern, view.schema, view.name));
  }

  /**
   * The schemas of the job among those that there are (upper case).
   * @throws ORA-39002 with ORA-39165 or ORA-00959, and ORA-31655 when none is left
   */
  schemas(available: readonly string[]): SchemaSelection {
    const wanted = takenByAll([...this.#schemaNames, ...this.#tablespaces], this.#wantedSchemas(available));
    const chosen = available.filter((name) => wanted.has(name));
    const isMissing = (name: string) => !available.includes(name);
    const missing = [...this.#namedSchemas()].filter(isMissing);
    const missingTablespaces = this.#tablespaces.flatMap((filter) => filter.wanted.map(upperName)).filter(isMissing);
    const selection = { schemas: chosen, missing, missingTablespaces };
    if (chosen.length === 0) throw nothingLeft(absentSchemas(selection));
    return selection;
  }

  /** The objects of the job, what was asked for by name and is not there, and what was left out and why. */
  objects(all: readonly DumpObject[], catalog: readonly CatalogObject[] = []): ChosenObjects {
    const names = new Set(catalog.flatMap((object) => schemaOf(object) ?? []));
    const wanted = takenByAll([...this.#schemaFilters, ...this.#schemaNames], names);
    const ofSchemas = catalog.filter((object) => {
      const schema = schemaOf(object);
      return schema === null || wanted.has(schema);
    });
    return this.#choice.choose(all, ofSchemas);
  }

  #patternTakes(pattern: TablePattern, ofSchema: string, name: string): boolean {
    const schema = pattern.schema ?? this.#request.defaultSchema;
    return (schema === null || upperName(schema) === ofSchema) && pattern.matches(name);
  }

  #namedSchemas(): ReadonlySet<string> {
    const fromFilters = [...this.#schemaFilters, ...this.#schemaNames].flatMap((filter) => filter.wanted);
    const patterns = [...this.#patterns, ...this.#viewPatterns];
    const fromPatterns = patterns.flatMap((pattern) => pattern.schema ?? this.#request.defaultSchema ?? []);
    return new Set([...fromFilters, ...fromPatterns].map(upperName));
  }

  #wantedSchemas(available: readonly string[]): ReadonlySet<string> {
    const { mode, everythingByDefault, defaultSchema } = this.#request;
    if (this.#schemaFilters.length > 0) return takenByAll(this.#schemaFilters, available);
    if (mode === "FULL" || everythingByDefault || this.#tablespaces.length > 0) return new Set(available);
    if ([...this.#patterns, ...this.#viewPatterns].some((pattern) => pattern.schema !== null)) return this.#namedSchemas();
    if (defaultSchema !== null) return new Set([upperName(defaultSchema)]);
    throw pumpError([["ORA-39002"], ["ORA-31655"]], "Say which schema: schemas=NAME, tables=SCHEMA.TABLE or full=y.");
  }
}

function namesSchemas({ objectPath }: SelectionFilter): boolean {
  return typeof objectPath === "string" && isSchemaPath(objectPath);
}

/** The rows of a system table that are about the tables of the job, and their indexes, null: all rows. */
export function systemTableFilter(table: DumpObject, objects: readonly DumpObject[], isPartial: boolean): RowFilter | null {
  if (!isSystemTable(table) || !isPartial) return null;
  const own = objects.filter(({ schema }) => schema === table.schema);
  const tables = namesOf(own.filter((object) => object.objectType === "TABLE" && !isSystemTable(object)));
  if (!isStatistics(table)) return rowsWhere(`name COLLATE NOCASE IN (${tables})`);
  const indexes = own.filter(({ objectType }) => objectType === "INDEX");
  return rowsWhere(`tbl COLLATE NOCASE IN (${tables}) AND ${statisticsCondition(indexes)}`);
}

function namesOf(objects: readonly DumpObject[]): string {
  return objects.map(({ name }) => quoteLiteral(name)).join(", ");
}

/** The stack of a job that has nothing to do. */
export function nothingLeft(missing: readonly StackEntry[]): PumpError {
  return pumpError([["ORA-39002"], ...missing, ["ORA-31655"]]);
}

/** The schemas and tablespaces that were asked for and are not there, for a stack or for messages. */
export function absentSchemas({
  missing,
  missingTablespaces,
}: SchemaSelection): readonly (readonly ["ORA-39165" | "ORA-00959", string])[] {
  return [
    ...missing.map((name) => ["ORA-39165", name] as const),
    ...missingTablespaces.map((name) => ["ORA-00959", name] as const),
  ];
}

/** What filters name and nothing is under, for a stack or for messages. */
export function absentOf({ missing, missingPaths }: ChosenObjects): readonly (readonly ["ORA-39166" | "ORA-39168", string])[] {
  return [...missing.map((name) => ["ORA-39166", name] as const), ...missingPaths.map((path) => ["ORA-39168", path] as const)];
}
