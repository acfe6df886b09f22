import { quoteIdentifier } from "../base/identifiers.ts";
import { openDatabase, openImage, type Connection } from "./database.ts";
import { pieceRowid, PIECE_TABLE, type PieceLayout } from "./piece-table.ts";
import type { KeyColumn } from "./schema.ts";

/** Rows of a dump against live ones. */
export interface RowDifferences {
  readonly onlyInDump: number;
  readonly onlyLive: number;
  /** Rows of one key with other values. */
  readonly different: number;
  /** A few keys of each, as SQL literals. */
  readonly examples: readonly RowExample[];
}

export interface RowExample {
  readonly is: "onlyInDump" | "onlyLive" | "different";
  readonly key: string;
}

export const NO_DIFFERENCES: RowDifferences = { onlyInDump: 0, onlyLive: 0, different: 0, examples: [] };

const MOST_EXAMPLES = 3;
const LONGEST_KEY = 60;
/** Keeps SQLite from making one query of two: an aggregate may not name all columns of two wide tables. */
const APART = "LIMIT -1";
/** Of a GROUP BY: SQLITE_MAX_COLUMN, with three terms a column. */
const MOST_GROUPED = 600;

export function addDifferences(a: RowDifferences, b: RowDifferences): RowDifferences {
  const examples = [...a.examples, ...b.examples];
  return {
    onlyInDump: a.onlyInDump + b.onlyInDump,
    onlyLive: a.onlyLive + b.onlyLive,
    different: a.different + b.different,
    examples: examples.filter((example, i) => examples.slice(0, i).filter(({ is }) => is === example.is).length < MOST_EXAMPLES),
  };
}

/** Two tables whose rows have keys: `a` is live, `b` of the dump. */
interface Pairing {
  readonly live: string;
  readonly dump: string;
  /** Whether two rows have the same key. */
  readonly on: string;
  /** Which rows of the dump are meant. */
  readonly where: string;
  readonly parameters: readonly bigint[];
  readonly same: string;
  readonly key: (alias: "a" | "b") => string;
}

/**
 * Compares live rows of a range of rowids with those of a piece of the dump.
 * @param live a piece image with all live rows of the range
 * @param dumpPath file of a checked piece image
 */
export function compareByRowid(
  live: Buffer,
  dumpPath: string,
  layout: PieceLayout,
  { low, high }: { readonly low: bigint; readonly high: bigint },
): RowDifferences {
  const connection = openImage(live);
  try {
    connection.prepare("ATTACH ? AS piece").run(dumpPath);
    const [key = "rowid"] = pieceRowid(layout);
    const pairing: Pairing = {
      live: `main.${PIECE_TABLE}`,
      dump: `piece.${PIECE_TABLE}`,
      on: `a.${key} = b.${key}`,
      where: `b.${key} BETWEEN ? AND ?`,
      parameters: [low, high],
      same: sameRow(layout),
      key: (alias) => `${alias}.${key}`,
    };
    if (isEqualByPosition(connection, pairing, low)) return NO_DIFFERENCES;
    if (key === "k") connection.exec(`CREATE INDEX main.tsdp_key ON ${PIECE_TABLE} (k)`);
    return differencesOf(connection, pairing);
  } finally {
    connection.close();
  }
}

/** Rows of both sides, in a file of its own: for tables that have no rowid, and those whose rows have no key at all. */
export class RowStore {
  readonly #connection: Connection;
  readonly #layout: PieceLayout;

  /** @param path of a new file in a private folder */
  constructor(path: string, encoding: string, columnCount: number) {
    this.#layout = { columns: Array.from({ length: columnCount }, (_, i) => `c${i + 1}`), rowid: "none" };
    this.#connection = openDatabase(path);
    this.#connection.pragma(`encoding = '${encoding}'`);
    this.#connection.pragma("journal_mode = off");
    this.#connection.pragma("synchronous = off");
    this.#connection.pragma("trusted_schema = off");
    const columns = this.#layout.columns.join(", ");
    this.#connection.exec(`CREATE TABLE dump (${columns}); CREATE TABLE live (${columns})`);
  }

  /** Adds the rows of a piece image, a checked one. */
  add(side: "dump" | "live", imagePath: string): void {
    this.#connection.prepare("ATTACH ? AS piece").run(imagePath);
    try {
      const columns = this.#layout.columns.join(", ");
      this.#connection.exec(`INSERT INTO main.${side} (${columns}) SELECT ${columns} FROM piece.${PIECE_TABLE} ORDER BY rowid`);
    } finally {
      this.#connection.exec("DETACH piece");
    }
  }

