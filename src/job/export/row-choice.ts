import type { DumpObject } from "../../metadata/dump-object.ts";
import type { Connection } from "../../sqlite/database.ts";
import type { RowFilter } from "../../sqlite/row-filter.ts";
import { chooseSubset } from "../../sqlite/subset.ts";
import { isFilterable, type RowFilters } from "../row-filters.ts";

/** What holds the state that is exported. */
export interface FrozenState {
  connection(schema: string): Connection;
}

/** Which rows of its tables an export takes. */
export interface RowChoice {
  /** By object number; a table that is not there is taken whole. */
  readonly filters: ReadonlyMap<number, RowFilter>;
  /** By schema: databases with the tables that filters name, for who has not chosen the rows himself. */
  readonly images: ReadonlyMap<string, Buffer>;
}

/** What is asked for; with SUBSET and along the foreign keys, which never leave a schema. */
export function chooseRows(tables: readonly DumpObject[], rowFilters: RowFilters, snapshot: FrozenState): RowChoice {
  const filters = new Map<number, RowFilter>();
  for (const table of tables) {
    const filter = rowFilters.of(table, snapshot.connection(table.schema));
    if (filter !== null) filters.set(table.id, filter);
  }
  const images = new Map<string, Buffer>();
  for (const schema of rowFilters.followsKeys ? new Set(tables.map((table) => table.schema)) : []) {
    const members = tables.filter((table) => table.schema === schema && isFilterable(table) && table.fromView !== true);
    const asked = members.flatMap(({ id, shape }) =>
      shape === null ? [] : [{ object: id, shape, filter: filters.get(id) ?? null }],
    );
    const subset = chooseSubset(snapshot.connection(schema), asked);
    for (const [object, filter] of subset.filters) filters.set(object, filter);
    if (subset.image !== null) images.set(schema, subset.image);
  }
  return { filters, images };
}
