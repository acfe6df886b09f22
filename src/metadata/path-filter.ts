import { pumpError, type PumpError } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { nameFilter, type NameFilter } from "./name-filter.ts";
import type { ExportMode, ObjectPathTail } from "./object-paths.ts";
import { objectPathsOf, objectPathsOfAnyMode, type ObjectPathEntry } from "./path-catalog.ts";

/** A filter of METADATA_FILTER. */
export interface SelectionFilter {
  readonly name: string;
  readonly value: string;
  readonly objectPath?: string | null;
}

/**
 * The names that a filter takes. One with an object path is what INCLUDE and EXCLUDE say, so errors call it that, as Data Pump does.
 * @throws ORA-39001 with ORA-39071 when it is no predicate
 */
export function namesOfFilter({ name, value, objectPath }: SelectionFilter): NameFilter {
  return nameFilter(name, value, typeof objectPath === "string" ? "INCLUDE" : name);
}

const EXPORT_MODES: readonly ExportMode[] = ["FULL", "SCHEMA", "TABLE", "TABLESPACE"];

/** What INCLUDE and EXCLUDE leave of the kinds of objects. */
export interface PathChoice {
  readonly tails: ReadonlySet<ObjectPathTail>;
  /** Paths that were asked for one by one, with what they stand for; not those that an expression left out. */
  readonly wanted: readonly ObjectPathEntry[];
  /** Whether there is any INCLUDE or EXCLUDE of paths. */
  readonly isFiltered: boolean;
}

/** Last parts of paths that have a meaning in Data Pump and none of their own here. */
const OF_DATA_PUMP: Readonly<Record<string, string>> = {
  ...sameFor(
    ["CONSTRAINT", "REF_CONSTRAINT"],
    "In SQLite a constraint is part of the definition of its table and can't be left out by itself.",
  ),
  ...sameFor(
    ["PROCEDURE", "FUNCTION", "PACKAGE", "PACKAGE_SPEC", "PACKAGE_BODY", "JAVA_SOURCE", "JAVA_CLASS", "LIBRARY"],
    "SQLite stores no procedures, functions or packages, so a dump has none: leave the path out.",
  ),
  ...sameFor(["TYPE", "TYPE_SPEC", "TYPE_BODY"], "SQLite has no object types, so a dump has none: leave the path out."),
  ...sameFor(
    ["SYNONYM", "PUBLIC_SYNONYM"],
    "SQLite has no synonyms, so a dump has none: leave the path out; a view can stand for a table of another name.",
  ),
  ...sameFor(
    ["MATERIALIZED_VIEW", "MATERIALIZED_VIEW_LOG"],
    "SQLite has no materialized views, so a dump has none: leave the path out; VIEWS_AS_TABLES takes the rows of views.",
  ),
  ...sameFor(
    ["JOB", "PROCOBJ", "REFRESH_GROUP"],
    "SQLite has no scheduler and no jobs of its own, so a dump has none: leave the path out.",
  ),
  COMMENT: "SQLite keeps comments only inside of definitions, with which they come: leave the path out.",
  MARKER: "It marks a step of the job and stands for no object: leave the path out; STATISTICS is what ANALYZE has found.",
};

function sameFor(names: readonly string[], text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, text]));
}

/**
 * The kinds of objects that the filters INCLUDE_PATH_EXPR and _LIST, then EXCLUDE_PATH_EXPR and _LIST leave. What several INCLUDE
 * filters name adds up.
 * @throws ORA-39001 with ORA-39071 for what is no predicate, ORA-39041 for a filter that names nothing or all there is, ORA-39038
 * for a path that is none
 */
