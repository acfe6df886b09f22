import { describe, expect, test } from "vitest";
import { Selection, systemTableFilter, type SelectionRequest } from "../../src/metadata/select.ts";
import { objectOf } from "./objects.ts";

type Filters = readonly (readonly [name: string, value: string])[];

function selection(mode: SelectionRequest["mode"], filters: Filters, change: Partial<SelectionRequest> = {}): Selection {
  const named = filters.map(([name, value]) => ({ name, value }));
  return new Selection({ mode, filters: named, defaultSchema: "HR", everythingByDefault: false, ...change });
}

const SCHEMAS = ["HR", "OE", "SH"];

test.each<[SelectionRequest["mode"], Filters, Partial<SelectionRequest>, string[], string[]]>([
  ["SCHEMA", [["SCHEMA_LIST", "'hr','OE'"]], {}, ["HR", "OE"], []],
  ["SCHEMA", [["SCHEMA_LIST", "'HR','XX'"]], {}, ["HR"], ["XX"]],
  [
    "SCHEMA",
    [
      ["SCHEMA_EXPR", "LIKE '%H%'"],
      ["SCHEMA_EXPR", "<> 'HR'"],
    ],
    {},
    ["SH"],
    [],
  ],
  ["SCHEMA", [], {}, ["HR"], []],
  ["SCHEMA", [], { defaultSchema: null, everythingByDefault: true }, SCHEMAS, []],
  ["FULL", [], { defaultSchema: null }, SCHEMAS, []],
  ["FULL", [["SCHEMA_EXPR", "NOT IN ('OE')"]], {}, ["HR", "SH"], []],
  ["TABLE", [["TABLE_FILTER", "EMP"]], {}, ["HR"], []],
  ["TABLE", [["TABLE_FILTER", "oe.a,XX.b"]], {}, ["OE"], ["XX"]],
  ["TABLE", [["TABLE_FILTER", "oe.a,b"]], {}, ["HR", "OE"], []],
  ["TABLE", [["TABLE_FILTER", "b"]], { defaultSchema: null, everythingByDefault: true }, SCHEMAS, []],
])("a %s job with %j and %j works on %j; %j are missing", (mode, filters, change, schemas, missing) => {
  expect(selection(mode, filters, change).schemas(SCHEMAS)).toEqual({ schemas, missing });
});

test.each<[SelectionRequest["mode"], Filters, Partial<SelectionRequest>, RegExp]>([
  ["SCHEMA", [["SCHEMA_LIST", "'XX'"]], {}, /^ORA-39002[^\n]*\nORA-39165[^\n]*XX[^\n]*\nORA-31655/],
  ["SCHEMA", [["SCHEMA_EXPR", "LIKE 'X%'"]], {}, /^ORA-39002[^\n]*\nORA-31655/],
  ["SCHEMA", [], { defaultSchema: null }, /^ORA-39002[^\n]*\nORA-31655/],
  ["TABLE", [["TABLE_FILTER", "b"]], { defaultSchema: null }, /^ORA-39002[^\n]*\nORA-31655/],
])("a %s job with %j and %j has nothing to do", (mode, filters, change, message) => {
  expect(() => selection(mode, filters, change).schemas(SCHEMAS)).toThrow(message);
});

test("filters that can't be read are refused before anything else", () => {
  expect(() => selection("SCHEMA", [["SCHEMA_EXPR", "; DROP"]])).toThrow(/ORA-39071/);
  expect(() => selection("TABLE", [["TABLE_FILTER", "a b"]])).toThrow(/ORA-39194/);
});

