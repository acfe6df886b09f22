import { describe, expect, test } from "vitest";
import { nameFilter } from "../../src/metadata/name-filter.ts";

const NAMES = ["EMP", "emp", "DEPT", "O'NEIL", "A%B", "AxB", "é", "É", "7up"];

test.each([
  ["NAME_EXPR", "IN ('EMP','DEPT')", ["EMP", "emp", "DEPT"]],
  ["NAME_EXPR", "= 'dept'", ["DEPT"]],
  ["NAME_EXPR", "LIKE 'e%'", ["EMP", "emp"]],
  ["NAME_EXPR", "LIKE 'A!%B' ESCAPE '!'", ["A%B"]],
  ["NAME_EXPR", "BETWEEN 'A' AND 'B' -- and so on", ["A%B", "AxB"]],
  ["NAME_EXPR", "NOT IN ('EMP') AND name <> '7UP'", ["DEPT", "O'NEIL", "A%B", "AxB", "é", "É"]],
  ["NAME_EXPR", "= 'é'", ["é"]],
  ["NAME_EXPR", "GLOB 'zzz*'", []],
  ["NAME_LIST", "'EMP'", ["EMP", "emp"]],
  ["NAME_LIST", " 'o''neil' , 'x' ", ["O'NEIL"]],
  ["NAME_LIST", "", []],
])("%s %s takes %j", (filter, value, taken) => {
  expect([...nameFilter(filter, value).select(NAMES)]).toEqual(taken);
});

test.each([
  ["NAME_LIST", "'EMP','O''NEIL'", ["EMP", "O'NEIL"]],
  ["NAME_EXPR", " in ( 'EMP' , 'X,Y' ) ", ["EMP", "X,Y"]],
  ["SCHEMA_EXPR", "= 'HR'", ["HR"]],
  ["NAME_EXPR", "LIKE 'EMP'", []],
  ["NAME_EXPR", "NOT IN ('EMP')", []],
  ["NAME_EXPR", "IN ('EMP') OR 1", []],
])("%s %s asks for %j by name", (filter, value, wanted) => {
  expect(nameFilter(filter, value).wanted).toEqual(wanted);
});

describe("what is no predicate on a name is refused at once", () => {
  test.each([
    "",
    " ",
    "EMP'",
    "= 'EMP",
    "= 'EMP'; DROP TABLE names",
    "= 'EMP'; SELECT 1",
    "= 'EMP') --",
    "= no_column",
    "IN (SELECT name FROM sqlite_schema_x)",
    "= 'x' UNION SELECT 1, 2 --",
    "= 'x' RETURNING *",
  ])("%j", (value) => {
    expect(() => nameFilter("NAME_EXPR", value)).toThrow(/^ORA-39001[^\n]*\nORA-39071[^\n]*NAME_EXPR/);
  });

  test("a list can't become more than a list", () => {
    expect(() => nameFilter("NAME_LIST", "'A'); SELECT 1 --")).toThrow(/^ORA-39001/);
    expect(() => nameFilter("NAME_LIST", "A,B")).toThrow(/^ORA-39001/);
  });
});

test("a predicate can't reach out of its names", () => {
  expect(() => nameFilter("NAME_EXPR", "= load_extension('x')").select(NAMES)).toThrow(/^ORA-39001[\s\S]*not authorized/);
});

test("a predicate can take none but the names that there are", () => {
  expect([
    ...nameFilter("NAME_EXPR", "= 'EMP' UNION SELECT 'SECRET' UNION SELECT NULL UNION SELECT x'00'").select(NAMES),
  ]).toEqual(["EMP"]);
});
