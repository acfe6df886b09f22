import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SchemaObject, TextEncoding } from "../../src/sqlite/schema.ts";
import { BadImage } from "../../src/sqlite/piece-image.ts";
import { decodeSql, proveSchema, textProblem } from "../../src/sqlite/scratch.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

type Type = SchemaObject["type"];

function object(type: Type, name: string, sql: string | Buffer, tableName = name): SchemaObject {
  return { type, name, tableName, sql: Buffer.from(sql) };
}

const GOOD = object("table", "good", "CREATE TABLE good (a INTEGER PRIMARY KEY, b)");

/** Names of the refused objects, and of the tables that came to be. */
function prove(objects: readonly SchemaObject[], encoding: TextEncoding = "UTF-8"): { rejected: string[]; tables: string[] } {
  const proven = proveSchema(objects, encoding);
  try {
    const rejected = proven.rejected.map(({ object: { name } }) => name);
    return { rejected, tables: [...proven.tables.keys()].filter((name) => !name.startsWith("sqlite_schema")).sort() };
  } finally {
    proven.close();
  }
}

test.each([
  ["sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)", true],
  ["sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq,x)", false],
  ["sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq, CHECK (seq IS NULL))", false],
  ["SQLITE_SEQUENCE", "CREATE TABLE SQLITE_SEQUENCE(name,seq)", false],
  ["sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)", true],
])("of the tables of SQLite's own only those are taken that it makes: %s %s", (name, sql, isTaken) => {
  for (const encoding of ["UTF-8", "UTF-16le"] as const) {
    const text = Buffer.from(sql, encoding === "UTF-8" ? "utf8" : "utf16le");
    expect(prove([object("table", name, text)], encoding).rejected).toEqual(isTaken ? [] : [name]);
  }
});

/** Each of these does something, or is something else, when it is run. */
const HOSTILE: readonly (readonly [what: string, sql: (folder: string) => string, type?: Type, tableName?: string])[] = [
  ["VACUUM INTO", (folder) => `VACUUM INTO '${folder}/vacuumed.db'`],
  ["ATTACH", (folder) => `ATTACH '${folder}/attached.db' AS x`],
  ["PRAGMA", () => "PRAGMA trusted_schema = on"],
  [
    "CREATE TABLE AS that never ends",
    () => "CREATE TABLE x AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT * FROM n",
  ],
  ["text hidden after NUL", () => "CREATE TABLE x (a)\0; DROP TABLE good"],
  ["words hidden after NUL", () => "CREATE TABLE x (a)\0 and more"],
  ["a second statement", () => "CREATE TABLE x (a); CREATE TABLE y (a)"],
  ["a second statement after a comment", (folder) => `CREATE TABLE x (a) /* ; */ ; -- \n VACUUM INTO '${folder}/tail.db'`],
  ["another name", () => "CREATE TABLE y (a)"],
  ["another schema", () => "CREATE TABLE temp.x (a)"],
  ["another type", () => "CREATE VIEW x AS SELECT 1"],
  ["a table said to be a view", () => "CREATE TABLE x (a)", "view"],
  ["a view said to be a trigger", () => "CREATE VIEW x AS SELECT 1", "trigger"],
  ["no statement", () => ""],
  ["only a comment", () => "-- nothing"],
  ["a syntax error", () => "CREATE TABLE x (a"],
  ["an explanation", () => "EXPLAIN CREATE TABLE x (a)"],
  ["a virtual table of another name", () => "CREATE VIRTUAL TABLE y USING fts5(a)"],
  ["an index on another table", () => "CREATE INDEX x ON good (b)", "index", "other"],
  ["an index without its table", () => "CREATE INDEX x ON missing (b)", "index", "missing"],
  ["a trigger on another table", () => "CREATE TRIGGER x AFTER INSERT ON good BEGIN SELECT 1; END", "trigger", "other"],
  [
    "a trigger with a tail",
    () => "CREATE TRIGGER x AFTER INSERT ON good BEGIN SELECT 1; END; DELETE FROM good",
    "trigger",
    "good",
  ],
  [
    "a temporary trigger on the schema",
    () => "CREATE TEMP TRIGGER x AFTER INSERT ON sqlite_schema BEGIN SELECT 1; END",
    "trigger",
    "good",
  ],
  ["a second table of a name", () => "CREATE TABLE good (z)", "table", "good"],
  ["DROP", () => "DROP TABLE good"],
  ["a temporary table", () => "CREATE TEMP TABLE x (a)"],
  ["a temporary view", () => "CREATE TEMP VIEW x AS SELECT 1", "view"],
  [
    "a second statement in quotes, unless `$x(')` is one token of Tcl",
    () => "CREATE VIRTUAL TABLE x USING no_such_module(a $x(')); DROP TABLE good; --'))",
  ],
  ["a comment first, as SQLite never stores it", () => "/* */ CREATE TABLE x (a)"],
];

