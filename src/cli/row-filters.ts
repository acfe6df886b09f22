import { splitOutside } from "./lexer.ts";
import type { Settings } from "./settings.ts";
import { clauseOf, nameOf, unquote } from "./parameters/values.ts";

/** Characters of a clause, as Data Pump limits them. */
const LONGEST_CLAUSE = 4000;

/** Data filters: name, value, and the table that they are about. */
export type DataFilters = readonly (readonly [
  name: string,
  value: string | number,
  table: string | null,
  schema: string | null,
])[];

type TableName = readonly [table: string | null, schema: string | null];

const NO_TABLE: TableName = [null, null];

/**
 * QUERY and SAMPLE as data filters.
 * @throws UDE-/UDI-00014 for what is no `[[schema.]table:]clause`, or whose clause has more than 4000 characters, or no
 * `[[schema.]table:]percent`
 */
export function rowFilters(settings: Settings): DataFilters {
  return [
    ...settings.elements("query").map((element) => queryOf(settings, element)),
    ...settings.elements("sample").map((element) => sampleOf(settings, element)),
  ];
}

function queryOf(settings: Settings, element: string): DataFilters[number] {
  const { table = "", clause = "" } = clauseOf(element) ?? {};
  const names = table === "" && !element.trim().startsWith(":") ? NO_TABLE : tableName(table);
  if (clause === "" || names === undefined)
    throw settings.invalidValue("query", 'Give [[schema.]table:]"WHERE ...", with ORDER BY or without.');
  if (clause.length > LONGEST_CLAUSE)
    throw settings.invalidValue("query", `A clause has at most ${LONGEST_CLAUSE} characters; put the condition into a view.`);
  return ["SUBQUERY", clause, ...names];
}

function sampleOf(settings: Settings, element: string): DataFilters[number] {
  const parts = splitOutside(element, ":");
  const percent = unquote((parts.at(-1) ?? "").trim());
  const names = parts.length === 1 ? NO_TABLE : tableName(parts.slice(0, -1).join(":").trim());
  if (names === undefined || !/^\d*\.?\d+$/.test(percent))
    throw settings.invalidValue("sample", "Give [[schema.]table:]percent, such as 10 or HR.EMP:0.5.");
  return ["SAMPLE", Number(percent), ...names];
}

/** `[schema.]table` as the names of table and schema; undefined for what is neither. */
function tableName(text: string): TableName | undefined {
  const [first = "", second, ...more] = splitOutside(text, ".").map((name) => name.trim());
  if (first === "" || second === "" || more.length > 0) return undefined;
  return second === undefined ? [unquote(first), null] : [unquote(second), nameOf(first)];
}
