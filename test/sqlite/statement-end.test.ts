import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasTail, namesOfSql } from "../../src/sqlite/statement-end.ts";

const TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END";

test.each([
  ["CREATE TABLE t (a)", "table", false],
  ["CREATE TABLE t (a);", "table", false],
  ["CREATE TABLE t (a); \n\t -- end\n /* ; */ --", "table", false],
  ["CREATE TABLE t (a); /* open", "table", false],
  ["CREATE TABLE t (a);;", "table", true],
  ["CREATE TABLE t (a); x", "table", true],
  ["CREATE TABLE t (a);'", "table", true],
  ["CREATE TABLE t (a) -- ; x", "table", false],
  ["CREATE TABLE t (a) -- ;\n; x", "table", true],
  ["CREATE TABLE t (a) /* ; */ x", "table", false],
  ["CREATE TABLE t (a) /*/ ; */ x", "table", false],
  ["CREATE TABLE ';' (\";\", `;`, [;])", "table", false],
  ["CREATE TABLE 'it''s;' (\"a\"\";\", `b``;`)", "table", false],
  ["CREATE TABLE 'a' (a); 'b'", "table", true],
  ["CREATE VIEW v AS SELECT 1; END;", "view", true],
  [TRIGGER, "trigger", false],
  [`${TRIGGER};`, "trigger", false],
  [`${TRIGGER} ; -- END; x`, "trigger", false],
  [`${TRIGGER}; DROP TABLE a`, "trigger", true],
  [TRIGGER.replace("END; END", "END; /* ; */ End\n; x"), "trigger", true],
  [TRIGGER.replace("1 WHEN", "';END;' WHEN"), "trigger", false],
  [TRIGGER.replace("SELECT", "SELECT 1; SELECT"), "trigger", false],
])("%j (a %s) goes on after its end: %s", (sql, type, expected) => {
  expect(hasTail(sql, type)).toBe(expected);
});

test("names are what stands in quotes, doubled ones too, however many there are", () => {
  const names = (sql: string) => [...namesOfSql(sql)].map(({ name, start, before }) => [name, start, before]);
  expect(names("a 'b''c'\"d\"[e][f]`g```")).toEqual([
    ["a", 0, ""],
    ["b'c", 2, "a"],
    ["d", 8, "'b''c'"],
    ["e", 11, '"d"'],
    ["f", 14, "[e]"],
    ["g`", 17, "[f]"],
  ]);
  expect(names(`'${"''".repeat(500_000)}'`)).toEqual([["'".repeat(500_000), 0, ""]]);
});

describe("of any text", () => {
  const inner = fc.string({
    unit: fc.constantFrom("a", ";", "'", '"', "`", "]", "[", "-", "*", "/", " ", "\n", "é"),
    maxLength: 8,
  });
  const quoted = fc.oneof(
    ...["'", '"', "`"].map((quote) => inner.map((text) => quote + text.replaceAll(quote, quote + quote) + quote)),
    inner.map((text) => `[${text.replaceAll("]", "")}]`),
  );
  const blank = fc.oneof(
    fc.constantFrom(" ", "\n", "\t"),
    inner.map((text) => `--${text.replaceAll("\n", "")}\n`),
    inner.map((text) => `/*${text.replaceAll("*", "")}*/`),
  );
  const word = fc.constantFrom("CREATE", "END", "x", "1.5e3", "(", ")", "=", "x'00'", "ünï", "$a");
  const statement = fc.array(fc.oneof(quoted, blank, word), { minLength: 1 }).map((tokens) => tokens.join(" "));
  const trivia = fc.array(blank).map((blanks) => blanks.join(""));

  test("what follows the semicolon counts, and only when it is a token", () => {
    fc.assert(
      fc.property(statement, trivia, trivia, fc.oneof(word, quoted), (sql, before, after, token) => {
        expect(hasTail(sql, "table")).toBe(false);
        expect(hasTail(`${sql}${before};${after}`, "table")).toBe(false);
        expect(hasTail(`${sql}${before};${after}${token}`, "table")).toBe(true);
        expect(hasTail(`${sql}${before};${after}${token}`, "trigger")).toBe(false);
        expect(hasTail(`${sql};${before}END${after};${token}`, "trigger")).toBe(true);
      }),
    );
  });
});
