import { quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import type { RowFilter } from "./row-filter.ts";
import type { KeyConstraint, TableShape } from "./schema.ts";

/** A key value with its storage class: text travels as bytes, integers as BigInt. */
export type KeyValue = bigint | number | { readonly text: Uint8Array } | { readonly blob: Uint8Array } | null;

/** A part of a table's rows that one statement can read. Ranges of one table never overlap. */
export type KeyRange =
  /** Rowids from low to high, both included. */
  | { readonly kind: "rowid"; readonly low: bigint; readonly high: bigint }
  /** Primary keys of a WITHOUT ROWID table above `after` up to and including `upTo`, less the first `offset` rows; `reverse`: from the end. */
  | {
      readonly kind: "key";
      readonly after: readonly KeyValue[] | null;
      readonly upTo: readonly KeyValue[] | null;
      readonly offset: bigint;
      readonly reverse?: boolean;
    }
  /** The rows in scan order from an offset: for tables whose rowid no SQL can address, and for views, whose rows are numbered. */
  | { readonly kind: "scan"; readonly offset: bigint; readonly ofView?: true };

/** A range as SQL: what to read from and which rows, with the parameters in their order. */
export interface RangeSql {
  readonly from: string;
  readonly where: string;
  readonly orderBy: string;
  /** What stands for the rowid, where the shape does not say it. */
  readonly rowid?: string;
  readonly offset: bigint;
  readonly parameters: readonly unknown[];
}

/**
 * The FROM and WHERE of those rows of a range that a filter lets through. The table itself is always read, never another index, which may
 * be damaged and would then lose rows in silence.
 */
export function rangeSql(shape: TableShape, range: KeyRange, filter: RowFilter | null = null): RangeSql {
  const table = `${tableSql(shape)}${aliasSql(filter)}`;
  const where = (bound: string) => (filter === null ? bound : `${bound} AND (${filter.where})`);
  switch (range.kind) {
    case "rowid": {
      const rowid = shape.rowid ?? "rowid";
      return {
        from: `${table} NOT INDEXED`,
        where: where(`${rowid} BETWEEN ? AND ?`),
        orderBy: ` ORDER BY ${rowid}`,
        offset: 0n,
        parameters: [range.low, range.high],
      };
    }
    case "scan":
      if (range.ofView === true) return viewSql(`${table} WHERE ${where("1")}${orderSql(filter)}`, range.offset);
      return { from: `${table} NOT INDEXED`, where: where("1"), orderBy: orderSql(filter), offset: range.offset, parameters: [] };
    case "key": {
      const key = primaryKey(shape);
      const bounds = [
        ...(range.after ? [bound(key, ">", range.after)] : []),
        ...(range.upTo ? [bound(key, "<=", range.upTo)] : []),
      ];
      return {
        from: `${table} INDEXED BY ${quoteIdentifier(key.index)}`,
        where: where(bounds.map(({ sql }) => sql).join(" AND ") || "1"),
        orderBy: range.reverse === true ? ` ORDER BY ${keyOrder(key, "backwards")}` : "",
        offset: range.offset,
        parameters: bounds.flatMap(({ parameters }) => parameters),
      };
    }
  }
}

/** The number of rows that a filter lets through, by whichever index SQLite likes. */
export function countSql(shape: TableShape, filter: RowFilter | null): string {
  const condition = filter === null ? "" : ` WHERE ${filter.where}`;
  return `SELECT count(*) FROM ${tableSql(shape)}${aliasSql(filter)}${condition}`;
}

function tableSql({ name, database = "main" }: TableShape): string {
  return `${database}.${quoteIdentifier(name)}`;
}

function aliasSql(filter: RowFilter | null): string {
  const alias = filter?.alias ?? null;
  return alias === null ? "" : ` AS ${quoteIdentifier(alias)}`;
}

function orderSql(filter: RowFilter | null): string {
  const order = filter?.orderBy ?? null;
  return order === null ? "" : ` ORDER BY ${order}`;
}

/** Rows that are passed over are not numbered, which takes most of the time. */
function viewSql(view: string, offset: bigint): RangeSql {
  const from = `(SELECT * FROM ${view} LIMIT -1 OFFSET ${offset})`;
  return { from, where: "1", orderBy: "", rowid: `${offset} + row_number() OVER ()`, offset: 0n, parameters: [] };
}

/** A range of all rows, without a look at them. */
export function everyRow(shape: TableShape): KeyRange {
  return shape.withoutRowid ? { kind: "key", after: null, upTo: null, offset: 0n } : { kind: "scan", offset: 0n };
}

/** The range that holds every row of a table; null for an empty one. */
export function wholeRange(connection: Connection, shape: TableShape): KeyRange | null {
  if (shape.withoutRowid) return { kind: "key", after: null, upTo: null, offset: 0n };
  if (shape.rowid === null) return { kind: "scan", offset: 0n };
  const end = (direction: "ASC" | "DESC") =>
    connection
      .prepare(
        `SELECT ${shape.rowid} FROM main.${quoteIdentifier(shape.name)} NOT INDEXED ORDER BY ${shape.rowid} ${direction} LIMIT 1`,
      )
      .pluck()
      .safeIntegers()
      .get() as bigint | undefined;
  const [low, high] = [end("ASC"), end("DESC")];
  return low === undefined || high === undefined ? null : { kind: "rowid", low, high };
}

/** Halves a rowid range at the middle of its width; a range that can't be halved comes back whole. */
export function halve(range: KeyRange): KeyRange[] {
  if (range.kind !== "rowid" || range.low >= range.high) return [range];
  const middle = range.low + (range.high - range.low) / 2n;
  return [
    { ...range, high: middle },
    { ...range, low: middle + 1n },
  ];
}

/** Cuts the whole range of a table into about as many parts as asked for, the same ones as long as its rows are the same. */
export function cutRange(connection: Connection, shape: TableShape, range: KeyRange, count: number): readonly KeyRange[] {
  if (count <= 1 || range.kind === "scan") return [range];
  if (range.kind === "key") {
    const rows = connection
      .prepare(`SELECT count(*) FROM main.${quoteIdentifier(shape.name)}`)
      .pluck()
      .get() as number;
    return cutByKey(connection, shape, Math.max(1, Math.ceil(rows / count)));
  }
  const width = (range.high - range.low) / BigInt(count) + 1n;
  const lows = Array.from({ length: count }, (_, i) => range.low + width * BigInt(i)).filter((low) => low <= range.high);
  return lows.map((low) => ({ ...range, low, high: low + width - 1n < range.high ? low + width - 1n : range.high }));
}

/**
 * Cuts a WITHOUT ROWID table into ranges of about `every` rows each. The cuts are taken ascending in every key column under
 * the collations of the key's index, whatever its directions are, so that neighbouring ranges share a bound and each row
 * is in exactly one. A first value that a comparison would convert (a number in a TEXT column) is no bound for an index.
 */
export function cutByKey(connection: Connection, shape: TableShape, every: number): KeyRange[] {
  const key = primaryKey(shape);
  const columns = key.columns.map((_, i) => `k${i}`);
  const order = key.columns.map((column, i) => `k${i} COLLATE ${quoteIdentifier(column.collation)}`);
  const values = columns.map((k) => `typeof(${k}), CASE WHEN typeof(${k}) = 'text' THEN CAST(${k} AS BLOB) ELSE ${k} END`);
  const first = keyName(key.columns[0]?.name ?? null);
  const rows = connection
    .prepare(
      `SELECT ${values.join(", ")} FROM (
         SELECT row_number() OVER () AS n, (${first} COLLATE BINARY < '') = (typeof(${first}) IN ('integer', 'real')) AS isPlain,
                ${key.columns.map((column, i) => `${keyName(column.name)} AS k${i}`).join(", ")}
           FROM main.${quoteIdentifier(shape.name)} INDEXED BY ${quoteIdentifier(key.index)})
        WHERE n % ? = 0 AND isPlain ORDER BY ${order.join(", ")}`,
    )
    .raw()
    .safeIntegers()
    .all(BigInt(every)) as unknown[][];
  const cuts = rows.map((row) => columns.map((_, i) => keyValue(row[2 * i] as string, row[2 * i + 1])));
  return [...cuts, null].map((upTo, i) => ({ kind: "key", after: cuts[i - 1] ?? null, upTo, offset: 0n }));
}

function primaryKey(shape: TableShape): KeyConstraint {
  const key = shape.constraints.find((constraint) => constraint.kind === "PRIMARY KEY");
  if (key === undefined) throw new Error(`table ${shape.name} has no primary key index`);
  return key;
}

/** What to order by to get the rows of a table as it keeps them; null where only a scan gives that order. */
export function tableOrder(shape: TableShape): string | null {
  return shape.withoutRowid ? keyOrder(primaryKey(shape), "forwards") : shape.rowid;
}

/** The order of the key's index. */
function keyOrder(key: KeyConstraint, direction: "forwards" | "backwards"): string {
  return key.columns
    .map(({ name, collation, descending }) => {
      const order = descending === (direction === "forwards") ? "DESC" : "ASC";
      return `${keyName(name)} COLLATE ${quoteIdentifier(collation)} ${order}`;
    })
    .join(", ");
}

function keyName(name: string | null): string {
  return quoteIdentifier(name ?? "");
}

function keyValue(type: string, value: unknown): KeyValue {
  if (type === "text") return { text: value as Uint8Array };
  if (type === "blob") return { blob: value as Uint8Array };
  return value as bigint | number | null;
}

/**
 * A row-value bound, and the bound on the first column that it implies: only that one makes SQLite seek instead of scan.
 * The plus keeps the types of columns and casts out of the comparison, so that values are ordered as the index orders them.
 */
function bound(key: KeyConstraint, operator: ">" | "<=", values: readonly KeyValue[]): { sql: string; parameters: unknown[] } {
  const columns = key.columns.map((column) => `+${keyName(column.name)} COLLATE ${quoteIdentifier(column.collation)}`);
  const markers = values.map((value) =>
    value !== null && typeof value === "object" && "text" in value ? "+CAST(? AS TEXT)" : "?",
  );
  const parameters = values.map((value) => {
    if (value === null || typeof value !== "object") return value;
    return Buffer.from("text" in value ? value.text : value.blob);
  });
  const first = `${columns[0]?.slice(1) ?? ""} ${operator === ">" ? ">=" : "<="} ${markers[0] ?? ""}`;
  return {
    sql: `${first} AND (${columns.join(", ")}) ${operator} (${markers.join(", ")})`,
    parameters: [parameters[0], ...parameters],
  };
}
