import { pumpError, type PumpError } from "../base/errors.ts";
import { foldName } from "../base/identifiers.ts";
import type { DataFilter, JobDefinition } from "../job/definition.ts";
import { checkedQuery } from "../job/row-filters.ts";
import { assertApplicable } from "./inapplicable.ts";
import { invalidArgument, invalidOperation } from "./refusals.ts";

const NAMES = ["INCLUDE_ROWS", "SUBQUERY", "SAMPLE"];
const LEAST_SAMPLE = 0.000001;

/**
 * DATA_FILTER as a change of the definition.
 * @throws ORA-39001 with ORA-31657 (no name), ORA-39031 (unknown name), ORA-39035 (set before), ORA-39071 or ORA-39163 (bad
 * value) or ORA-39202 (pages are moved) inside; ORA-39002 with ORA-39208 inside for a sample of an import; ORA-39005 with ORA-31658 inside for a schema without a table.
 */
export function dataFilter(
  definition: JobDefinition,
  name: string,
  value: string | number,
  tableName: string | null,
  schemaName: string | null,
): Partial<JobDefinition> {
  if (!name) throw invalidArgument(["ORA-31657"]);
  const key = name.toUpperCase();
  assertApplicable("data filter", key);
  if (!NAMES.includes(key)) throw invalidArgument(["ORA-39031", name]);
  // The empty text is NULL, as in PL/SQL.
  const filter = { name: key, tableName: tableName || null, schemaName: schemaName || null };
  if (definition.mode === "TRANSPORTABLE" && (key !== "INCLUDE_ROWS" || filter.tableName !== null)) throw takesAllRows();
  if (filter.schemaName !== null && filter.tableName === null) throw pumpError([["ORA-39005"], ["ORA-31658"]]);
  if (definition.dataFilters.some((other) => isSame(other, filter))) throw invalidArgument(["ORA-39035", key]);
  return { dataFilters: [...definition.dataFilters, { ...filter, value: checkedValue(definition, filter, value) }] };
}

type Filtered = Omit<DataFilter, "value">;

function checkedValue({ operation }: JobDefinition, { name }: Filtered, value: string | number): string | number {
  if (name === "SUBQUERY") {
    if (operation === "SQL_FILE") throw invalidOperation(["ORA-39208", name, operation]);
    return checkedQuery(value, new Date());
  }
  if (name === "SAMPLE") {
    if (operation !== "EXPORT") throw invalidOperation(["ORA-39208", name, operation]);
    return checkedPercent(value);
  }
  if (typeof value !== "number" || !Number.isInteger(value)) throw invalidArgument(["ORA-39071", name]);
  return value === 0 ? 0 : 1;
}

function checkedPercent(value: string | number): number {
  const percent = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
  if (!(percent >= LEAST_SAMPLE && percent < 100))
    throw pumpError(
      [["ORA-39001"], ["ORA-39163", value]],
      `Give a percentage from ${LEAST_SAMPLE.toFixed(6)} up to, but not including, 100.`,
    );
  return percent;
}

function takesAllRows(): PumpError {
  return pumpError([["ORA-39001"], ["ORA-39202", "TRANSPORTABLE"]], "Pages are moved whole: export rows to choose among them.");
}

function isSame(a: Filtered, b: Filtered): boolean {
  const same = (x: string | null, y: string | null) => x === y || (x !== null && y !== null && foldName(x) === foldName(y));
  return a.name === b.name && same(a.tableName, b.tableName) && same(a.schemaName, b.schemaName);
}