describe("a hostile definition is refused, nothing of it happens, its neighbours stay", () => {
  const cases = HOSTILE.map(([what, sql, type = "table", tableName = "x"]) => ({ what, sql, type, tableName }));
  test.each(cases)("$what", ({ sql, type, tableName }) => {
    const folder = temporaryFolder();
    for (const encoding of ["UTF-8", "UTF-16le", "UTF-16be"] as const) {
      const bytes = (text: string) => (encoding === "UTF-8" ? Buffer.from(text) : Buffer.from(text, "utf16le"));
      const encode = (text: string) => (encoding === "UTF-16be" ? bytes(text).swap16() : bytes(text));
      const good = { ...GOOD, sql: encode(decodeSql(GOOD.sql ?? Buffer.alloc(0), "UTF-8")) };
      const hostile = { type, name: "x", tableName, sql: encode(sql(folder)) };
      expect(prove([good, hostile], encoding)).toEqual({ rejected: ["x"], tables: ["good"] });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a name that SQLite would read only up to a NUL", () => {
    expect(prove([GOOD, object("table", "x\0y", "CREATE TABLE x (a)")])).toEqual({ rejected: ["x\0y"], tables: ["good"] });
  });

  test.each(["a) - b", "a)", "", "(a", "%s", "'", '"', "a\nb"])("under the name %j, which is in SQLite's message", (name) => {
    const rejected = object("table", name, "CREATE TABLE other_name (a)");
    expect(prove([GOOD, rejected])).toEqual({ rejected: [name], tables: ["good"] });
  });

  test("and so are both of two objects of one name", () => {
    const twice = [object("table", "x", "CREATE TABLE x (a)"), GOOD, object("table", "x", "CREATE TABLE x (b)")];
    expect(prove(twice)).toEqual({ rejected: ["x", "x"], tables: ["good"] });
  });

  test("and so are all of several indexes of one name, whatever its case", () => {
    const twice = ["i", "I", "i"].map((name) => object("index", name, `CREATE INDEX ${name} ON good (b)`, "good"));
    expect(prove([...twice, GOOD])).toEqual({ rejected: ["i", "I", "i"], tables: ["good"] });
  });

  test.each([
    "sqlite_x",
    "SQLITE_x",
    "sqlite_autoindex_good_1",
    "sqlite_schema",
    "sqlite_stat1x",
    "tsdp:0",
    "tsdp:sequence",
    "TSDP:0123abcd:7",
  ])("under a name that is not its own: %s", (name) => {
    const rejected = object("table", name, `CREATE TABLE "${name}" (a)`);
    expect(prove([GOOD, rejected])).toEqual({ rejected: [name], tables: ["good"] });
  });

  test("and so are texts too long, and indexes too many for one table", () => {
    const long = object("table", "x", `CREATE TABLE x (a) -- ${"x".repeat(17 << 20)}`);
    const indexes = Array.from({ length: 1002 }, (_, i) => object("index", `i${i}`, `CREATE INDEX i${i} ON good (b)`, "good"));
    expect(prove([GOOD, long, ...indexes])).toEqual({ rejected: ["x", "i1000", "i1001"], tables: ["good"] });
  });

  test("and what depends on a refused table goes with it", () => {
    const dependent = object("index", "i", "CREATE INDEX i ON x (a)", "x");
    expect(prove([object("table", "x", "DROP TABLE x"), dependent, GOOD])).toEqual({ rejected: ["x", "i"], tables: ["good"] });
  });
});

const AWKWARD: readonly (readonly [what: string, object: SchemaObject])[] = [
  ["strings in double quotes in a CHECK", object("table", "x", 'CREATE TABLE x (a DEFAULT "d", CHECK (a <> "no column"))')],
  ["strings in double quotes in an index", object("index", "i", 'CREATE INDEX i ON good (b) WHERE b <> "no column"', "good")],
  [
    "a function that is missing",
    object("table", "x", "CREATE TABLE x (a CHECK (no_such_function(a)), b AS (no_such_function(a)))"),
  ],
  ["a function that is missing in an index", object("index", "i", "CREATE INDEX i ON good (no_such_function(b))", "good")],
  ["a module that is missing", object("table", "x", "CREATE VIRTUAL TABLE x USING no_such_module(a, b)")],
  ["a collation that is missing", object("table", "x", "CREATE TABLE x (a COLLATE no_such_collation)")],
  ["a view of nothing", object("view", "v", "CREATE VIEW v AS SELECT no_column FROM no_table")],
  ["bytes that are no UTF-8", object("table", "x", Buffer.from("CREATE TABLE x (a DEFAULT '\xe9\xff') -- caf\xe9", "latin1"))],
  ["a text as its author wrote it", object("table", "x", "CREATE\ttable x(a) /* ; */ --;\n;")],
  [
    "a trigger with CASE ... END",
    object("trigger", "t", "CREATE TRIGGER t AFTER INSERT ON GOOD BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END", "GOOD"),
  ],
  ["a table of no name", object("table", "", 'CREATE TABLE "" (a)')],
  ["a name with quotes and line ends", object("table", 'a"b\n)', 'CREATE TABLE "a""b\n)" (a)')],
  ["__proto__", object("table", "__proto__", "CREATE TABLE __proto__ (constructor)")],
];

test.each(AWKWARD)("a legal definition passes: %s", (_, awkward) => {
  const { rejected, tables } = prove([GOOD, awkward]);
  expect(rejected).toEqual([]);
  expect(tables).toContain(awkward.type === "table" ? awkward.name : "good");
});

const VARIABLE = /a variable before a parenthesis/;
const OPEN = /a quote that does not end/;
const TEXTS: readonly (readonly [sql: string, problem: RegExp | null])[] = [
  ["CREATE VIRTUAL TABLE x USING m(a $x('))", VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m($x(a))", VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m(=@1('a'))", VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m(a:b('))", VARIABLE],
  ['CREATE VIRTUAL TABLE x USING m(#é$("))', VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m(/**/$$([))", VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m($x::y('))", VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m($::y('))", VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m('a''$x', $x(`))", VARIABLE],
  ["CREATE VIRTUAL TABLE x USING m(a, 'it''s)", OPEN],
  ["CREATE TABLE x (a [b)", OPEN],
  ['CREATE TABLE x (a, "', OPEN],
  ["CREATE TABLE a$b(a$ DEFAULT (c$(1)), é$(2))", null],
  ["CREATE TABLE x (a CHECK (json(a) -> '$.b(c)' <> \"@x(\"), `$x(`, [:x(] /* $x(' */) -- @x('", null],
  ["CREATE VIRTUAL TABLE x USING m($x, @y (1), :z/**/('a'), #1,('b') ?1(c))", null],
  ["CREATE TABLE x (a DEFAULT 'it''s', \"a\"\"\", `b```, [c'])", null],
];

/** Space for SQLite, and none for sqlite3_complete. */
const ODD = [" \v", " \uFEFF"];
const TAIL = /goes on after its end/;
const BEGIN = /does not begin as that of a/;
const ODD_END = /a vertical tab or a byte order mark beside/;
const SPACED: readonly (readonly [sql: string, problem: RegExp | null])[] = [
  ...[" \v ", "\v", "\uFEFF ", " \uFEFF", "\u00A0", "\u2028", "/**/"].flatMap((space): [string, RegExp][] => [
    [`CREATE${space}TABLE x (a)`, BEGIN],
    [`CREATE VIRTUAL${space}TABLE x USING m`, BEGIN],
    [`CREATE${space}TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END`, BEGIN],
    [`${space}CREATE VIEW x AS SELECT 1`, BEGIN],
  ]),
  ["CREATE TRIGGER$ AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END", BEGIN],
  ["CREATE TRIGGER\uFEFFx AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END", BEGIN],
  ["CREATE TABLE IF NOT EXISTS x (a)", BEGIN],
  ["CREATE VIRTUAL TABLE if/**/not EXISTS x USING m", BEGIN],
  ["CREATE UNIQUE INDEX\nIF NOT EXISTS x ON t (a)", BEGIN],
  ...ODD.flatMap((space): [string, RegExp | null][] => [
    [`CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1;${space}END`, ODD_END],
    [`CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END${space}; DELETE FROM t; END`, ODD_END],
    [`CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END${space}`, ODD_END],
    [`CREATE TABLE x (a);${space}`, ODD_END],
    [`CREATE TABLE x (${space}a${space}) ${space}`, null],
    [`CREATE TRIGGER x AFTER INSERT ON t BEGIN${space}SELECT ';${space}' /*;${space}*/${space}; END`, null],
  ]),
  ["CREATE INDEX i ON t (a)\n/\v\n", /a vertical tab that separates nothing/],
  ["CREATE TABLE x (a);\u00A0", TAIL],
  ["CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END;\u2028", TAIL],
  ["CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; /* END", /has no end/],
  ["CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1 END", /has no end/],
  ["CREATE TABLE x (if NOT NULL)", null],
  ["CREATE TABLE if (\u00A0a\u00A0 TEXT)", null],
  ["\n CREATE\t\r\f\n VIEW x AS SELECT 1", null],
];

test.each([...TEXTS, ...SPACED])("every program reads the same tokens in what is taken: %j", (sql, problem) => {
  const type = /TRIGGER|INDEX|VIEW/.exec(sql)?.[0].toLowerCase() ?? "table";
  const found = textProblem(Buffer.from(sql), type as Type, "UTF-8");
  if (problem === null) expect(found).toBeNull();
  else expect(found).toMatch(problem);
});

test("nothing of a definition is run, also when its tables are described", () => {
  const folder = temporaryFolder();
  const proven = proveSchema(
    [object("table", "x", `CREATE TABLE x (a DEFAULT (writefile('${join(folder, "f")}', 1)), b UNIQUE)`)],
    "UTF-8",
  );
  expect(proven.shape("x")).toMatchObject({
    storedColumns: ["a", "b"],
    constraints: [{ kind: "UNIQUE", columns: [{ name: "b" }] }],
  });
  proven.close();
  expect(readdirSync(folder)).toEqual([]);
});

describe("a dump that is made to keep its reader busy", () => {
  /** Views of views, each twice as large as the one before. */
  const doubling = Array.from({ length: 40 }, (_, i) =>
    object(
      "view",
      `v${i}`,
      i === 0 ? "CREATE VIEW v0 AS SELECT 1 AS a" : `CREATE VIEW v${i} AS SELECT p.a FROM v${i - 1} p, v${i - 1} q`,
    ),
  );

  test("by views that grow without end: none is looked into", () => {
    const many = Array.from({ length: 2000 }, (_, i) => object("view", `w${i}`, `CREATE VIEW w${i} AS SELECT * FROM v39, v39`));
    expect(prove([GOOD, ...doubling, ...many])).toEqual({ rejected: [], tables: ["good"] });
  });

  test("by many definitions", () => {
    const tables = Array.from({ length: 5000 }, (_, i) => object("table", `t${i}`, `CREATE TABLE t${i}(a)`));
    expect(prove(tables).rejected).toEqual([]);
  });

  test("by many definitions that SQLite refuses, one by one", () => {
    const tables = Array.from({ length: 2000 }, (_, i) => object("table", `t${i}`, "CREATE TABLE other(a)"));
    expect(() => prove(tables)).toThrow(BadImage);
  });

  test.each(["[", "'", '"', "/*", "(", "-"])("by a text of nothing but %s", (text) => {
    expect(prove([GOOD, object("view", "x", `CREATE VIEW x AS SELECT ${text.repeat((1 << 20) + 1)}`)]).rejected).toEqual(["x"]);
  });

  test("by a text in quotes that is as long as one may be", () => {
    const sql = `CREATE TABLE x (a DEFAULT '${"it''s ".repeat(2 << 20)}')`;
    expect(prove([GOOD, object("table", "x", sql)]).rejected).toEqual([]);
  });
});
