import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import type { TableShape } from "./schema.ts";

const HASH = "tsdp_hash";
/** With the beginning no more than any build of SQLite lets a function have. */
const MOST_VALUES = 99;

/**
 * A condition that holds for a percentage of a table's rows: always the same rows under the same seed, whatever other rows there are and in
 * which parts the table is read. What decides is the rowid, or the values of the primary key; of a table that has neither all of its values.
 */
export function sampleCondition(shape: TableShape, percent: number, seed: string): string {
  const most = Math.round((percent / 100) * 2 ** 32);
  return `${HASH}(${[hashOf([seed, shape.name.toLowerCase()]), ...identityOf(shape)].join(", ")}) < ${most}`;
}

/** Has a connection know the function that these conditions call. */
export function addHash(connection: Connection): void {
  const options = { deterministic: true, varargs: true, directOnly: true, safeIntegers: true };
  connection.function(HASH, options, (...values: unknown[]) => hashOf(values));
}

function identityOf(shape: TableShape): readonly string[] {
  if (shape.rowid !== null) return [shape.rowid];
  const key = shape.constraints.find(({ kind }) => kind === "PRIMARY KEY")?.columns.map(({ name }) => name ?? "");
  return ((shape.withoutRowid ? key : undefined) ?? shape.columns).slice(0, MOST_VALUES).map(quoteIdentifier);
}

/** 32 bits of values with their storage classes. Each step is MurmurHash3's end, which lets every bit change every other. */
function hashOf(values: readonly unknown[]): number {
  let hash = 0;
  const add = (word: number) => {
    hash = ((hash ^ word) + 0x9e3779b9) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  };
  for (const value of values) {
    if (typeof value === "bigint") {
      add(Number(BigInt.asIntN(32, value)));
      add(Number(BigInt.asIntN(32, value >> 32n)));
    } else {
      const bytes = value instanceof Uint8Array ? value : Buffer.from(`${typeof value} ${String(value)}`);
      for (const byte of bytes) add(byte);
      add(256);
    }
  }
  return hash >>> 0;
}