const OBJECTS = [
  objectOf("TABLE", "Emp"),
  objectOf("TABLE", "dept"),
  objectOf("INDEX", "emp_i", { tableName: "Emp" }),
  objectOf("TRIGGER", "emp_t", { tableName: "EMP" }),
  objectOf("TRIGGER", "dept_t", { tableName: "dept" }),
  objectOf("VIEW", "names"),
  objectOf("TRIGGER", "names_t", { tableName: "NAMES" }),
  objectOf("TABLE", "fts", { kind: "virtual", shape: null }),
  objectOf("TABLE", "fts_data", { kind: "shadow", owner: "fts" }),
  objectOf("TABLE", "sqlite_sequence"),
  objectOf("TABLE", "Emp", { schema: "OE" }),
  objectOf("INDEX", "oe_i", { schema: "OE", tableName: "Emp" }),
];

function chosen(
  mode: SelectionRequest["mode"],
  filters: Filters,
  change?: Partial<SelectionRequest>,
): { names: string[]; missing: readonly string[] } {
  const { objects, missing } = selection(mode, filters, change).objects(OBJECTS);
  return { names: objects.map(({ schema, name }) => (schema === "HR" ? name : `${schema}.${name}`)), missing };
}

describe("a table comes with all that depends on it and nothing else", () => {
  test.each<[Filters, Partial<SelectionRequest> | undefined, string[], string[]]>([
    [[["TABLE_FILTER", "emp"]], {}, ["Emp", "emp_i", "emp_t", "sqlite_sequence"], []],
    [[["TABLE_FILTER", "oe.emp"]], {}, ["sqlite_sequence", "OE.Emp", "OE.oe_i"], []],
    [[["TABLE_FILTER", "emp"]], { defaultSchema: null }, ["Emp", "emp_i", "emp_t", "sqlite_sequence", "OE.Emp", "OE.oe_i"], []],
    [[["TABLE_FILTER", "fts"]], {}, ["fts", "fts_data", "sqlite_sequence"], []],
    [[["TABLE_FILTER", "fts_data"]], {}, [], ["fts_data"]],
    [[["TABLE_FILTER", "sqlite_sequence"]], {}, [], ["sqlite_sequence"]],
    [[["TABLE_FILTER", "names"]], {}, [], ["names"]],
    [[["TABLE_FILTER", "d%,XX%,oe.yy"]], {}, ["dept", "dept_t", "sqlite_sequence"], ["XX%", "oe.yy"]],
    [[["NAME_LIST", "'DEPT','zz'"]], {}, ["dept", "dept_t", "sqlite_sequence"], ["zz"]],
    [
      [
        ["NAME_EXPR", "LIKE 'e%'"],
        ["NAME_EXPR", "<> 'EMP'"],
      ],
      {},
      [],
      [],
    ],
  ])("%j in a table job (%j): %j, missing %j", (filters, change, names, missing) => {
    expect(chosen("TABLE", filters, change)).toEqual({ names, missing });
  });

  test("a schema job takes everything, or views too when tables are filtered by name", () => {
    expect(chosen("SCHEMA", []).names).toHaveLength(OBJECTS.length);
    expect(chosen("SCHEMA", [["NAME_LIST", "'DEPT'"]]).names).toEqual(["dept", "dept_t", "names", "names_t", "sqlite_sequence"]);
  });
});

test("of a system table only rows about the tables of a table job are taken", () => {
  const sequence = objectOf("TABLE", "sqlite_sequence");
  const statistics = objectOf("TABLE", "sqlite_stat1");
  const objects = [
    objectOf("TABLE", "O'Neil"),
    objectOf("TABLE", "emp"),
    objectOf("VIEW", "v"),
    objectOf("TABLE", "x", { schema: "OE" }),
    sequence,
  ];
  expect(systemTableFilter(sequence, objects, true)).toBe("name COLLATE NOCASE IN ('O''Neil', 'emp')");
  expect(systemTableFilter(statistics, objects, true)).toBe("tbl COLLATE NOCASE IN ('O''Neil', 'emp')");
  expect(systemTableFilter(sequence, objects, false)).toBeNull();
  expect(systemTableFilter(objectOf("TABLE", "emp"), objects, true)).toBeNull();
});
