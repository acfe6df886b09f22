import type { DumpObject } from "../../metadata/dump-object.ts";
import type { PieceFilter } from "../../sqlite/filtered-piece.ts";
import { MAX_COLUMNS } from "../../sqlite/piece-table.ts";
import { BadClause } from "../../sqlite/query-clause.ts";
import { sameShape } from "../../sqlite/schema.ts";
import type { ProvenSchema } from "../../sqlite/scratch.ts";
import { hasKnownCollations } from "../../sqlite/staging.ts";
import type { SchemaImportRequest } from "./import-request.ts";

/**
 * Which rows of its pieces a table takes; null: all.
 * @param schema where the definition is proven that the rows had when they were written
 * @throws ORA-39001 with ORA-39071 for a query that can't be asked of each row of the table by itself
 */
export function pieceFilterOf(
  object: DumpObject,
  { rowFilters, written, source }: Pick<SchemaImportRequest, "rowFilters" | "written" | "source">,
  schema: ProvenSchema,
): PieceFilter | null {
  const filter = rowFilters?.queryOf(object, (query) => {
    schema.assertReadsRow(object.name, query);
    const shape = schema.shape(object.name);
    const isExact = object.shape !== null && sameShape(object.shape, shape) && hasKnownCollations(shape);
    if (!isExact || shape.storedColumns.length >= MAX_COLUMNS)
      throw new BadClause("rows of such a table can't be made anew for it");
  });
  if (filter === undefined || filter === null) return null;
  return { definition: written.get(object.id) ?? object, encoding: source.settings.encoding, filter };
}
