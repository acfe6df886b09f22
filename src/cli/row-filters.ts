import { splitOutside } from "./lexer.ts";
import type { Settings } from "./settings.ts";
import { clauseOf, nameOf, unquote } from "./values.ts";

/** Characters of a clause, as Data Pump limits them. */
const LONGEST_CLAUSE = 4000;

/** Data filters: name, value, and the table that they are about. */
export type DataFilters = readonly (readonly [name: string, value: string, table: string | null, schema: string | null])[];

/**
 * QUERY as data filters.
 * @throws UDE-/UDI-00014 for what is no `[[schema.]table:]clause`, or whose clause has more than 4000 characters
 */
export function rowFilters(settings: Settings): DataFilters {
  return settings.elements("query").map((element) => {
    const { table = "", clause = "" } = clauseOf(element) ?? {};
    const names = splitOutside(table, ".").map((name) => name.trim());
    if (clause === "" || names.length > 2 || (table !== "" && names.includes("")))
      throw settings.invalidValue("query", 'Give [[schema.]table:]"WHERE ...", with ORDER BY or without.');
    if (clause.length > LONGEST_CLAUSE)
      throw settings.invalidValue("query", `A clause has at most ${LONGEST_CLAUSE} characters; put the condition into a view.`);
    const [first = "", second] = names;
    if (table === "") return ["SUBQUERY", clause, null, null];
    return second === undefined
      ? ["SUBQUERY", clause, unquote(first), null]
      : ["SUBQUERY", clause, unquote(second), nameOf(first)];
  });
}
