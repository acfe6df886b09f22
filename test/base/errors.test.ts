import { describe, expect, test } from "vitest";
import { causeLines, errorNumber, messageText, PumpError, pumpError, toPumpError } from "../../src/base/errors.ts";
import { MESSAGES } from "../../src/base/messages.ts";

describe("an error stack", () => {
  const error = pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31640", "/a/%s.dmp"], { code: "ENOENT", text: "no such file" }]);

  test("has one line per entry, outermost first, inserts taken as they are", () => {
    expect(error.message.split("\n")).toEqual([
      "ORA-39001: invalid argument value",
      "ORA-39000: bad dump file specification",
      'ORA-31640: unable to open dump file "/a/%s.dmp" for read',
      "ENOENT: no such file",
    ]);
    expect([error.code, error.sqlcode, error.has("ORA-31640"), error.has("ORA-31641")]).toEqual([
      "ORA-39001",
      -39001,
      true,
      false,
    ]);
  });

  test("travels between threads whole", () => {
    const arrived = PumpError.fromJSON(structuredClone(error.toJSON()));
    expect(arrived).toBeInstanceOf(PumpError);
    expect({ ...arrived.toJSON(), message: arrived.message }).toEqual({ ...error.toJSON(), message: error.message });
  });

  test("takes the hint of its innermost catalogued line, unless it is given one", () => {
    const entries = Object.entries(MESSAGES as Record<string, { hint?: string }>);
    const [code, { hint }] = entries.find(([, message]) => message.hint !== undefined) ?? ["", { hint: "none" }];
    const lines = [
      { code: "ORA-39001", text: "" },
      { code, text: "" },
      { code: "ENOENT", text: "" },
      { code: "__proto__", text: "" },
    ];
    expect(new PumpError(lines).hint).toBe(hint);
    expect(new PumpError(lines, "do this").hint).toBe("do this");
    expect(new PumpError([...lines, { code: "ENOSPC", text: "" }]).hint).toMatch(/^Make room/);
    expect(new PumpError([{ code: "constructor", text: "" }]).hint).toBeUndefined();
  });
});

describe("a foreign error", () => {
  const withCode = (code: unknown, message: string) => Object.assign(new Error(message), { code });

  test.each([
    [withCode("ENOENT", "ENOENT: no such file"), [{ code: "ENOENT", text: "no such file" }]],
    [withCode("SQLITE_NOTADB", "file is not a database"), [{ code: "SQLITE_NOTADB", text: "file is not a database" }]],
    [withCode(7, "odd"), [{ code: "Error", text: "odd" }]],
    [withCode("E(", "E(: odd"), [{ code: "E(", text: "odd" }]],
    [withCode("A.C", "ABC: not its code"), [{ code: "A.C", text: "ABC: not its code" }]],
    [new RangeError("too far"), [{ code: "RangeError", text: "too far" }]],
    ["a string", [{ code: "Error", text: "a string" }]],
    [undefined, [{ code: "Error", text: "undefined" }]],
    [pumpError([["ORA-39001"]]), [{ code: "ORA-39001", text: "invalid argument value" }]],
  ])("%o is told by its code and its words", (error, lines) => {
    expect(causeLines(error)).toEqual(lines);
  });

  test("becomes the cause of an internal error; a PumpError stays itself", () => {
    const cause = withCode("EIO", "EIO: broken");
    const error = toPumpError(cause);
    expect(error.lines.map(({ code }) => code)).toEqual(["ORA-39006", "EIO"]);
    expect(error.cause).toBe(cause);
    expect(toPumpError(error)).toBe(error);
  });
});

test.each([
  ["ORA-00942", 942],
  ["UDE-00014", 14],
  ["TSDP-00001", 1],
  ["ENOENT", 0],
  ["ORA-39001x", 0],
  ["XORA-39001", 0],
])("the number of %s is %d", (code, number) => {
  expect(errorNumber(code)).toBe(number);
});

test("a message is filled in from left to right, missing inserts by nothing", () => {
  expect(messageText("ORA-31640", "$& %s")).toBe('unable to open dump file "$& %s" for read');
  expect(messageText("ORA-31640")).toBe('unable to open dump file "" for read');
});
