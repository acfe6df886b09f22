import { pumpError, type PumpError } from "../base/errors.ts";
import { foldName, upperName } from "../base/identifiers.ts";
import { isStatistics, isSystemTable, type DumpObject } from "./dump-object.ts";
import { nameFilter, type NameFilter } from "./name-filter.ts";
import { parseTableFilter, type TablePattern } from "./table-filter.ts";

/** The part of a job's definition that says which objects it takes. */
export interface SelectionRequest {
  readonly mode: "FULL" | "SCHEMA" | "TABLE";
  readonly filters: readonly { readonly name: string; readonly value: string }[];
  /** The schema meant when none is named; null when one has to be named. */
  readonly defaultSchema: string | null;
  /** Whether the whole of what there is is meant when no schema is named (import of a dump). */
  readonly everythingByDefault: boolean;
}

/** Which schemas a job works on, and which of them were asked for but are not there. */
export interface SchemaSelection {
  readonly schemas: readonly string[];
  readonly missing: readonly string[];
}

/** The choice of a job: first of schemas, then of the objects in them. */
export class Selection {
  readonly #request: SelectionRequest;
  readonly #schemaFilters: readonly NameFilter[];
  readonly #nameFilters: readonly NameFilter[];
  readonly #patterns: readonly TablePattern[];

  /** @throws ORA-39001 with ORA-39071, ORA-39193 or ORA-39194 for a filter that can't be read */
  constructor(request: SelectionRequest) {
    const named = (...names: string[]) => request.filters.filter((filter) => names.includes(filter.name));
    this.#request = request;
    this.#schemaFilters = named("SCHEMA_EXPR", "SCHEMA_LIST").map(({ name, value }) => nameFilter(name, value));
    this.#nameFilters = named("NAME_EXPR", "NAME_LIST").map(({ name, value }) => nameFilter(name, value));
    this.#patterns = named("TABLE_FILTER").flatMap(({ value }) => parseTableFilter(value));
  }

  /** Whether only some tables are taken, so that objects which belong to no table are left out. */
  get isTableSelection(): boolean {
    return this.#request.mode === "TABLE";
  }

  /**
   * The schemas of the job among those that there are (upper case).
   * @throws ORA-39002 with ORA-39165 and ORA-31655 when none is left, ORA-39040 when a table job's expression names several
   */
  schemas(available: readonly string[]): SchemaSelection {
    const wanted = this.#wantedSchemas(available);
    const chosen = available.filter((name) => wanted.has(name));
    const missing = [...this.#namedSchemas()].filter((name) => !available.includes(name));
    if (chosen.length === 0) throw nothingLeft(missing.map((name) => ["ORA-39165", name]));
    return { schemas: chosen, missing };
  }

  /**
   * The objects of the job: the chosen tables and all that depends on them, in a table job; everything of the chosen
   * schemas otherwise. `missing` are tables that were asked for by name.
   */
  objects(all: readonly DumpObject[]): { objects: readonly DumpObject[]; missing: readonly string[] } {
    const candidates = all.filter(
      (object) => object.objectType === "TABLE" && !isSystemTable(object) && object.kind !== "shadow",
    );
    if (!this.isTableSelection && this.#nameFilters.length === 0) return { objects: all, missing: [] };
    const chosen = new Set(candidates.filter((table) => this.#takesTable(table)).map(tableKey));
    const takes = (object: DumpObject) => {
      if (object.objectType === "VIEW") return !this.isTableSelection;
      if (isSystemTable(object)) return chosen.size > 0;
      if (object.owner !== null) return chosen.has(keyOf(object.schema, object.owner));
      return chosen.has(keyOf(object.schema, object.tableName)) || (!this.isTableSelection && isOnView(object, all));
    };
    return { objects: all.filter(takes), missing: this.#missingTables(candidates) };
  }

  #takesTable(table: DumpObject): boolean {
    const byPattern = this.#patterns.length === 0 || this.#patterns.some((pattern) => this.#patternTakes(pattern, table));
    return byPattern && this.#nameFilters.every((filter) => filter.select([table.name]).size > 0);
  }

  #patternTakes(pattern: TablePattern, table: DumpObject): boolean {
    const schema = pattern.schema ?? this.#request.defaultSchema;
    return (schema === null || upperName(schema) === table.schema) && pattern.matches(table.name);
  }

  #missingTables(tables: readonly DumpObject[]): readonly string[] {
    const names = new Set(tables.map((table) => table.name.toLowerCase()));
    const byName = this.#nameFilters.flatMap((filter) => filter.wanted).filter((name) => !names.has(name.toLowerCase()));
    const byPattern = this.#patterns.filter((pattern) => !tables.some((table) => this.#patternTakes(pattern, table)));
    return [...byName, ...byPattern.map((pattern) => pattern.text)];
  }

  #namedSchemas(): ReadonlySet<string> {
    const fromFilters = this.#schemaFilters.flatMap((filter) => filter.wanted);
    const fromPatterns = this.#patterns.flatMap((pattern) => pattern.schema ?? this.#request.defaultSchema ?? []);
    return new Set([...fromFilters, ...fromPatterns].map(upperName));
  }

  #wantedSchemas(available: readonly string[]): ReadonlySet<string> {
    if (this.#schemaFilters.length > 0) {
      const chosen = this.#schemaFilters.reduce<ReadonlySet<string>>(
        (names, filter) => new Set([...filter.select(names)]),
        new Set(available),
      );
      return chosen;
    }
    if (this.#request.mode === "FULL" || this.#request.everythingByDefault) return new Set(available);
    if (this.#patterns.some((pattern) => pattern.schema !== null)) return this.#namedSchemas();
    if (this.#request.defaultSchema !== null) return new Set([upperName(this.#request.defaultSchema)]);
    throw pumpError([["ORA-39002"], ["ORA-31655"]], "Say which schema: schemas=NAME, tables=SCHEMA.TABLE or full=y.");
  }
}

/** The rows of a system table that are about the tables of the job, as a WHERE condition; null: all rows. */
export function systemTableFilter(table: DumpObject, objects: readonly DumpObject[], isTableSelection: boolean): string | null {
  if (!isSystemTable(table) || !isTableSelection) return null;
  const names = objects.filter(
    (object) => object.schema === table.schema && object.objectType === "TABLE" && !isSystemTable(object),
  );
  const list = names.map(({ name }) => `'${name.replaceAll("'", "''")}'`).join(", ");
  return `${isStatistics(table) ? "tbl" : "name"} COLLATE NOCASE IN (${list})`;
}

/** The stack of a job that has nothing to do. */
export function nothingLeft(missing: readonly (readonly ["ORA-39165" | "ORA-39166", string])[]): PumpError {
  return pumpError([["ORA-39002"], ...missing, ["ORA-31655"]]);
}

function tableKey(table: DumpObject): string {
  return keyOf(table.schema, table.name);
}

/** A trigger names its table as its author wrote it, in any case. */
function keyOf(schema: string, table: string): string {
  return `${schema}\0${foldName(table)}`;
}

function isOnView(object: DumpObject, all: readonly DumpObject[]): boolean {
  return all.some((other) => other.objectType === "VIEW" && tableKey(other) === keyOf(object.schema, object.tableName));
}