  /** @param key columns of the table's key by their place among the columns of the pieces; empty: rows have none */
  compare(key: readonly (KeyColumn & { readonly column: number })[]): RowDifferences {
    if (key.length === 0) return this.#compareAsBag();
    const names = key.map(({ column }) => `c${column + 1}`);
    const collated = key.map(({ collation }, i) => `${names[i] ?? ""} COLLATE ${quoteIdentifier(collation)}`);
    const pairing: Pairing = {
      live: "main.live",
      dump: "main.dump",
      on: names.map((name, i) => `a.${collated[i] ?? ""} = b.${name}`).join(" AND "),
      where: "1",
      parameters: [],
      same: sameRow(this.#layout),
      key: (alias) => names.map((name) => `${alias}.${name}`).join(", "),
    };
    if (isEqualByPosition(this.#connection, pairing, null)) return NO_DIFFERENCES;
    for (const side of ["live", "dump"]) this.#connection.exec(`CREATE INDEX ${side}_key ON ${side} (${collated.join(", ")})`);
    return differencesOf(this.#connection, pairing);
  }

  close(): void {
    this.#connection.close();
  }

  /** Counts how often each row is on each side. */
  #compareAsBag(): RowDifferences {
    const columns = this.#layout.columns;
    if (columns.length > MOST_GROUPED) throw new RangeError("its rows have no key and too many columns");
    const exact = columns.flatMap((c) => [`typeof(${c})`, c, `CASE WHEN ${c} IS 0 THEN atan2(${c}, -1) END`]);
    const bag = `SELECT ${columns.slice(0, 3).map(shown).join(" || ', ' || ")} AS key, sum(side) AS surplus FROM (
        SELECT ${columns.join(", ")}, 1 AS side FROM dump UNION ALL SELECT ${columns.join(", ")}, -1 FROM live)
      GROUP BY ${exact.join(", ")} HAVING surplus <> 0`;
    const [onlyInDump, onlyLive] = this.#connection
      .prepare(`SELECT total(max(surplus, 0)), total(max(-surplus, 0)) FROM (${bag})`)
      .raw()
      .get() as [number, number];
    const keys = (sign: string) =>
      this.#connection
        .prepare(`SELECT key FROM (${bag}) WHERE surplus ${sign} 0 LIMIT ${MOST_EXAMPLES}`)
        .pluck()
        .all() as string[];
    const examples = (is: RowExample["is"], sign: string) => keys(sign).map((key): RowExample => ({ is, key }));
    return {
      onlyInDump,
      onlyLive,
      different: 0,
      examples: onlyInDump + onlyLive === 0 ? [] : [...examples("onlyInDump", ">"), ...examples("onlyLive", "<")],
    };
  }
}

/** Whether both sides have the same rows in the same order: the common case, and no key has to be looked up. */
function isEqualByPosition(connection: Connection, pairing: Pairing, low: bigint | null): boolean {
  const { live, dump, on, where, parameters, same } = pairing;
  const count = (sql: string, ...values: readonly bigint[]) =>
    connection
      .prepare(sql)
      .pluck()
      .get(...values) as number;
  const rows = count(`SELECT count(*) FROM ${dump} b WHERE ${where}`, ...parameters);
  if (count(`SELECT count(*) FROM ${live}`) !== rows) return false;
  const isByRowid = on === "a.rowid = b.rowid";
  const before = low === null || isByRowid ? 0 : count(`SELECT count(*) FROM ${dump} b WHERE ${pairing.key("b")} < ?`, low);
  const found = count(
    `SELECT total(isSame) FROM (
       SELECT (${on}) AND (${same}) AS isSame FROM ${dump} b CROSS JOIN ${live} a ON a.rowid = b.rowid - ? WHERE ${where} ${APART})`,
    BigInt(before),
    ...parameters,
  );
  return found === rows;
}

function differencesOf(connection: Connection, pairing: Pairing): RowDifferences {
  const { live, dump, on, where, parameters, same, key } = pairing;
  const liveRows = connection.prepare(`SELECT count(*) FROM ${live}`).pluck().get() as number;
  const [rows, matched, different] = connection
    .prepare(
      `SELECT count(*), total(isFound), total(isFound AND NOT isSame) FROM (
         SELECT a.rowid IS NOT NULL AS isFound, ${same} AS isSame
           FROM ${dump} b LEFT JOIN ${live} a ON ${on} WHERE ${where} ${APART})`,
    )
    .raw()
    .get(...parameters) as [number, number, number];
  const counts = { onlyInDump: rows - matched, onlyLive: Math.max(0, liveRows - matched), different };
  const queries = {
    different: `SELECT ${keyText(key("b"))} FROM ${dump} b CROSS JOIN ${live} a ON ${on} WHERE ${where} AND NOT (${same})`,
    onlyInDump: `SELECT ${keyText(key("b"))} FROM ${dump} b LEFT JOIN ${live} a ON ${on} WHERE ${where} AND a.rowid IS NULL`,
    onlyLive: `SELECT ${keyText(key("a"))} FROM ${live} a LEFT JOIN ${dump} b ON ${on} AND ${where} WHERE b.rowid IS NULL`,
  };
  const kinds = ["onlyInDump", "onlyLive", "different"] as const;
  return {
    ...counts,
    examples: kinds
      .filter((is) => counts[is] > 0)
      .flatMap((is) => {
        const keys = connection
          .prepare(`${queries[is]} LIMIT ${MOST_EXAMPLES}`)
          .pluck()
          .all(...parameters) as string[];
        return keys.map((text): RowExample => ({ is, key: text }));
      }),
  };
}

/** Columns of a key as one text. */
function keyText(columns: string): string {
  return columns.split(", ").map(shown).join(" || ', ' || ");
}

function shown(column: string): string {
  return `substr(quote(${column}), 1, ${LONGEST_KEY})`;
}

/** SQL that is true when rows a and b have the same values, each of the same storage class and of the same bits. */
function sameRow(layout: PieceLayout): string {
  return conjunction(layout.columns.map(sameValue));
}

/** BINARY compares text byte by byte; 1 and 1.0 have other types; the sign of a zero shows in an angle only. */
function sameValue(column: string): string {
  const [a, b] = [`a.${column}`, `b.${column}`];
  return `(${a} IS ${b} AND typeof(${a}) = typeof(${b}) AND (${a} IS NOT 0 OR atan2(${a}, -1) = atan2(${b}, -1)))`;
}

/** A balanced tree: SQLite limits the depth of an expression to 1,000, and a table may have 2,000 columns. */
function conjunction(terms: readonly string[]): string {
  if (terms.length <= 1) return terms[0] ?? "1";
  const middle = terms.length >> 1;
  return `(${conjunction(terms.slice(0, middle))} AND ${conjunction(terms.slice(middle))})`;
}
