import { randomFillSync } from "node:crypto";
import { pumpError } from "../base/errors.ts";
import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

/** A column whose values change places among the rows of a piece. */
export interface ShuffledColumn {
  readonly column: string;
  /** The column with its table, as an error names it. */
  readonly shown: string;
  /** Whether it is the INTEGER PRIMARY KEY. */
  readonly isRowid: boolean;
}

/** Columns of a table that can be shuffled: each is a join in one statement, and SQLite joins no more than 64 tables. */
export const MOST_SHUFFLED = 60;

/** Rows that wait in a table of their own until some columns are shuffled, or until they can be put into another order. */
export interface WaitingRows {
  /** The database and the table that they wait in, quoted: a rowid table. */
  readonly from: string;
  /** What addresses its rowid, by which the rows are in their order. */
  readonly rowid: string;
  /** The database and the table that they go to, quoted. */
  readonly into: string;
  /** Names of the columns in both of them. */
  readonly columns: readonly string[];
  /** Those of `columns` that are shuffled. */
  readonly shuffled: readonly (ShuffledColumn & { readonly name: string })[];
  /** As in ORDER BY; undefined: as they are. */
  readonly order?: string;
  readonly onConflict?: string;
}

/** Name of the SQL function that gives random integers. */
const FUNCTION = "tsdp_random";
const RANDOM_BYTES = 8192;

/** Makes the function known that statements of `insertShuffled` call. */
export function registerShuffling(connection: Connection): void {
  const bytes = Buffer.alloc(RANDOM_BYTES);
  let used = RANDOM_BYTES;
  connection.function(FUNCTION, { directOnly: true, deterministic: false }, () => {
    if (used === RANDOM_BYTES) {
      randomFillSync(bytes);
      used = 0;
    }
    used += 8;
    return bytes.readBigInt64BE(used - 8);
  });
}

/**
 * Inserts rows, with the values of the shuffled columns moved along one random cycle of all rows, for each column another:
 * so no row keeps its own. The values go from table to table as they are.
 * @returns how many rows were inserted
 * @throws TSDP-00060 when there is one row only, whose values could not go anywhere
 */
export function insertShuffled(connection: Connection, rows: WaitingRows): number {
  const { from, rowid, into, columns, shuffled, order = `here.${rowid}`, onConflict = "" } = rows;
  const [first] = shuffled;
  const count = connection.prepare(`SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT 2)`).pluck().get() as number;
  if (count === 1 && first !== undefined) throw singleRow(first);
  const values = columns.map((column) => {
    const i = shuffled.findIndex(({ name }) => name === column);
    if (i < 0) return `here.${quoteIdentifier(column)}`;
    return `(SELECT there.${quoteIdentifier(column)} FROM ${from} AS there WHERE there.${rowid} = cycle${i}.source)`;
  });
  // Each row is followed by one in a random order of all, and the last by the first.
  const next = `coalesce(lead(${rowid}) OVER places, first_value(${rowid}) OVER places)`;
  const cycle = `SELECT ${rowid} AS place, ${next} AS source FROM ${from} WINDOW places AS (ORDER BY ${FUNCTION}())`;
  const joins = shuffled.map((_, i) => ` CROSS JOIN (${cycle}) AS cycle${i} ON cycle${i}.place = here.${rowid}`);
  return connection
    .prepare(
      `INSERT${onConflict} INTO ${into} (${columns.map(quoteIdentifier).join(", ")})
       SELECT ${values.join(", ")} FROM ${from} AS here${joins.join("")} ORDER BY ${order}`,
    )
    .run().changes;
}

function singleRow({ shown }: ShuffledColumn): Error {
  return pumpError(
    [["TSDP-00060", shown, "a piece of its table has one row only, whose value would stay where it is"]],
    "Take another function, such as MASK.NULLIFY. An import can't join pieces of a dump: shuffle when it is exported.",
  );
}
