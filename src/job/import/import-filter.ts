import type { DumpObject } from "../../metadata/dump-object.ts";
import type { PieceFilter } from "../../sqlite/filtered-piece.ts";
import { MAX_COLUMNS } from "../../sqlite/piece-table.ts";
import { BadClause } from "../../sqlite/query-clause.ts";
import type { RowFilter } from "../../sqlite/row-filter.ts";
import { sameShape } from "../../sqlite/schema.ts";
import { proveSchema, type ProvenSchema } from "../../sqlite/scratch.ts";
import { hasKnownCollations } from "../../sqlite/staging.ts";
import type { SchemaImportRequest } from "./import-request.ts";

/**
 * Which rows of its pieces a table takes; null: all. A query names the table as the dump does, whatever REMAP_TABLE calls it.
 * @param schema where the definition is proven that the rows had when they were written
 * @throws ORA-39001 with ORA-39071 for a query that can't be asked of each row of the table by itself
 */
export function pieceFilterOf(
  object: DumpObject,
  { rowFilters, originals, written, source }: Pick<SchemaImportRequest, "rowFilters" | "originals" | "written" | "source">,
  schema: ProvenSchema,
): PieceFilter | null {
  const { encoding } = source.settings;
  const original = originals.get(object.id);
  const filter = rowFilters?.queryOf(original ?? object, (query) => {
    if (original === undefined) assertAskable(object, query, schema);
    else
      withProven(original, encoding, (proven) => {
        assertAskable(original, query, proven);
      });
  });
  if (filter === undefined || filter === null) return null;
  return { definition: original ?? written.get(object.id) ?? object, encoding, filter };
}

function withProven(table: DumpObject, encoding: PieceFilter["encoding"], step: (proven: ProvenSchema) => void): void {
  const proven = proveSchema([table], encoding);
  try {
    const [rejected] = proven.rejected;
    if (rejected !== undefined) throw new BadClause(rejected.reason);
    step(proven);
  } finally {
    proven.close();
  }
}

function assertAskable(table: DumpObject, query: RowFilter, schema: ProvenSchema): void {
  schema.assertReadsRow(table.name, query);
  const shape = schema.shape(table.name);
  const isExact = table.shape !== null && sameShape(table.shape, shape) && hasKnownCollations(shape);
  if (!isExact || shape.storedColumns.length >= MAX_COLUMNS)
    throw new BadClause("rows of such a table can't be made anew for it");
}
