import { spawnSync } from "node:child_process";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textProblem } from "../../src/sqlite/scratch.ts";
import { scriptStatement } from "../../src/sqlite/script-statement.ts";
import { bareSql } from "../../src/sqlite/statement-end.ts";
import { shellStatements } from "./shell-model.ts";

type Type = "table" | "index" | "view" | "trigger";

function statement(sql: string, schema: string | null = null): string {
  return scriptStatement({ sql: Buffer.from(sql) }, "UTF-8", schema).bytes.toString();
}

/** Definitions as SQLite stores them that break readers of lines. */
const AWKWARD: readonly (readonly [type: Type, name: string, sql: string])[] = [
  ["table", "a", "CREATE TABLE a (b,\n.read x\n)".replace(".read x", '".read x"')],
  ["table", "lines", 'CREATE TABLE lines (\n"a\n.shell touch x\n;b", c)'],
  ["table", "ends", "CREATE TABLE ends (a,\ngo TEXT,\n#b\n)".replace("#b", "b")],
  ["table", "go", "CREATE TABLE go (a,\ngo\n)"],
  ["table", "going", "CREATE TABLE going (a,\n GO -- why\n, b CHECK (b\n/\n2 > 0))"],
  ["table", "quoted", "CREATE TABLE quoted (a DEFAULT '\ngo\n/\n;', b /*\ngo\n*/)"],
  ["view", "v", "CREATE VIEW v AS SELECT 1 -- the end; of it"],
  ["view", "w", "CREATE VIEW w AS SELECT 1 /* the end */"],
  [
    "trigger",
    "t",
    "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT ';END;'; DELETE FROM a; SELECT CASE 1 WHEN 2 THEN 3 END; END",
  ],
];

const HAS_SHELL = spawnSync("sqlite3", ["--version"]).status === 0;

/** What the shell says to a script in a new database. */
function shell(input: string): { readonly stdout: string; readonly stderr: string } {
  return spawnSync("sqlite3", ["-batch", ":memory:"], { input, encoding: "utf8" });
}

/** Definitions out of which the shell runs a statement of its own, after it has made the table t: the first of each is refused. */
const TWO_STATEMENTS: readonly (readonly [type: Type, first: string, next: string])[] = [
  ["table", "CREATE VIRTUAL TABLE x USING fts4(a, b $x(')); SELECT 'second'; --'))", "CREATE TABLE u (b)"],
  ["table", "CREATE VIRTUAL TABLE x USING fts4(a, b @x::y(\")); SELECT 'second'; --\"))", "CREATE TABLE u (b)"],
  ["trigger", "CREATE  \vTRIGGER x AFTER INSERT ON t BEGIN SELECT 1;\nSELECT 'second';\nSELECT 1; END", "CREATE TABLE u (b)"],
  ["trigger", "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END \v; SELECT 'second'; SELECT 1; END", "CREATE TABLE u (b)"],
  ["index", "CREATE INDEX x ON t(a)\n/\v\nSELECT 'second'", "CREATE TABLE u (b)"],
  ["index", "CREATE INDEX x ON t(a) WHERE a <> '", "CREATE INDEX y ON t(a /*'; SELECT 'second'; --*/)"],
];

function storedBy(run: (script: string) => readonly string[]): void {
  const found = run(AWKWARD.map(([, , sql]) => statement(sql)).join("-- a comment\n"));
  const plain = (sql: string) => sql.replaceAll("/**/", "");
  expect(found.map(plain)).toEqual(AWKWARD.map(([, , sql]) => sql));
}

