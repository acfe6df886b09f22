import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { everyRow, rangeSql } from "./key-range.ts";
import type { Replacements } from "./replacement.ts";
import type { RowFilter } from "./row-filter.ts";
import type { TableShape } from "./schema.ts";

interface KeyPart {
  readonly name: string | null;
  readonly collation: string;
}

/**
 * The columns of a key in which two rows could have equal values, once they are replaced; null: there is none. Indexes on expressions
 * and partial ones are left out: no row is lost by them, the import only can't make them.
 */
export function findBrokenKey(
  connection: Connection,
  shape: TableShape,
  columns: readonly string[],
  filter: RowFilter | null,
  replacements: Replacements,
): readonly string[] | null {
  replacements.register(connection);
  const own = shape.integerPrimaryKey === null ? [] : [[{ name: shape.integerPrimaryKey, collation: "BINARY" }]];
  const keys = [...own, ...uniqueKeys(connection, shape.name)].filter((key) =>
    key.some(({ name }) => columns.includes(name ?? "")),
  );
  const isShuffled = ({ name }: KeyPart) => replacements.shuffled.some(({ column }) => column === name);
  for (const key of keys) {
    const names = key.flatMap(({ name }) => name ?? []);
    // A column by itself has the same values as before, only elsewhere. Beside others nobody knows which will meet.
    const others = key.filter((part) => !isShuffled(part));
    if (names.length < key.length || (key.length === 1 && others.length === 0)) continue;
    if (others.length === 0 || hasTwins(connection, shape, others, filter, replacements)) return names;
  }
  return null;
}

function uniqueKeys(connection: Connection, table: string): readonly (readonly KeyPart[])[] {
  const indexes = connection
    .prepare(`SELECT name FROM pragma_index_list(?, 'main') WHERE "unique" = 1 AND partial = 0`)
    .pluck()
    .all(table) as string[];
  const parts = connection.prepare(
    "SELECT name, coll AS collation FROM pragma_index_xinfo(?, 'main') WHERE key = 1 ORDER BY seqno",
  );
  return indexes.map((index) => parts.all(index) as KeyPart[]);
}

/** The LIMIT keeps SQLite from merging the two SELECTs, which would replace each value more than once. */
function hasTwins(
  connection: Connection,
  shape: TableShape,
  key: readonly KeyPart[],
  filter: RowFilter | null,
  replacements: Replacements,
): boolean {
  const { from, where } = rangeSql(shape, everyRow(shape), filter);
  const values = key.map(({ name }, i) => {
    const column = name ?? "";
    return `${replacements.valueSql(column, quoteIdentifier(column), shape.rowid)} AS k${i}`;
  });
  const given = key.map((_, i) => `k${i} IS NOT NULL`).join(" AND ");
  const groups = key.map(({ collation }, i) => `k${i} COLLATE ${quoteIdentifier(collation)}`).join(", ");
  const query = `SELECT 1 FROM (SELECT ${values.join(", ")} FROM ${from} WHERE ${where} LIMIT -1)
     WHERE ${given} GROUP BY ${groups} HAVING count(*) > 1 LIMIT 1`;
  return connection.prepare(query).get() !== undefined;
}
