import { pumpError } from "../base/errors.ts";
import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import { nearestName } from "../base/nearest-name.ts";
import { sourceError } from "../sqlite/source.ts";
import { obstacleOf, readFileFacts, type FileFacts, type TableFacts } from "../sqlite/table-facts.ts";
import { columnText } from "./column-names.ts";
import type { ColumnName } from "./encrypted-columns.ts";
import { listSchemas } from "./schemas.ts";

/**
 * The column under the names that its schema spells, once it is known that it can be kept apart. Of a schema that does not exist
 * yet nothing is known.
 * @throws ORA-00942, ORA-00904 or TSDP-00042
 */
export async function checkedColumn(name: ColumnName, database: string): Promise<ColumnName> {
  const file = listSchemas(database).find((schema) => schema.name === name.schema);
  if (file === undefined) return name;
  let facts: FileFacts;
  try {
    facts = await readFileFacts(file.path, name.table);
  } catch (error) {
    throw sourceError(name.schema, file.path, error);
  }
  if (facts.table === undefined) throw unknownTable(name, facts.names);
  const [column, place] = [...facts.table.columns].find(([other]) => foldName(other) === foldName(name.column)) ?? [];
  if (column === undefined || place === undefined) throw unknownColumn(name, facts.table);
  const found = { schema: name.schema, table: facts.table.name, column };
  const obstacle = obstacleOf(facts.table, place);
  if (obstacle !== null) throw pumpError([["TSDP-00042", columnText(found), obstacle]]);
  return found;
}

function unknownTable({ schema, table }: ColumnName, names: readonly string[]): Error {
  const cause = `schema ${schema} has no table ${quoteIdentifier(table)}`;
  return pumpError([["ORA-00942"], ["TSDP-00010", cause]], didYouMean(table, names));
}

function unknownColumn({ column }: ColumnName, { name, columns }: TableFacts): Error {
  const cause = `table ${quoteIdentifier(name)} has no such column`;
  return pumpError(
    [
      ["ORA-00904", quoteIdentifier(column)],
      ["TSDP-00010", cause],
    ],
    didYouMean(column, [...columns.keys()]),
  );
}

function didYouMean(typed: string, names: readonly string[]): string | undefined {
  const near = nearestName(foldName(typed), names.map(foldName));
  const name = names.find((other) => foldName(other) === near);
  return name === undefined ? undefined : `Did you mean ${name}?`;
}
