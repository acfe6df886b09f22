import { pumpError } from "../base/errors.ts";
import { foldName, qualifiedName, quoteIdentifier } from "../base/identifiers.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import type { ColumnOrigin } from "../sqlite/view-source.ts";
import type { ColumnRemap } from "../worker/messages.ts";

/** A table whose columns are remapped. */
export interface RemappedTable {
  readonly name: string;
  readonly remaps: readonly ColumnRemap[];
  /** Whether the table computes a column from others. */
  readonly computes: (column: string) => boolean;
}

const HINT = "Export the view in a job of its own, or leave REMAP_DATA out.";

/**
 * The columns of a view taken as a table that show remapped columns: they get the same functions.
 * @param tables the remapped ones of its schema
 * @throws ORA-39001 when one of its columns may show a remapped value by another way
 */
export function remapsOfView(view: DumpObject, tables: readonly RemappedTable[]): readonly ColumnRemap[] {
  const { viewSource: source } = view;
  const name = qualifiedName(view.schema, view.name);
  const refused = (what: string) => pumpError([["ORA-39001"], ["TSDP-00010", what]], HINT);
  if (source === undefined) throw refused(`view ${name} taken as a table may show values that are remapped in its tables`);
  if (source.reads !== null)
    throw refused(`view ${name} taken as a table reads ${source.reads}, which may hold copies of remapped values`);
  const [read] = tables.filter((table) => source.tables.some((other) => foldName(other) === foldName(table.name)));
  if (read === undefined) return [];
  const shows = `view ${name} taken as a table reads ${quoteIdentifier(read.name)}, which is remapped,`;
  if (source.isCompound) throw refused(`${shows} by UNION, VALUES, WITH or the like, so that its columns have no one origin`);
  return source.origins.flatMap(({ column, origin }) => {
    const shown = `${name}.${quoteIdentifier(column)}`;
    if (origin === null) throw refused(`${shows} and computes its column ${shown}`);
    const table = tables.find((other) => foldName(other.name) === foldName(origin.table));
    if (table?.computes(origin.column) === true)
      throw refused(`${shows} and its column ${shown} shows ${quoteIdentifier(origin.column)}, which is computed there`);
    return table === undefined ? [] : remapOf(table, origin, { column, shown });
  });
}

/** The table that a view becomes takes NULL in every column, and its rows have numbers of their own. */
function remapOf(
  { remaps }: RemappedTable,
  origin: ColumnOrigin,
  shown: Pick<ColumnRemap, "column" | "shown">,
): readonly ColumnRemap[] {
  const remap = remaps.find(({ column }) => foldName(column) === foldName(origin.column));
  return remap === undefined ? [] : [{ ...shown, isNullable: true, isRowid: false, called: remap.called }];
}
