import { causeLines, pumpError, type PumpError } from "../base/errors.ts";
import { qualifiedName } from "../base/identifiers.ts";
import { isSystemTable, type DumpObject } from "../metadata/dump-object.ts";
import type { Connection } from "../sqlite/database.ts";
import { assertReads, atMoment, BadClause, readQueryClause } from "../sqlite/query-clause.ts";
import { rowsWhere, type RowFilter } from "../sqlite/row-filter.ts";
import { sampleCondition } from "../sqlite/sample.ts";
import type { DataFilter, JobDefinition } from "./definition.ts";
import { filterOfTable, isAbout } from "./row-inclusion.ts";

const OF_ROWS = ["SUBQUERY", "SAMPLE"];

/** Which rows of its tables a job takes: the data filters SUBQUERY and SAMPLE. */
export class RowFilters {
  readonly #filters: readonly DataFilter[];
  /** INCLUDE_ROWS of single tables. */
  readonly #inclusions: readonly DataFilter[];
  /** What decides which rows are in a sample: SAMPLE_SEED, or what is this job's own. Null: nothing is sampled. */
  readonly seed: string | null;

  /** SUBSET: whether rows come with the rows that they refer to. */
  readonly followsKeys: boolean;

  constructor({ dataFilters, parameters, guid }: Pick<JobDefinition, "dataFilters" | "parameters" | "guid">) {
    this.#filters = dataFilters.filter(({ name }) => OF_ROWS.includes(name));
    this.#inclusions = dataFilters.filter(({ name, tableName }) => name === "INCLUDE_ROWS" && tableName !== null);
    this.followsKeys = parameters["SUBSET"] === 1;
    const isSampling = this.#filters.some(({ name }) => name === "SAMPLE");
    this.seed = isSampling ? String(parameters["SAMPLE_SEED"] ?? parseInt(guid.slice(0, 7), 16)) : null;
  }

  /**
   * Holds the filters against the tables whose rows the job takes, and what says which those are against all of its objects.
   * @throws ORA-39001 with ORA-39034 for another table
   */
  assertTables(tables: readonly DumpObject[], objects: readonly DumpObject[]): void {
    assertKnown(this.#filters, tables.filter(isFilterable));
    assertKnown(
      this.#inclusions,
      objects.filter((object) => object.objectType === "TABLE" && object.owner === null && !isSystemTable(object)),
    );
  }

  /**
   * What a table is filtered by; null: all of its rows are taken. A filter of the table goes before one of all tables.
   * @throws ORA-39001 with ORA-39071 and what SQLite says of the clause
   */
  of(table: DumpObject, connection: Connection): RowFilter | null {
    const { shape } = table;
    if (shape === null || !isFilterable(table)) return null;
    const chosen = this.queryOf(table, (filter) => {
      assertReads(connection, shape, filter, table.fromView === true);
    });
    const sample = this.#find(table, "SAMPLE");
    if (sample === undefined || this.seed === null) return chosen;
    const condition = sampleCondition(shape, Number(sample.value), this.seed);
    return chosen === null ? rowsWhere(condition) : { ...chosen, where: `(${chosen.where}) AND ${condition}` };
  }

  /** What is asked for by a query. @throws ORA-39001 with ORA-39071 and what `prove` throws */
  queryOf(table: DumpObject, prove: (filter: RowFilter) => void): RowFilter | null {
    const query = isFilterable(table) ? this.#find(table, "SUBQUERY") : undefined;
    return query === undefined ? null : provenQuery(String(query.value), table, prove);
  }

  /** The share of a table's rows that a sample takes, from 0 to 1. */
  shareOf(table: DumpObject): number {
    return Number((isFilterable(table) ? this.#find(table, "SAMPLE")?.value : undefined) ?? 100) / 100;
  }

  /** The one that is most of all about the table. */
  #find(table: DumpObject, name: string): DataFilter | undefined {
    return filterOfTable({ dataFilters: this.#filters }, name, table);
  }
}

function assertKnown(filters: readonly DataFilter[], tables: readonly DumpObject[]): void {
  for (const filter of filters) {
    const { tableName, schemaName } = filter;
    if (tableName === null || tables.some((table) => isAbout(table, filter))) continue;
    throw pumpError([["ORA-39001"], ["ORA-39034", schemaName === null ? tableName : qualifiedName(schemaName, tableName)]]);
  }
}

/**
 * A SUBQUERY as the definition keeps it: what it calls now is the given moment.
 * @throws ORA-39001 with ORA-39071 for what is no clause
 */
export function checkedQuery(value: string | number, moment: Date): string {
  if (typeof value !== "string") throw badQuery(String(value), null, [["TSDP-00010", "it is no text"]]);
  return asClauseError(value, null, () => {
    readQueryClause(value);
    return atMoment(value, moment);
  });
}

function provenQuery(clause: string, table: DumpObject, prove: (filter: RowFilter) => void): RowFilter {
  return asClauseError(clause, table, () => {
    const filter = readQueryClause(clause);
    prove(filter);
    return filter;
  });
}

/** Rows that are about other tables are not a user's to choose; a module has its own in tables that only it understands. */
export function isFilterable(table: DumpObject): boolean {
  return table.shape !== null && table.owner === null && !isSystemTable(table);
}

function asClauseError<T>(clause: string, table: DumpObject | null, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const reason = error instanceof BadClause ? ([["TSDP-00010", error.message]] as const) : causeLines(error);
    throw badQuery(clause, table, reason, error instanceof BadClause ? error.advice : undefined);
  }
}

function badQuery(
  clause: string,
  table: DumpObject | null,
  reason: Parameters<typeof pumpError>[0],
  advice = "Write it like WHERE salary > 1000, with tables of the same schema only",
): PumpError {
  const about = table === null ? "" : ` of table ${qualifiedName(table.schema, table.name)}`;
  return pumpError([["ORA-39001"], ["ORA-39071", "SUBQUERY"], ...reason], `${advice}; the clause${about} was: ${clause}`);
}
