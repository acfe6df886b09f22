import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { parseWords, splitList, splitWords, type Syntax } from "../../src/cli/lexer.ts";
import { nameOf, unquote } from "../../src/cli/parameters/values.ts";

const ARGV: Syntax = {
  isSwitch: (name) => ["full", "nologfile"].includes(name),
  isSecret: (name) => name === "encryption_password",
  connectString: true,
  client: "UDE",
};
const PARFILE: Syntax = { ...ARGV, connectString: false };

/** `name: element | element; ...`. */
function show(words: readonly string[], syntax = ARGV): string {
  return parseWords(words, syntax)
    .map(({ name, elements }) => `${name}: ${elements.join(" | ")}`)
    .join("; ");
}

describe("words of a command line", () => {
  it.each<[words: string[], shown: string]>([
    [["schemas=HR,OE"], "schemas: HR | OE"],
    [["SCHEMAS=(HR, OE)"], "schemas: HR | OE"],
    [["hr/pw@db", "schemas=HR"], "userid: hr/pw@db; schemas: HR"],
    [["parallel", "=", "4"], "parallel: 4"],
    [["parallel=", "4"], "parallel: 4"],
    [["parallel", "=4"], "parallel: 4"],
    [["tables", "=", "a,", "b", ",", "c", "full=y"], "tables: a | b | c; full: y"],
    [["tables=(a,", "b)"], "tables: a | b"],
    [['tables="A B",c'], 'tables: "A B" | c'],
    [['tables="A', 'B"'], 'tables: "A B"'],
    [['tables="a"",b",c'], 'tables: "a"",b" | c'],
    [["dumpfile=it's.dmp"], "dumpfile: it's.dmp"],
    [["remap_directory='/a,b/':'/c/'"], "remap_directory: '/a,b/':'/c/'"],
    [["--schemas", "HR", "--parallel=4"], "schemas: HR; parallel: 4"],
    [["--reuse-dumpfiles", "y"], "reuse_dumpfiles: y"],
    [["--nologfile", "--full", "NO", "db=x"], "nologfile: y; full: NO; db: x"],
    [["-help"], "help: y"],
    [['query=emp:"WHERE a IN (1,2)"'], 'query: emp:"WHERE a IN (1,2)"'],
    [["x=(a,b),(c)"], "x: (a,b) | (c)"],
  ])("%j", (words, shown) => {
    expect(show(words)).toBe(shown);
  });

  it.each<[words: string[], code: string]>([
    [["schemas=HR", "OE"], "LRM-00116"],
    [["db", "other"], "UDE-00014"],
    [["schemas=", "full=y"], "LRM-00116"],
    [["schemas="], "LRM-00110"],
    [["--schemas"], "LRM-00110"],
    [["--schemas", "--parallel", "4"], "LRM-00116"],
    [['tables="a'], "LRM-00111"],
    [["tables=(a,b"], "LRM-00110"],
    [["tables=a)"], "LRM-00116"],
    [["tables=a,,b"], "LRM-00116"],
    [["tables=a,"], "LRM-00110"],
    [["tables=a,", "full=y"], "LRM-00116"],
    [["-x"], "LRM-00101"],
  ])("%j is refused with %s", (words, code) => {
    expect(() => parseWords(words, ARGV)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it("says what is wrong in Oracle's words", () => {
    expect(() => parseWords(["schemas=HR", "OE"], ARGV)).toThrow("LRM-00116: syntax error at 'OE' following 'schemas=HR'");
    expect(() => parseWords(['tables="a'], ARGV)).toThrow("LRM-00111: no closing quote for value '\"a'");
    const open = (syntax: Syntax) => (): unknown => parseWords(['tables="a'], syntax);
    expect(open(ARGV)).toThrow(expect.objectContaining({ hint: expect.stringMatching(/parfile/) as string }) as Error);
    expect(open(PARFILE)).toThrow(expect.objectContaining({ hint: "Close the quote." }) as Error);
  });
});

describe("text of a parameter file", () => {
  it("knows comments, continuation and several parameters a line", () => {
    const text = [
      "\uFEFF# all of it",
      "schemas = HR,   # the first",
      "  OE",
      "full=n parallel=2",
      "tables=(a,",
      "  b)\r",
      "query=emp:\"WHERE x = '#1'",
      'AND y > 1"',
      "dumpfile=a\\",
      "b.dmp",
    ].join("\n");
    expect(show(splitWords(text), PARFILE)).toBe(
      "schemas: HR | OE; full: n; parallel: 2; tables: a | b; query: emp:\"WHERE x = '#1'\nAND y > 1\"; dumpfile: ab.dmp",
    );
  });

  it("has no connect string that stands alone", () => {
    expect(() => parseWords(splitWords("hr/pw@db"), PARFILE)).toThrow("LRM-00116");
  });

  it("reads a list of 100,000 names", () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `TABLE_${index}`);
    expect(parseWords(splitWords(`tables=${names.join(",\n")}`), PARFILE)[0]?.elements).toEqual(names);
  });
});

describe("properties", () => {
  const names = fc.array(fc.string({ minLength: 1, unit: "grapheme" }), { minLength: 1, maxLength: 5 });
  const quoted = (list: readonly string[]) => list.map((name) => `"${name.replaceAll('"', '""')}"`);

  it("gives every quoted name back, from one word, from many and from a file", () => {
    fc.assert(
      fc.property(names, (list) => {
        const back = (words: readonly string[]) => parseWords(words, PARFILE)[0]?.elements.map(nameOf);
        expect(back([`tables=${quoted(list).join(",")}`])).toEqual(list);
        expect(back(["tables=(", ...quoted(list).join("\u0000,\u0000").split("\u0000"), ")"])).toEqual(list);
        const text = list.map((name) => name.replace(/[\r\\]/g, ""));
        expect(back(splitWords(`tables=(${quoted(text).join(" ,\n ")}) # end`))).toEqual(text);
      }),
    );
  });

  it("refuses what it can't read with a PumpError, never otherwise", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "=", ",", "(", ")", '"', "'", " ", "-", "\\", "#", "\n") });
    fc.assert(
      fc.property(fc.array(word), (words) => {
        for (const input of [words, splitWords(words.join(" "))]) {
          try {
            parseWords(input, ARGV);
          } catch (error) {
            expect(error).toBeInstanceOf(PumpError);
          }
        }
      }),
    );
  });

  it("splits a list so that its elements joined again are the same list", () => {
    const element = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(element, { minLength: 1 }), (elements) => {
        expect(splitList(` ( ${elements.join(" , ")} ) `).map(unquote)).toEqual(elements);
      }),
    );
  });
});

