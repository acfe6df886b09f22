import { causeLines, pumpError } from "../base/errors.ts";
import { openMemory } from "../sqlite/database.ts";

/** Decides which of some names a job takes. */
export interface NameFilter {
  /** Those of the names that are taken. */
  select(names: Iterable<string>): ReadonlySet<string>;
  /** Names that were asked for one by one, as given; empty for a filter that only describes them. */
  readonly wanted: readonly string[];
}

/** How EXCLUDE says that a clause does not hold: no predicate begins like that. */
const NEGATED = /^\s*NOT\s*\(([\s\S]*)\)\s*$/i;

/**
 * A filter by the right-hand side of a predicate (`IN ('HR')`, `= 'EMP'`, `LIKE 'A%'`) for the `_EXPR` filters, or by a list
 * of quoted names (`'A','B'`) for the `_LIST` ones; `NOT (...)` around a predicate takes all other names. Names are compared without case,
 * as SQLite compares them.
 * @param shown what an error calls the filter
 * @throws ORA-39001 with ORA-39071 when the text is no predicate.
 */
export function nameFilter(filterName: string, value: string, shown = filterName): NameFilter {
  const clause = NEGATED.exec(value)?.[1];
  if (clause !== undefined && !filterName.endsWith("_LIST")) return complement(nameFilter(filterName, clause, "EXCLUDE"));
  const predicate = filterName.endsWith("_LIST") ? `IN (${value})` : value;
  const select = (names: Iterable<string>) => evaluate(shown, predicate, names);
  select([]);
  return { select, wanted: listedNames(predicate) };
}

function complement(filter: NameFilter): NameFilter {
  const others = (names: Iterable<string>) => {
    const all = [...names];
    const taken = filter.select(all);
    return new Set(all.filter((name) => !taken.has(name)));
  };
  return { select: others, wanted: [] };
}

/** The names that all filters take. */
export function takenByAll(filters: readonly NameFilter[], names: Iterable<string>): ReadonlySet<string> {
  return filters.reduce<ReadonlySet<string>>((left, filter) => filter.select(left), new Set(names));
}

/** SQLite itself is the judge, in an empty database in memory: the predicate can reach nothing but the names. */
function evaluate(shown: string, predicate: string, names: Iterable<string>): ReadonlySet<string> {
  const all = [...names];
  const connection = openMemory();
  try {
    connection.exec("CREATE TABLE names (name TEXT COLLATE NOCASE)");
    const insert = connection.prepare("INSERT INTO names VALUES (?)");
    connection.transaction(() => {
      for (const name of all) insert.run(name);
    })();
    const query = connection.prepare(`SELECT name FROM names WHERE name ${predicate}\n`);
    if (!query.readonly || !query.reader || predicate.trim() === "") throw new Error("not a predicate");
    const taken = new Set(query.pluck().all());
    return new Set(all.filter((name) => taken.has(name)));
  } catch (error) {
    throw pumpError(
      [["ORA-39001"], ["ORA-39071", shown], ...causeLines(error)],
      `Write it like IN ('A','B') or LIKE 'A%'; it was: ${predicate}`,
      error,
    );
  } finally {
    connection.close();
  }
}

const LISTED = /^\s*(?:=|IN\s*\()\s*((?:'(?:[^']|'')*'\s*,?\s*)+)\)?\s*$/i;

function listedNames(predicate: string): readonly string[] {
  const list = LISTED.exec(predicate)?.[1] ?? "";
  return [...list.matchAll(/'((?:[^']|'')*)'/g)].map((match) => (match[1] ?? "").replaceAll("''", "'"));
}
