import type { Random } from "./random.ts";

/** Names and texts that something may take for more than a name. */
export const NASTY_TEXTS: readonly string[] = [
  "",
  " ",
  "..",
  "../../evil",
  "/tmp/evil",
  "a/b\\c",
  ".tsdp",
  "sqlite_evil",
  "sqlite_schema",
  "sqlite_sequence",
  "sqlite_stat1",
  "SQLITE_STAT4",
  "tsdp_piece",
  "tsdp:0",
  "tsdp:sequence",
  "tsdp:01234567:0",
  "__proto__",
  "constructor",
  'quo"te',
  "quo'te",
  "[a]",
  "`a`",
  "new\nline",
  "nul\u0000byte",
  "\u001b[2Jcleared",
  "\u202etxt.exe",
  "\ud800",
  "x".repeat(5000),
  "main",
  "temp",
  "MAIN.x",
  "; DROP TABLE x; --",
];

/** Statements and parts of them that must never act. */
export const NASTY_SQL: readonly string[] = [
  "VACUUM INTO 'evil.db'",
  "ATTACH 'evil.db' AS evil",
  "PRAGMA writable_schema = on",
  "PRAGMA journal_mode = wal",
  "DROP TABLE employees",
  "CREATE TEMP TABLE employees (a)",
  "CREATE TABLE employees AS SELECT load_extension('evil')",
  "CREATE TABLE main.employees (a)",
  "CREATE TABLE IF NOT EXISTS employees (a)",
  "CREATE TABLE employees (a CHECK (load_extension('evil')))",
  "CREATE TABLE employees (a DEFAULT (load_extension('evil')), b AS (writefile('evil', a)) STORED)",
  "CREATE TABLE sqlite_evil (a)",
  "CREATE VIRTUAL TABLE employees USING fts5(a, content='sqlite_schema')",
  "CREATE VIRTUAL TABLE employees USING dbstat",
  "CREATE VIRTUAL TABLE employees USING fts5vocab('other', 'row')",
  "CREATE VIRTUAL TABLE employees USING csv(filename='/etc/passwd')",
  "CREATE VIEW employees AS SELECT load_extension('evil'), * FROM pragma_table_list, sqlite_schema",
  "CREATE VIEW employees AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
  "CREATE VIEW employees AS SELECT * FROM employees",
  "CREATE INDEX employees ON employees (load_extension('evil'))",
  "CREATE INDEX employees ON employees (a) WHERE randomblob(1000000000) IS NOT NULL",
  "CREATE TRIGGER employees AFTER INSERT ON employees BEGIN DELETE FROM sqlite_schema; SELECT load_extension('evil'); END",
  "CREATE TRIGGER employees AFTER INSERT ON employees BEGIN UPDATE pragma_user_version SET user_version = 1; END",
  "CREATE UNIQUE INDEX employees ON employees (a); DROP TABLE employees",
  "EXPLAIN CREATE TABLE employees (a)",
  `CREATE TABLE employees (a CHECK (${"(".repeat(2000)}1${")".repeat(2000)}))`,
  `CREATE TABLE employees (${Array.from({ length: 2001 }, (_, i) => `c${i}`).join(", ")})`,
];

const NUMBERS: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 255n, 256n, 4096n, 65535n, 65536n],
  ...[31n, 32n, 33n, 40n, 53n, 63n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits]),
  2n ** 64n - 1n,
];

/** A number at the edge of something, in 1, 2, 4 or 8 bytes. */
export function numberBytes(random: Random): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(random.pick(NUMBERS));
  return bytes.subarray(8 - random.pick([1, 2, 4, 4, 8]));
}

/** A value of any storage class. */
export function nastyValue(random: Random): unknown {
  const kind = random.below(5);
  if (kind === 0) return null;
  if (kind === 1) return BigInt.asIntN(64, random.pick(NUMBERS)) * (random.below(2) === 0 ? 1n : -1n) || 0n;
  if (kind === 2) return random.pick([0.5, -0, 1e300, Infinity, NaN]);
  if (kind === 3) return Buffer.from(random.pick(["", "blob", "\u0000", ...NASTY_SQL]));
  return random.pick(NASTY_TEXTS);
}
