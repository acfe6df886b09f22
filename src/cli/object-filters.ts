import { quoteLiteral } from "../base/identifiers.ts";
import { splitList, splitOutside } from "./lexer.ts";
import type { Settings } from "./settings.ts";
import { unquote } from "./parameters/values.ts";

/** Characters of a name clause, as Data Pump limits them. */
const LONGEST_CLAUSE = 4000;
const PATH = /^[a-z_]+(?:\/[a-z_]+)*$/i;
/** How a predicate begins that stands without its quotes, which a shell may have taken. */
const PREDICATE = /^(?:[=<>!]|(?:IN|LIKE|GLOB|NOT|BETWEEN|IS)(?=[\s('"]))/i;

/** Metadata filters: name, value and object path. */
export type Filters = readonly (readonly [name: string, value: string, path?: string])[];

/** One element of INCLUDE or EXCLUDE. */
interface ObjectFilter {
  /** Object path, upper case. */
  readonly path: string;
  /** What has to hold for a name. */
  readonly names: { readonly kind: "all" } | { readonly kind: "predicate" | "globs"; readonly texts: readonly string[] };
}

/**
 * INCLUDE and EXCLUDE as metadata filters.
 * @throws UDE-/UDI-00014 for what is no `path[:clause]`, or whose clause has more than 4000 characters
 */
export function objectFilters(settings: Settings): Filters {
  const included = settings.elements("include").map((element) => readFilter(settings, "include", element));
  const excluded = settings.elements("exclude").map((element) => readFilter(settings, "exclude", element));
  return [
    ...pathFilter("INCLUDE_PATH_EXPR", included),
    ...pathFilter(
      "EXCLUDE_PATH_EXPR",
      excluded.filter(({ names }) => names.kind === "all"),
    ),
    ...clausesOf(included).map(([path, clause]) => ["NAME_EXPR", clause, path] as const),
    ...clausesOf(excluded).map(([path, clause]) => ["NAME_EXPR", `NOT (${clause})`, path] as const),
  ];
}

function readFilter(settings: Settings, parameter: "include" | "exclude", element: string): ObjectFilter {
  const [path = "", ...rest] = splitOutside(element.startsWith("'") ? unquote(element) : element, ":");
  const clause = rest.join(":").trim();
  if (!PATH.test(path.trim()) || (rest.length > 0 && clause === ""))
    throw settings.invalidValue(parameter, "Give an object path, alone or with names: TABLE, INDEX:EMP*, TABLE:\"LIKE 'EMP%'\".");
  if (clause.length > LONGEST_CLAUSE)
    throw settings.invalidValue(
      parameter,
      `A name clause has at most ${LONGEST_CLAUSE} characters; name tables with tables=, or say the clause in several parts.`,
    );
  return { path: path.trim().toUpperCase(), names: namesOf(clause) };
}

function namesOf(clause: string): ObjectFilter["names"] {
  if (clause === "") return { kind: "all" };
  if (clause.startsWith('"')) return { kind: "predicate", texts: [unquote(clause)] };
  return PREDICATE.test(clause) ? { kind: "predicate", texts: [clause] } : { kind: "globs", texts: splitList(clause) };
}

function pathFilter(name: string, filters: readonly ObjectFilter[]): Filters {
  const paths = [...new Set(filters.map(({ path }) => path))];
  return paths.length === 0 ? [] : [[name, `IN (${paths.map(quoteLiteral).join(",")})`]];
}

/** Each predicate is a filter of its own; the plain names of a path are one. */
function clausesOf(filters: readonly ObjectFilter[]): readonly (readonly [path: string, clause: string])[] {
  const globs = new Map<string, readonly string[]>();
  const clauses: (readonly [string, string])[] = [];
  for (const { path, names } of filters) {
    if (names.kind === "predicate") clauses.push(...names.texts.map((text) => [path, text] as const));
    if (names.kind === "globs") globs.set(path, [...(globs.get(path) ?? []), ...names.texts]);
  }
  return [...clauses, ...[...globs].map(([path, texts]) => [path, globClause(texts)] as const)];
}

/** Names with `*` and `?` as a predicate; a name in quotes is taken letter by letter. */
function globClause(globs: readonly string[]): string {
  const isPattern = (glob: string) => /[*?]/.test(glob) && unquote(glob) === glob;
  const names = globs.filter((glob) => !isPattern(glob)).map((glob) => quoteLiteral(unquote(glob)));
  const patterns = globs.filter(isPattern).map((glob) => quoteLiteral(likePattern(glob)));
  const clauses = [
    ...(names.length === 0 ? [] : [`IN (${names.join(",")})`]),
    ...patterns.map((pattern) => `LIKE ${pattern} ESCAPE '\\'`),
  ];
  return clauses.join(" OR name ");
}

function likePattern(glob: string): string {
  return glob
    .replace(/[\\%_]/g, "\\$&")
    .replaceAll("*", "%")
    .replaceAll("?", "_");
}
