import { foldName } from "../base/identifiers.ts";
import type { CatalogObject } from "./catalog-objects.ts";
import { isSystemTable, type DumpObject } from "./dump-object.ts";
import { takenByAll, type NameFilter } from "./name-filter.ts";
import { dataTail, isOfView, pathsOf, pathTail, viewKeys, type ObjectPathTail } from "./object-paths.ts";
import { namedTails, type ObjectPathEntry } from "./path-catalog.ts";
import { namesOfFilter, type PathChoice, type SelectionFilter } from "./path-filter.ts";
import type { TablePattern } from "./table-filter.ts";

/** Filters that leave out some objects of a schema. */
export const OBJECT_FILTERS: ReadonlySet<string> = new Set([
  "NAME_EXPR",
  "NAME_LIST",
  "TABLE_FILTER",
  "VIEWS_AS_TABLES",
  "EXCLUDE_TABLES",
]);

/** What decides on the objects of the schemas of a job. */
export interface ChoiceRequest {
  readonly isTableSelection: boolean;
  readonly paths: PathChoice;
  readonly entries: readonly ObjectPathEntry[];
  /** NAME_EXPR and NAME_LIST; without an object path they are about tables. */
  readonly names: readonly SelectionFilter[];
  readonly includesRows: (table: Pick<DumpObject, "schema" | "name">) => boolean;
  readonly excludesTables: boolean;
  /** TABLE_FILTER and VIEWS_AS_TABLES. */
  readonly patterns: readonly TablePattern[];
  readonly viewPatterns: readonly TablePattern[];
  readonly patternTakes: (pattern: TablePattern, schema: string, name: string) => boolean;
}

/** An object that a job leaves out, and why. */
export interface LeftOut {
  readonly object: DumpObject;
  readonly reason: string;
}

export interface ChosenObjects {
  readonly objects: readonly DumpObject[];
  readonly catalog: readonly CatalogObject[];
  /** Tables and other objects that were asked for by name and are not there. */
  readonly missing: readonly string[];
  /** Object paths that were asked for and that nothing is under. */
  readonly missingPaths: readonly string[];
  /** Numbers of the chosen tables whose rows stay behind. */
  readonly withoutRows: ReadonlySet<number>;
  readonly leftOut: readonly LeftOut[];
}

/** The names of the filters for each kind of objects. */
type NamesByTail = ReadonlyMap<ObjectPathTail, readonly NameFilter[]>;

/** Decides on each object of the schemas of a job. A table decides for all that depends on it, a virtual table for its shadow tables. */
export class ObjectChoice {
  readonly #request: ChoiceRequest;
  readonly #names: NamesByTail;

  /** @throws ORA-39001 with ORA-39071 for a filter that is no predicate */
  constructor(request: ChoiceRequest) {
    this.#request = request;
    this.#names = namesByTail(request);
  }

  choose(all: readonly DumpObject[], catalog: readonly CatalogObject[]): ChosenObjects {
    const judge = new Judge(this.#request, this.#names, all, catalog);
    const verdicts = all.map((object) => ({ object, reason: judge.reasonAgainst(object) }));
    const leftOut = verdicts.flatMap(({ object, reason }) => (reason === null ? [] : [{ object, reason }]));
    const chosen = verdicts.filter(({ reason }) => reason === null).map(({ object }) => object);
    const objects = this.#isFiltered ? withoutIdleSystemTables(chosen) : chosen;
    const withoutRows = objects.filter((object) => object.objectType === "TABLE" && !judge.takesRows(object));
    return {
      objects,
      catalog: catalog.filter((object) => judge.takesCatalogObject(object)),
      missing: this.#missing(judge, all),
      missingPaths: this.#missingPaths(all, catalog),
      withoutRows: new Set(withoutRows.map(({ id }) => id)),
      leftOut,
    };
  }

  get #isFiltered(): boolean {
    return this.#request.isTableSelection || this.#request.paths.isFiltered || this.#names.size > 0;
  }

  #missing(judge: Judge, all: readonly DumpObject[]): readonly string[] {
    const { patterns, viewPatterns, patternTakes } = this.#request;
    const byName = [...this.#names].flatMap(([tail, filters]) => {
      const names = new Set(judge.namesUnder(tail).map(foldName));
      return filters.flatMap((filter) => filter.wanted).filter((name) => !names.has(foldName(name)));
    });
    const tables = all.filter(isOwnTable);
    const unmatched = (pattern: TablePattern, fromView: boolean) =>
      !tables.some((table) => (table.fromView === true) === fromView && patternTakes(pattern, table.schema, table.name));
    const byPattern = [
      ...patterns.filter((pattern) => unmatched(pattern, false) && unmatched(pattern, true)),
      ...viewPatterns.filter((pattern) => unmatched(pattern, true)),
    ];
    return [...new Set([...byName, ...byPattern.map((pattern) => pattern.text)])];
  }

  #missingPaths(all: readonly DumpObject[], catalog: readonly CatalogObject[]): readonly string[] {
    const present = new Set(pathsOf(all, "EXPORT", "ALL", catalog));
    const missing = this.#request.paths.wanted.filter(({ tails }) => !tails.some((tail) => present.has(tail)));
    return [...new Set(missing.map(({ path }) => path))];
  }
}

/** The decision on the objects of one job. */
class Judge {
  readonly #request: ChoiceRequest;
  readonly #views: ReadonlySet<string>;
  readonly #tables: ReadonlySet<string>;
  readonly #namesUnder = new Map<ObjectPathTail, Set<string>>();
  /** Names that the filters take, by the kind of the object. */
  readonly #taken = new Map<ObjectPathTail, ReadonlySet<string>>();

