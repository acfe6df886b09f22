import { foldName } from "../base/identifiers.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import type { DataFilter, JobDefinition } from "./definition.ts";

type Filtered = Pick<JobDefinition, "dataFilters">;

export function isAbout(
  { schema, name }: Pick<DumpObject, "schema" | "name">,
  { tableName, schemaName }: Pick<DataFilter, "tableName" | "schemaName">,
): boolean {
  if (tableName === null || foldName(name) !== foldName(tableName)) return false;
  return schemaName === null || foldName(schema) === foldName(schemaName);
}

/** The data filter of a name that is most of all about a table: its own, or the one of all tables. */
export function filterOfTable(
  { dataFilters }: Filtered,
  filter: string,
  table: Pick<DumpObject, "schema" | "name">,
): DataFilter | undefined {
  const own = dataFilters.filter(({ name }) => name === filter);
  const ofTable = own.filter((candidate) => isAbout(table, candidate));
  return ofTable.find(({ schemaName }) => schemaName !== null) ?? ofTable[0] ?? own.find(({ tableName }) => tableName === null);
}

/** INCLUDE_ROWS: whether the rows of a table come. */
export function includesRows(definition: Filtered, table: Pick<DumpObject, "schema" | "name">): boolean {
  return filterOfTable(definition, "INCLUDE_ROWS", table)?.value !== 0;
}

/** INCLUDE_ROWS: whether the rows of any table may come. */
export function includesAnyRows({ dataFilters }: Filtered): boolean {
  const own = dataFilters.filter(({ name }) => name === "INCLUDE_ROWS");
  return own.find(({ tableName }) => tableName === null)?.value !== 0 || own.some(({ value }) => value !== 0);
}