export function choosePaths(filters: readonly SelectionFilter[], entries: readonly ObjectPathEntry[], mode: string): PathChoice {
  const all = new Set(entries.flatMap(({ tails }) => tails));
  const includes = filters.filter(({ name }) => name.startsWith("INCLUDE_PATH_"));
  const excludes = filters.filter(({ name }) => name.startsWith("EXCLUDE_PATH_"));
  const [included, excluded] = [includes, excludes].map((own) => own.map((filter) => pathsOf(filter, entries, mode)));
  const wanted = [...(included ?? []), ...(excluded ?? [])].flatMap((found) => found.wanted);
  const tails = new Set(includes.length === 0 ? all : (included ?? []).flatMap((found) => found.tails));
  for (const tail of (excluded ?? []).flatMap((found) => found.tails)) tails.delete(tail);
  if (tails.size === 0) throw allOrNothing("EXCLUDE", undefined);
  return { tails, wanted, isFiltered: includes.length + excludes.length > 0 };
}

/** @throws ORA-39001 with ORA-39038 unless the path is one of them and its objects have names */
export function assertNamedPath(path: string, entries: readonly ObjectPathEntry[], mode: string): void {
  const found = entries.find((entry) => entry.path === path);
  if (found === undefined) throw unsupportedPath(path, entries, mode);
  if (found.named) return;
  throw pumpError(
    [["ORA-39001"], ["ORA-39038", path, mode]],
    "What it stands for has no names of its own: leave the name clause out.",
  );
}

interface FoundPaths {
  readonly tails: readonly ObjectPathTail[];
  readonly wanted: readonly ObjectPathEntry[];
}

function pathsOf({ name, value }: SelectionFilter, entries: readonly ObjectPathEntry[], mode: string): FoundPaths {
  const shown = name.startsWith("INCLUDE") ? "INCLUDE" : "EXCLUDE";
  const filter = nameFilter(name, value, shown);
  const taken = filter.select(new Set(entries.map(({ path }) => path)));
  const known = entries.filter(({ path }) => taken.has(path));
  const named = new Set(filter.wanted.map((path) => path.toUpperCase()));
  assertKnown(shown, [...named], known, { entries, mode });
  const tails = known.flatMap((entry) => entry.tails);
  const isAll = new Set(entries.flatMap((entry) => entry.tails)).size === new Set(tails).size;
  if (isAll && (shown === "EXCLUDE" || named.size === 0)) throw allOrNothing(shown, undefined);
  const isReported = shown === "INCLUDE" || name.endsWith("_LIST");
  return { tails, wanted: isReported ? known.filter(({ path }) => named.has(path)) : [] };
}

interface PathScope {
  readonly entries: readonly ObjectPathEntry[];
  readonly mode: string;
}

function assertKnown(shown: string, named: readonly string[], known: readonly ObjectPathEntry[], scope: PathScope): void {
  const unknown = named.find((path) => !scope.entries.some((entry) => entry.path === path));
  if (unknown === undefined && known.length === 0) throw allOrNothing(shown, undefined);
  if (unknown === undefined) return;
  const isTypo = known.length === 0 && !isOfAnotherMode(unknown);
  throw isTypo ? allOrNothing(shown, hintFor(unknown, scope.entries)) : unsupportedPath(unknown, scope.entries, scope.mode);
}

function allOrNothing(filter: string, hint: string | undefined): PumpError {
  return pumpError([["ORA-39001"], ["ORA-39041", filter]], hint);
}

function unsupportedPath(path: string, entries: readonly ObjectPathEntry[], mode: string): PumpError {
  return pumpError([["ORA-39001"], ["ORA-39038", path, mode]], hintFor(path, entries));
}

function isOfAnotherMode(path: string): boolean {
  return objectPathsOfAnyMode().some((entry) => entry.path === path);
}

function hintFor(path: string, entries: readonly ObjectPathEntry[]): string {
  const modes = EXPORT_MODES.filter((mode) => objectPathsOf(mode).some((entry) => entry.path === path));
  if (modes.length > 0) return `Jobs of mode ${modes.join(", ")} know it: \`tsdp paths\` lists the object paths of each mode.`;
  const last = path.slice(path.lastIndexOf("/") + 1);
  if (Object.hasOwn(OF_DATA_PUMP, last)) return OF_DATA_PUMP[last] ?? "";
  const near = nearestName(
    path,
    entries.map((entry) => entry.path),
  );
  return `${near === undefined ? "" : `Did you mean ${near}? `}\`tsdp paths\` lists the object paths.`;
}
