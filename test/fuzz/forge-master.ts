import Sqlite, { type Database } from "better-sqlite3";
import { NASTY_SQL, NASTY_TEXTS, nastyValue } from "./nasty.ts";
import type { Random } from "./random.ts";

type Cell = string | bigint | number | Buffer | null;

/** Lies in one or two cells or rows of a master table, or of another image that is a database. */
export function changedMaster(raw: Buffer, random: Random, notes: string[]): Buffer {
  const database = open(raw);
  if (database === null) return raw.subarray(0, random.below(raw.length));
  try {
    database.unsafeMode(true);
    for (let times = 1 + random.below(2); times > 0; times -= 1) changeOnce(database, random, notes);
    return database.serialize();
  } finally {
    database.close();
  }
}

/** Descriptions are JSON; SQLite opens them, and finds out at the first reading. */
function open(raw: Buffer): Database | null {
  const database = new Sqlite(raw);
  try {
    database.prepare("SELECT * FROM sqlite_schema").all();
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Sqlite.SqliteError) return null;
    throw error;
  }
}

function changeOnce(database: Database, random: Random, notes: string[]): void {
  const table = random.pick(["object", "object", "object", "object", "piece", "schema", "job"]);
  const rowids = database.prepare(`SELECT rowid FROM "${table}"`).pluck().all() as number[];
  if (rowids.length === 0) return;
  const [rowid, other] = [random.pick(rowids), random.pick(rowids)];
  const how = random.below(10);
  if (how === 0) run(database, `DELETE FROM "${table}" WHERE rowid = ${rowid}`, notes);
  else if (how === 1) run(database, `INSERT INTO "${table}" SELECT * FROM "${table}" WHERE rowid = ${rowid}`, notes);
  else changeCell(database, { table, rowid, other }, random, notes);
}

function run(database: Database, sql: string, notes: string[], ...values: readonly Cell[]): void {
  notes.push(values.length === 0 ? sql : `${sql} with ${JSON.stringify(values.map(String)).slice(0, 300)}`);
  database.prepare(sql).run(...values);
}

function changeCell(
  database: Database,
  { table, rowid, other }: { table: string; rowid: number; other: number },
  random: Random,
  notes: string[],
): void {
  const columns = database.pragma(`table_info("${table}")`) as { name: string }[];
  const { name } = random.pick(columns);
  const cellOf = (row: number) =>
    database.prepare(`SELECT "${name}" FROM "${table}" WHERE rowid = ${row}`).pluck().safeIntegers().get() as Cell;
  const value = changedCell(name, cellOf(rowid), cellOf(other), random);
  run(database, `UPDATE "${table}" SET "${name}" = ? WHERE rowid = ${rowid}`, notes, value);
}

function changedCell(column: string, cell: Cell, other: Cell, random: Random): Cell {
  const how = random.below(6);
  if (how === 0) return other ?? null;
  if (how === 1) return nastyValue(random) as Cell;
  if (column === "sql") return Buffer.from(changedSql(String(cell), String(other), random));
  if (column === "shape" && typeof cell === "string") return changedJson(cell, String(other), random);
  if (typeof cell === "bigint") return random.pick([cell + 1n, cell - 1n, -cell, 0n, 2n ** 31n, 2n ** 53n, 2n ** 62n]);
  return typeof cell === "string" ? changedText(cell, random) : (nastyValue(random) as Cell);
}

function changedText(text: string, random: Random): string {
  return random.pick([
    random.pick(NASTY_TEXTS),
    text + random.pick(NASTY_TEXTS),
    text.toLowerCase(),
    text.slice(1),
    `${text}\u0000`,
  ]);
}

/** Another statement, or this one with words of others. */
function changedSql(sql: string, other: string, random: Random): string {
  const words = sql.split(/\b/);
  const others = other.split(/\b/);
  const at = random.below(words.length);
  const spliced = (word: string) => words.map((old, i) => (i === at ? word : old)).join("");
  const named = /^CREATE\s+(?:UNIQUE\s+)?\w+\s+("[^"]*"|\w+)/i.exec(sql)?.[1] ?? "employees";
  const how = random.below(6);
  if (how === 0) return random.pick(NASTY_SQL).replaceAll("employees", named);
  if (how === 1) return `${sql}; ${random.pick(NASTY_SQL)}`;
  if (how === 2) return spliced(random.pick(others));
  if (how === 3) return spliced("");
  if (how === 4)
    return spliced(random.pick(["(", ")", ";", "--", "/*", "'", '"', "AS SELECT 1", "TEMP", "WITHOUT ROWID", "STRICT", ","]));
  return words.slice(0, at).join("") + others.slice(random.below(others.length)).join("");
}

/** A shape of which one value is of another, nothing, or too much. */
function changedJson(text: string, other: string, random: Random): string {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return text;
  const entries = Object.entries(value);
  const [key, old] = random.pick(entries) as [string, unknown];
  const donor: unknown = other.startsWith("{") ? (JSON.parse(other) as Record<string, unknown>)[key] : null;
  const changed = random.pick<unknown>([
    donor,
    null,
    [],
    {},
    "",
    -1,
    1e300,
    [old],
    [old, old],
    twisted(old, random),
    twisted(old, random),
  ]);
  return JSON.stringify({ ...value, [random.below(12) === 0 ? random.pick(NASTY_TEXTS) : key]: changed });
}

function twisted(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) {
    const list: unknown[] = [...(value as unknown[])];
    if (list.length === 0) return [random.pick(NASTY_TEXTS)];
    const at = random.below(list.length);
    return random.pick([list.toSpliced(at, 1), [...list, list[at]], list.reverse(), list.with(at, random.pick(NASTY_TEXTS))]);
  }
  if (typeof value === "boolean") return !value;
  return typeof value === "string" ? changedText(value, random) : random.pick([value, null, 1, "rowid", "(SELECT 1)"]);
}