  constructor(request: ChoiceRequest, names: NamesByTail, all: readonly DumpObject[], catalog: readonly CatalogObject[]) {
    this.#request = request;
    this.#views = viewKeys(all);
    for (const object of all) {
      if (!isSystemTable(object) && object.owner === null) this.#note(pathTail(object, this.#views), object.name);
      // The table of an index may be elsewhere: in the target of an import of indexes only.
      if (!isSystemTable(object))
        this.#note(isOfView(object, this.#views) ? "VIEW/VIEW" : "TABLE/TABLE", object.owner ?? object.tableName);
      if (isOwnTable(object)) this.#note(dataTail(object), object.name);
    }
    for (const { tail, name } of catalog) this.#note(tail, name);
    for (const [tail, filters] of names) this.#taken.set(tail, takenByAll(filters, this.#namesUnder.get(tail) ?? []));
    this.#tables = new Set(all.filter(isOwnTable).map(({ name }) => name));
  }

  namesUnder(tail: ObjectPathTail): readonly string[] {
    return tail === "TABLE/TABLE" ? [...this.#tables] : [...(this.#namesUnder.get(tail) ?? [])];
  }

  /** Why a job leaves an object out; null: it takes it. */
  reasonAgainst(object: DumpObject): string | null {
    const tail = pathTail(object, this.#views);
    if (!this.#takesPath(object, tail)) return `object path ${tail} is left out`;
    if (isSystemTable(object)) return null;
    if (object.objectType === "VIEW" || isOfView(object, this.#views)) return this.#reasonAgainstView(object, tail);
    if (object.fromView === true) return this.#isOfPatterns(object.schema, object.name, true) ? null : "it is not selected";
    return this.#reasonAgainstTabled(object, tail);
  }

  takesCatalogObject({ tail, name }: CatalogObject): boolean {
    return this.#request.paths.tails.has(tail) && this.#takesName(tail, name);
  }

  /** Whether the rows of a chosen table come with it. */
  takesRows(table: DumpObject): boolean {
    const tail = dataTail(table);
    if (isSystemTable(table)) return true;
    const name = table.owner ?? table.name;
    const isIncluded = this.#request.includesRows({ schema: table.schema, name });
    return isIncluded && this.#request.paths.tails.has(tail) && this.#takesName(tail, name);
  }

  /** A table is taken for its definition or for its rows. */
  #takesPath(object: DumpObject, tail: ObjectPathTail): boolean {
    const { tails } = this.#request.paths;
    return tails.has(tail) || (object.objectType === "TABLE" && !isSystemTable(object) && tails.has(dataTail(object)));
  }

  #reasonAgainstView(object: DumpObject, tail: ObjectPathTail): string | null {
    if (this.#request.isTableSelection) return "it belongs to no table";
    if (!this.#takesName("VIEW/VIEW", object.tableName))
      return object.objectType === "VIEW" ? NOT_BY_NAME : "its view is left out";
    return this.#takesName(tail, object.name) ? null : NOT_BY_NAME;
  }

  /** Of a table, and of what follows one. */
  #reasonAgainstTabled(object: DumpObject, tail: ObjectPathTail): string | null {
    const { objectType, schema, owner, name } = object;
    const table = owner ?? object.tableName;
    const reason = this.#reasonAgainstTable(schema, table);
    if (reason !== null) return objectType === "TABLE" && owner === null ? reason : `its table ${table} is left out`;
    return objectType === "TABLE" || this.#takesName(tail, name) ? null : NOT_BY_NAME;
  }

  #reasonAgainstTable(schema: string, name: string): string | null {
    if (this.#request.excludesTables) return "no tables are taken";
    if (!this.#isOfPatterns(schema, name, false)) return "it is not among the selected tables";
    return this.#takesName("TABLE/TABLE", name) ? null : NOT_BY_NAME;
  }

  /** Tables without any pattern are all taken; views are taken as tables only by a pattern. */
  #isOfPatterns(schema: string, name: string, fromView: boolean): boolean {
    const { patterns, viewPatterns, patternTakes } = this.#request;
    if (!fromView) return patterns.length === 0 || patterns.some((pattern) => patternTakes(pattern, schema, name));
    const all = [...patterns, ...viewPatterns];
    return all.length === 0 || all.some((pattern) => patternTakes(pattern, schema, name));
  }

  #takesName(tail: ObjectPathTail, name: string): boolean {
    return this.#taken.get(tail)?.has(name) ?? true;
  }

  #note(tail: ObjectPathTail, name: string): void {
    const names = this.#namesUnder.get(tail) ?? new Set();
    this.#namesUnder.set(tail, names.add(name));
  }
}

const NOT_BY_NAME = "its name is not taken by the filters";

function namesByTail({ names, entries }: ChoiceRequest): NamesByTail {
  const byTail = new Map<ObjectPathTail, NameFilter[]>();
  for (const named of names) {
    const { objectPath } = named;
    const filter = namesOfFilter(named);
    const tails = objectPath === undefined || objectPath === null ? (["TABLE/TABLE"] as const) : namedTails(objectPath, entries);
    for (const tail of tails) byTail.set(tail, [...(byTail.get(tail) ?? []), filter]);
  }
  return byTail;
}

/** Those without SQLite's tables of schemas of which no table is taken. */
function withoutIdleSystemTables(chosen: readonly DumpObject[]): readonly DumpObject[] {
  const tables = chosen.filter((object) => isOwnTable(object) && object.fromView !== true);
  const schemas = new Set(tables.map(({ schema }) => schema));
  return chosen.filter((object) => !isSystemTable(object) || schemas.has(object.schema));
}

/** A table of its own: no shadow table, none of SQLite's. */
function isOwnTable(object: DumpObject): boolean {
  return object.objectType === "TABLE" && object.owner === null && !isSystemTable(object);
}
