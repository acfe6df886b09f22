// The data: one table, two indexes, every value a function of its row number and the seed. About 160 bytes a row.
import Database from "better-sqlite3";

const BYTES_PER_ROW = 160;
const STATUSES = ["new", "paid", "packed", "shipped", "delivered", "returned"];
const WORDS = "carefully final deposits sleep quickly above the ironic accounts wake slyly among pending requests".split(" ");

export const DEFINITION = `
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, placed TEXT NOT NULL, status TEXT NOT NULL, amount REAL, reference TEXT, comment TEXT
  )`;
export const INDEXES = [
  "CREATE INDEX orders_customer ON orders (customer, placed)",
  "CREATE INDEX orders_status ON orders (status, amount)",
];

/** Rows that make a file of about this many megabytes. */
export function rowsFor(megabytes) {
  return Math.round((megabytes * 1_000_000) / BYTES_PER_ROW);
}

/** Writes the database and returns its number of rows. */
export function generate(path, megabytes, seed) {
  const rows = rowsFor(megabytes);
  const database = new Database(path);
  database.pragma("journal_mode = OFF");
  database.pragma("synchronous = OFF");
  database.pragma("cache_size = -400000");
  database.pragma("temp_store = MEMORY");
  database.exec(DEFINITION);
  database.exec(`CREATE TEMP TABLE words (key INTEGER PRIMARY KEY, value TEXT)`);
  WORDS.forEach((value, key) => database.prepare("INSERT INTO words VALUES (?, ?)").run(key, value));
  STATUSES.forEach((value, key) => database.prepare("INSERT INTO words VALUES (?, ?)").run(1000 + key, value));
  const text = [3, 9, 15, 21, 26].map((shift) => `(SELECT value FROM words WHERE key = (h >> ${shift}) % ${WORDS.length})`);
  database
    .prepare(
      `WITH RECURSIVE
        numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < @rows),
        products (n, h) AS (SELECT n, (n * 1103515245 + @seed) & 0xffffffff FROM numbers),
        folded (n, h) AS (SELECT n, ((h | (h >> 15)) - (h & (h >> 15))) * 1540483477 & 0xffffffff FROM products),
        hashes (n, h) AS (SELECT n, (h | (h >> 13)) - (h & (h >> 13)) FROM folded)
      INSERT INTO orders
      SELECT n, h % (1 + @rows / 20), datetime(1600000000 + n * 7 + h % 5, 'unixepoch'),
        (SELECT value FROM words WHERE key = 1000 + (h >> 7) % ${STATUSES.length}), (h % 10000000) / 100.0, printf('%08x-%04x', h, n % 65536),
        ${text.join(" || ' ' || ")}
      FROM hashes`,
    )
    .run({ rows: BigInt(rows), seed: BigInt(seed) });
  for (const sql of INDEXES) database.exec(sql);
  database.close();
  return rows;
}

/** A few numbers that tell whether a copy holds the same rows. */
export function fingerprint(path) {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  const sql =
    "SELECT count(*), sum(id), total(amount), sum(length(comment)), sum(customer), max(reference) FROM orders NOT INDEXED";
  const values = database.prepare(sql).raw().safeIntegers().get();
  const indexes = database.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'index'").pluck().get();
  database.close();
  return [...values, indexes].join(" ");
}
