import { describe, expect, test } from "vitest";
import { parseTableFilter } from "../../src/metadata/table-filter.ts";

test.each([
  ["EMP", [[null, "EMP", "EMP"]]],
  [
    "hr.emp , DEPT",
    [
      ["hr", "emp", "hr.emp"],
      [null, "DEPT", "DEPT"],
    ],
  ],
  ['"H R"."a.b,c"', [["H R", "a.b,c", '"H R"."a.b,c"']]],
  [' hr . "it""s" ', [["hr", 'it"s', 'hr . "it""s"']]],
  ["", []],
  ["EMP,", [[null, "EMP", "EMP"]]],
])("%j names %j", (value, expected) => {
  expect(parseTableFilter(value).map(({ schema, table, text }) => [schema, table, text])).toEqual(expected);
});

test.each([
  ["emp", ["EMP", "emp", "Emp"], ["EMPS", "XEMP", "E.P"]],
  ["E%P", ["EP", "emp", "E\nP"], ["EPx"]],
  ["%", ["", "anything"], []],
  ["a.b%".replace(".", "_"), ["A_B", "a_bc"], ["axb"]],
  ["(a+)*[x]?^$|\\", ["(A+)*[x]?^$|\\"], ["aaa", "x", ""]],
  ['"E%P"', ["e%p"], ["EMP"]],
  ["e*P", ["EP", "emp", "E*P"], ["EPx"]],
  ["E?P", ["emp", "E\nP", "e\u{1F600}p"], ["EP", "EMMP"]],
  ['"E*P?"', ["e*p?"], ["EMPS"]],
  ["é", ["é"], ["É"]],
])("%j takes %j and not %j", (value, taken, others) => {
  const [pattern] = parseTableFilter(value);
  expect(taken.filter((name) => pattern?.matches(name) !== true)).toEqual([]);
  expect(others.filter((name) => pattern?.matches(name) !== false)).toEqual([]);
});

describe("what is no list of tables is refused", () => {
  test.each(["a.b.c", "a b", ",", "a,,b", ".a", "a.", '"a', '""', "a;b'\"", 'a"b"'])("%j", (value) => {
    expect(() => parseTableFilter(value)).toThrow(/^ORA-39001[^\n]*\nORA-39194/);
  });

  test.each(["H%.EMP", '"H%".EMP', "%.%", "H*.EMP"])("%j, a wildcard in the schema", (value) => {
    expect(() => parseTableFilter(value)).toThrow(/^ORA-39001[^\n]*\nORA-39193/);
  });
});