describe("a definition as a statement of a script", () => {
  it("is one statement for a reader of SQL", () => {
    storedBy((script) => {
      const database = new Sqlite(":memory:");
      database.exec(script);
      return database.prepare("SELECT sql FROM sqlite_schema ORDER BY rowid").pluck().all() as string[];
    });
  });

  // Whoever has the shell tests by it as well; what it needs is in the cases below.
  it.runIf(HAS_SHELL)("is one statement for the shell, which reads lines", () => {
    storedBy((script) => {
      const query = "SELECT hex(sql) FROM sqlite_schema ORDER BY rowid;\n";
      const { stdout, stderr } = shell(script + query);
      expect(stderr).toBe("");
      return stdout
        .trim()
        .split("\n")
        .map((line) => Buffer.from(line, "hex").toString());
    });
  });

  it.each(TWO_STATEMENTS)("is refused when the shell reads another one in it: a %s, %j", (type, first, next) => {
    expect(textProblem(Buffer.from(first), type, "UTF-8")).toMatch(/^its definition /);
    if (!HAS_SHELL) return;
    const script = ["CREATE TABLE t (a)", first, next].map((sql) => statement(sql)).join("");
    expect(shell(script).stdout).toContain("second\n");
  });

  it("is one statement for the shell whatever is in it, when its text is taken", () => {
    const token = fc.constantFrom(
      ...["CREATE", "TRIGGER", "TEMP", "END", "x", "1", "go", "/", "-", "*", "--", "/*", "*/", ".read", "#", "$", "@", ":", "é"],
      ...["(", ")", ";", "'", '"', "`", "[", "]", "'a;'", "/* ; */", "-- ; \n", "\nEND\n", "\ngo\n", "\n/\n"],
      ...[" ", "\n", "\t", "\v", "\f", "\r", "\uFEFF", "\u00A0", "\u2028"],
    );
    const texts = fc.array(token, { maxLength: 10 }).map((tokens) => tokens.join(""));
    let taken = 0;
    fc.assert(
      fc.property(fc.constantFrom("table", "trigger"), texts, texts, (type, before, after) => {
        const sql = `CREATE ${type} x ${before}${type === "trigger" ? "; END" : ""}${after}`;
        if (textProblem(Buffer.from(sql), type, "UTF-8") !== null) return;
        taken += 1;
        const [first, ...others] = shellStatements(statement(sql));
        expect(first).toContain("CREATE");
        expect(others.map(bareSql).join("")).toMatch(/^[; \t\n\f\r]*$/);
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it.each([
    ["CREATE TABLE t (a,\ngo\n)", "CREATE TABLE t (a,\n/**/go\n);\n"],
    ["CREATE TABLE t (a CHECK (a\n / -- b\n2))", "CREATE TABLE t (a CHECK (a\n /**// -- b\n2));\n"],
    ["CREATE TABLE t (a, --\nGo /* c */\n)", "CREATE TABLE t (a, --\n/**/Go /* c */\n);\n"],
    ["CREATE TABLE t (a,\ngo TEXT,\ngoes,\n'\ngo\n')", "CREATE TABLE t (a,\ngo TEXT,\ngoes,\n'\ngo\n');\n"],
    ["\n CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 1;\n"],
    ["CREATE VIEW v AS SELECT 1 -- c", "CREATE VIEW v AS SELECT 1 -- c\n;\n"],
    ["CREATE VIEW v AS SELECT 1 /* c", "CREATE VIEW v AS SELECT 1 /* c*/;\n"],
    ["CREATE VIEW v AS SELECT 1 /*/", "CREATE VIEW v AS SELECT 1 /*/*/;\n"],
  ])("keeps its semicolon and its lines: %j", (sql, expected) => {
    expect(statement(sql)).toBe(expected);
  });

  it.each([
    ["CREATE TABLE t(a)", 'CREATE TABLE "H""R".t(a);\n'],
    ['create  unique\nINDEX "i" ON t(a)', 'create  unique\nINDEX "H""R"."i" ON t(a);\n'],
    ["CREATE VIRTUAL TABLE t USING fts5(a)", 'CREATE VIRTUAL TABLE "H""R".t USING fts5(a);\n'],
    [
      "CREATE TRIGGER[x]AFTER INSERT ON t BEGIN SELECT 1; END",
      'CREATE TRIGGER "H""R".[x]AFTER INSERT ON t BEGIN SELECT 1; END;\n',
    ],
    ["CREATE VIEW/**/v AS SELECT 1", 'CREATE VIEW "H""R"./**/v AS SELECT 1;\n'],
  ])("names the schema that it is for: %j", (sql, expected) => {
    expect(statement(sql, 'H"R')).toBe(expected);
  });

  it("keeps bytes that are no text, and text of UTF-16", () => {
    const bytes = Buffer.from([...Buffer.from("CREATE TABLE t (a DEFAULT 'caf"), 0xe9, 0xa0, ...Buffer.from("')")]);
    const found = scriptStatement({ sql: bytes }, "UTF-8", null);
    expect(found).toEqual({ bytes: Buffer.concat([bytes, Buffer.from(";\n")]), loss: null });
    const wide = scriptStatement({ sql: Buffer.from("CREATE TABLE ä😀 (a)", "utf16le") }, "UTF-16le", null);
    expect(wide).toEqual({ bytes: Buffer.from("CREATE TABLE ä😀 (a);\n"), loss: null });
  });

  it("tells what the reader will not keep", () => {
    const lossOf = (text: string, encoding: "UTF-8" | "UTF-16le") =>
      scriptStatement({ sql: Buffer.from(text, encoding === "UTF-8" ? "utf8" : "utf16le") }, encoding, null).loss;
    expect(lossOf("CREATE TABLE t (a,\r\nb)", "UTF-8")).toBeNull();
    expect(lossOf("CREATE TABLE t (a DEFAULT '\r\n')", "UTF-8")).toContain("carriage return");
    expect(lossOf("CREATE TABLE t (a DEFAULT '\ud800')", "UTF-16le")).toContain("no valid text");
  });
});
