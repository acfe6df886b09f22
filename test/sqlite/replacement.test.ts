import { describe, expect, test } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { openMemory, type Connection } from "../../src/sqlite/database.ts";
import { findBrokenKey } from "../../src/sqlite/masked-keys.ts";
import { Replacements, type ColumnReplacement } from "../../src/sqlite/replacement.ts";
import { listTables, readTableShape } from "../../src/sqlite/schema.ts";

const COLUMN: ColumnReplacement = {
  column: "a",
  shown: '"S"."T"."a"',
  isNullable: true,
  isRowid: false,
  replace: (value) => value,
};

function database(sql: string, encoding = "UTF-8"): Connection {
  const connection = openMemory();
  connection.pragma(`encoding = '${encoding}'`);
  connection.exec(sql);
  return connection;
}

/** What the values of column a become, as literals. */
function replaced(connection: Connection, change: Partial<ColumnReplacement> = {}): unknown[] {
  const replacements = new Replacements([{ ...COLUMN, ...change }]);
  replacements.register(connection);
  return connection
    .prepare(
      `SELECT quote(v) || typeof(v) FROM (SELECT ${replacements.valueSql("a", "a", "rowid")} AS v FROM t LIMIT -1) LIMIT -1`,
    )
    .pluck()
    .all();
}

const VALUES = `CREATE TABLE t (a);
  INSERT INTO t VALUES (NULL), (9223372036854775807), (-9223372036854775808), (5.0), (1e308), ('5'), (''), ('Größe 🏝' || char(0) || 'x'),
    (x''), (x'ff00');`;

describe.each(["UTF-8", "UTF-16le", "UTF-16be"])("a value of a %s database", (encoding) => {
  test("goes through a function and back with its class and its bits, and NULL does not go there", () => {
    const connection = database(VALUES, encoding);
    const seen: unknown[] = [];
    const made = replaced(connection, {
      replace: (value) => {
        seen.push(value);
        return value;
      },
    });
    expect(made).toEqual(connection.prepare("SELECT quote(a) || typeof(a) FROM t").pluck().all());
    expect(seen).toHaveLength(9);
    expect(seen.slice(0, 3)).toEqual([2n ** 63n - 1n, -(2n ** 63n), 5]);
  });

  test("that is no valid text is refused with its row, not changed", () => {
    const bytes = encoding === "UTF-8" ? "61ff62" : encoding === "UTF-16le" ? "00d8" : "d800";
    const connection = database(`CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (7, CAST(x'${bytes}' AS TEXT))`, encoding);
    expect(() => replaced(connection)).toThrow(
      `"S"."T"."a" can't be remapped: in the row with rowid 7, its text is not valid ${encoding}`,
    );
  });
});

test.each<[string, Partial<ColumnReplacement>, string]>([
  [
    "throws",
    {
      replace: (value) => {
        throw new RangeError(`no ${String(value)}`);
      },
    },
    "fails with a RangeError",
  ],
  [
    "throws something",
    {
      replace: (value) => {
        throw Object.assign(new Error("no"), { name: String(value) });
      },
    },
    "fails with an error",
  ],
  ["is asynchronous", { replace: (value) => Promise.resolve(value) }, "gives a Promise"],
  ["gives another class", { replace: () => 5 }, "gives one of class REAL in place of a value of class TEXT"],
  ["gives nothing", { replace: () => undefined }, "gives a value of type undefined in place of a value of class TEXT"],
  ["gives NULL where none may be", { isNullable: false, replace: () => null }, "gives NULL, which the column does not take"],
  ["gives half a character", { replace: () => "\ud800" }, "gives text with half a surrogate pair"],
])("a function that %s is refused, without the value", (_, change, reason) => {
  const connection = database("CREATE TABLE t (a); INSERT INTO t VALUES ('original')");
  const error = failure(() => replaced(connection, change));
  expect(error).toBeInstanceOf(PumpError);
  expect(error.message).toContain(reason);
  expect(error.message).not.toContain("original");
});

test.each([
  ["an integer of more than 64 bits", 2n ** 63n, "CREATE TABLE t (a); INSERT INTO t VALUES (1)"],
  ["NaN", NaN, "CREATE TABLE t (a); INSERT INTO t VALUES (1.5)"],
])("a function that gives %s is refused", (_, made, sql) => {
  expect(() => replaced(database(sql), { replace: () => made })).toThrow("TSDP-00060");
});

test("a view of the database gets no values out of the function", () => {
  const connection = database("CREATE TABLE t (a); CREATE VIEW v AS SELECT tsdp_replace(0, 'x', x'78', 1) AS a");
  replaced(connection);
  expect(() => connection.prepare("SELECT a FROM v").all()).toThrow("unsafe use of tsdp_replace");
});

test.each([
  ["a TEXT UNIQUE", "('x1'), ('y1')", ["a"]],
  ["a TEXT UNIQUE", "(NULL), (NULL), ('y1')", null],
  ["a TEXT COLLATE NOCASE PRIMARY KEY", "('xX'), ('yx')", ["a"]],
  ["a TEXT, b DEFAULT 1, UNIQUE (b, a)", "('x1'), ('y1')", ["b", "a"]],
  ["a TEXT, b INTEGER PRIMARY KEY, UNIQUE (b, a)", "('x1'), ('y1')", null],
  ["a TEXT PRIMARY KEY", "('x1'), ('y2')", null],
])("keys that replaced values break are found: %s with %s", (columns, values, key) => {
  for (const suffix of columns.includes("a TEXT PRIMARY KEY") || columns.includes("NOCASE") ? ["", " WITHOUT ROWID"] : [""]) {
    const connection = database(`CREATE TABLE t (${columns})${suffix}; INSERT INTO t (a) VALUES ${values}`);
    const replacements = new Replacements([{ ...COLUMN, replace: (value) => String(value).slice(1) }]);
    const shape = readTableShape(connection, "t", listTables(connection));
    expect(findBrokenKey(connection, shape, ["a"], null, replacements)).toEqual(key);
  }
});

test("an INTEGER PRIMARY KEY is a key, too, and no error tells its values", () => {
  const connection = database("CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (4711, 1), (4712, 2)");
  const shape = readTableShape(connection, "t", listTables(connection));
  const key = { ...COLUMN, isNullable: false, isRowid: true };
  const broken = (replace: ColumnReplacement["replace"]) =>
    findBrokenKey(connection, shape, ["a"], null, new Replacements([{ ...key, replace }]));
  expect(broken((value) => (value as bigint) / 2n)).toBeNull();
  expect(broken(() => 5n)).toEqual(["a"]);
  expect(() => broken(() => null)).toThrow("in a row, its function gives NULL, which the column does not take");
});

test.each([
  ["a UNIQUE, b", null],
  ["a PRIMARY KEY, b", null],
  ["a, b, UNIQUE (b, a)", ["b", "a"]],
  ["a, b UNIQUE, c DEFAULT 1, UNIQUE (b, c, a)", null],
])("a key that shuffled values could break is found: %s", (columns, key) => {
  const connection = database(
    `CREATE TABLE t (${columns}); INSERT INTO t (a, b) VALUES (1, 1), (2, 2), (3, 3), (4, 1)`.replace(
      "(4, 1)",
      columns.includes("b UNIQUE") ? "(4, 4)" : "(4, 1)",
    ),
  );
  const shape = readTableShape(connection, "t", listTables(connection));
  expect(findBrokenKey(connection, shape, ["a"], null, new Replacements([], [COLUMN]))).toEqual(key);
});

function failure(step: () => unknown): Error {
  try {
    step();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it did not fail");
}
