import { describe, expect, test } from "vitest";
import { openMemory, type Connection } from "../../src/sqlite/database.ts";
import { assertReads, assertReadsRow, atMoment, readQueryClause } from "../../src/sqlite/query-clause.ts";
import { listTables, readTableShape } from "../../src/sqlite/schema.ts";

function database(): Connection {
  const connection = openMemory();
  connection.exec(`
    CREATE TABLE emp (id INTEGER PRIMARY KEY, name TEXT, dept, born TEXT);
    CREATE TABLE dept (id INTEGER PRIMARY KEY, city) WITHOUT ROWID;
    CREATE VIEW lots AS SELECT random() AS r FROM emp;
    CREATE VIRTUAL TABLE words USING fts5(body);`);
  return connection;
}

describe("a clause", () => {
  test.each([
    ["WHERE sal > 1", "sal > 1", null],
    [" where a='ORDER BY' -- x\n order /* y */ by a, b DESC", "a='ORDER BY'", "a, b DESC"],
    ["ORDER BY [id;]", "1", "[id;]"],
    ["WHERE id IN (SELECT id FROM t ORDER BY id LIMIT 3)", "id IN (SELECT id FROM t ORDER BY id LIMIT 3)", null],
    ["WHERE a = 'it''s ?:;' AND \"b;\" = ':x'", "a = 'it''s ?:;' AND \"b;\" = ':x'", null],
    ["WHERE a /* not closed", "a", null],
    ["\uFEFFWHERE \u00A0a = b\u00A0 ORDER BY \u2028", "\u00A0a = b\u00A0", "\u2028"],
  ])("%s is a condition and an order", (text, where, orderBy) => {
    expect(readQueryClause(text)).toEqual({ where, orderBy, alias: null });
  });

  test("can call its table KU$", () => {
    expect(readQueryClause("WHERE EXISTS (SELECT 1 FROM dept d WHERE d.id = ku$.dept)").alias).toBe("KU$");
    expect(readQueryClause("WHERE a = 'KU$'").alias).toBeNull();
  });

  test.each([
    ["sal > 1", "begins neither"],
    ["", "begins neither"],
    ["x WHERE a", "begins neither"],
    ["WHERE ", "ends too early"],
    ["WHERE a ORDER BY ", "ends too early"],
    ["WHERE 1) OR (1", "has not opened"],
    ["WHERE (1", "not close a parenthesis"],
    ["WHERE 1; DROP TABLE emp", "semicolon"],
    ["WHERE a = 'x", "not close a quote"],
    ['WHERE a = "x', "not close a quote"],
    ["WHERE a = ?", "placeholder"],
    ["WHERE a = :b", "placeholder"],
    ["WHERE a = @b", "placeholder"],
    ["WHERE a = $b", "placeholder"],
    ['WHERE 1 = (SELECT count(*) FROM "pragma_database_list")', "no table"],
    ["WHERE 1\0", "NUL"],
  ])("%s is none", (text, reason) => {
    expect(() => readQueryClause(text)).toThrow(reason);
  });

  test.each([
    "WHERE id > 1 AND name LIKE 'a%' ORDER BY upper(name), id DESC",
    "WHERE KU$.dept IN (SELECT id FROM dept WHERE city = 'x')",
    "WHERE emp.dept = 1",
    "WHERE id IN (SELECT rowid FROM words WHERE words MATCH 'one')",
    "WHERE born > date('2024-01-01', '-18 years')",
    "WHERE rowid % 2",
  ])("%s reads", (text) => {
    const connection = database();
    expect(() => {
      assertReads(connection, readTableShape(connection, "emp", listTables(connection)), readQueryClause(text), false);
    }).not.toThrow();
  });

  test.each([
    ["WHERE nix = 1", "no such column: nix"],
    ["WHERE id IN (SELECT id FROM oe.t)", "no such table: oe.t"],
    ["WHERE id = random()", "random() gives"],
    ["WHERE id IN (SELECT r FROM lots)", "random() gives"],
    ["WHERE id > total_changes()", "total_changes() gives"],
    ["WHERE load_extension('x')", "load_extension() gives"],
    ["WHERE id ORDER BY count(*)", "misuse of aggregate"],
    ["WHERE id ORDER BY id LIMIT 1", 'near "LIMIT"'],
    ["WHERE id LIMIT 1", 'near "LIMIT"'],
    ["WHERE 1 UNION SELECT 1", 'near "UNION"'],
    ["WHERE DELETE FROM emp", 'near "DELETE"'],
  ])("%s does not", (text, reason) => {
    const connection = database();
    expect(() => {
      assertReads(connection, readTableShape(connection, "emp", listTables(connection)), readQueryClause(text), false);
    }).toThrow(reason);
  });
});

test.each([
  ["WHERE id > 1 AND upper(KU$.name) LIKE 'A%' ORDER BY id", null],
  ["WHERE EXISTS (SELECT 1 FROM json_each('[1,2]') j WHERE j.value = id)", null],
  ["WHERE id > 1 OR dept IN (SELECT id FROM dept)", "it reads a table"],
  ["WHERE id = (SELECT max(id) FROM emp)", "it reads a table"],
  ["WHERE id < (SELECT count(*) FROM sqlite_schema)", "it reads a table"],
])("an import can ask each row: %s", (text, reason) => {
  const connection = database();
  const ask = () => {
    assertReadsRow(connection, readTableShape(connection, "emp", listTables(connection)), readQueryClause(text));
  };
  if (reason === null) expect(ask).not.toThrow();
  else expect(ask).toThrow(reason);
});

test.each([
  ["WHERE d > date('now', '-7 days')", "WHERE d > date('2024-05-06 07:08:09.123', '-7 days')"],
  ["WHERE d > strftime('%s', 'NOW')", "WHERE d > strftime('%s', '2024-05-06 07:08:09.123')"],
  ["WHERE d > unixepoch ( ) - 5", "WHERE d > unixepoch ( '2024-05-06 07:08:09.123') - 5"],
  ["WHERE d > strftime('%s')", "WHERE d > strftime('%s', '2024-05-06 07:08:09.123')"],
  ["WHERE a IN ('now') AND d < date(max('now', b))", "WHERE a IN ('now') AND d < date(max('now', b))"],
  ["WHERE d < current_date", "WHERE d < '2024-05-06'"],
  ["WHERE d < CURRENT_TIME OR d < CURRENT_TIMESTAMP", "WHERE d < '07:08:09' OR d < '2024-05-06 07:08:09'"],
])("%s means one moment", (text, fixed) => {
  const moment = atMoment(text, new Date("2024-05-06T07:08:09.123Z"));
  expect(moment).toBe(fixed);
  expect(openMemory().prepare(`SELECT 1 FROM (SELECT 1 a, 2 b, 3 d) ${moment}`).source).toContain(fixed);
});
