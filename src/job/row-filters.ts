import { causeLines, pumpError, type PumpError } from "../base/errors.ts";
import { foldName, qualifiedName } from "../base/identifiers.ts";
import { isSystemTable, type DumpObject } from "../metadata/dump-object.ts";
import type { Connection } from "../sqlite/database.ts";
import { assertReads, atMoment, BadClause, readQueryClause } from "../sqlite/query-clause.ts";
import type { RowFilter } from "../sqlite/row-filter.ts";
import type { DataFilter } from "./definition.ts";

/** Which rows of its tables a job takes: the data filter SUBQUERY. */
export class RowFilters {
  readonly #filters: readonly DataFilter[];

  constructor(filters: readonly DataFilter[]) {
    this.#filters = filters.filter(({ name }) => name === "SUBQUERY");
  }

  /** Holds the filters against the tables whose rows the job takes. @throws ORA-39001 with ORA-39034 for another one */
  assertTables(tables: readonly DumpObject[]): void {
    const known = tables.filter(isFilterable);
    for (const { tableName, schemaName } of this.#filters) {
      if (tableName === null || known.some((table) => isAbout(table, tableName, schemaName))) continue;
      throw pumpError([["ORA-39001"], ["ORA-39034", schemaName === null ? tableName : qualifiedName(schemaName, tableName)]]);
    }
  }

  /**
   * What a table is filtered by; null: all of its rows are taken. A filter of the table goes before one of all tables.
   * @throws ORA-39001 with ORA-39071 and what SQLite says of the clause
   */
  of(table: DumpObject, connection: Connection): RowFilter | null {
    const { shape } = table;
    const query = isFilterable(table) ? this.#find(table, "SUBQUERY") : undefined;
    if (query === undefined || shape === null) return null;
    return asClauseError(String(query.value), table, () => {
      const filter = readQueryClause(String(query.value));
      assertReads(connection, shape, filter, table.fromView === true);
      return filter;
    });
  }

  /** The one that is most of all about the table. */
  #find(table: DumpObject, name: string): DataFilter | undefined {
    const own = this.#filters.filter((filter) => filter.name === name);
    const ofTable = own.filter(({ tableName, schemaName }) => tableName !== null && isAbout(table, tableName, schemaName));
    return ofTable.find(({ schemaName }) => schemaName !== null) ?? ofTable[0] ?? own.find(({ tableName }) => tableName === null);
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

/** Rows that are about other tables are not a user's to choose; a module has its own in tables that only it understands. */
function isFilterable(table: DumpObject): boolean {
  return table.shape !== null && table.owner === null && !isSystemTable(table);
}

function isAbout({ schema, name }: DumpObject, tableName: string, schemaName: string | null): boolean {
  return foldName(name) === foldName(tableName) && (schemaName === null || foldName(schema) === foldName(schemaName));
}

function asClauseError<T>(clause: string, table: DumpObject | null, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const reason = error instanceof BadClause ? ([["TSDP-00010", error.message]] as const) : causeLines(error);
    throw badQuery(clause, table, reason);
  }
}

function badQuery(clause: string, table: DumpObject | null, reason: Parameters<typeof pumpError>[0]): PumpError {
  const about = table === null ? "" : ` of table ${qualifiedName(table.schema, table.name)}`;
  return pumpError(
    [["ORA-39001"], ["ORA-39071", "SUBQUERY"], ...reason],
    `Write it like WHERE salary > 1000, with tables of the same schema only; the clause${about} was: ${clause}`,
  );
}