it.each([
  [["encryption_password=hush)hush"], "LRM-00110"],
  [['encryption_password="hush'], "LRM-00111"],
  [["--encryption-password", "(hush"], "LRM-00110"],
  [["encryption_password=hush", "hush"], "LRM-00116"],
  [["schemas=", "encryption_password=hush"], "LRM-00116"],
  [["schemas=HR,", "--encryption-password=hush"], "LRM-00116"],
  [["schemas=HR", "encryption_password:hush"], "LRM-00116"],
  [["encryption_password:hush", "encryption-password/hush"], "LRM-00116"],
  [["schemas=HR", "hr/hush@hr.db"], "LRM-00116"],
  [["schemas=HR", "hr/hush"], "LRM-00116"],
  [["schemas=HR", "-hr/hush@hr.db"], "LRM-00101"],
])("an error about a password does not show it: %j", (words, code) => {
  let error: unknown;
  try {
    parseWords(words, { ...ARGV, connectString: false });
  } catch (caught) {
    error = caught;
  }
  const { code: found, message, hint } = error as PumpError;
  expect([found, `${message} ${hint ?? ""}`]).toEqual([code, expect.not.stringContaining("hush")]);
});

it.each(["hr/hush@hr.db", "hush@hr.db"])("a second connect string is not shown: %s", (second) => {
  let error: unknown;
  try {
    parseWords(["hr/my", second], ARGV);
  } catch (caught) {
    error = caught;
  }
  expect(JSON.stringify((error as PumpError).toJSON())).not.toMatch(/hush|hr\/my/);
});

it("a password is taken as it is typed, commas and all", () => {
  expect(parseWords(["encryption_password=a,,b,c"], ARGV)).toEqual([
    { name: "encryption_password", text: "a,,b,c", elements: ["a,,b,c"] },
  ]);
});
