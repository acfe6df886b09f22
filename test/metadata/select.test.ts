import { describe, expect, test } from "vitest";
import { Selection, systemTableFilter, type SelectionRequest } from "../../src/metadata/select.ts";
import { objectOf } from "./objects.ts";

type Filters = readonly (readonly [name: string, value: string, objectPath?: string])[];

function selection(mode: SelectionRequest["mode"], filters: Filters, change: Partial<SelectionRequest> = {}): Selection {
  const named = filters.map(([name, value, objectPath = null]) => ({ name, value, objectPath }));
  return new Selection({
    mode,
    filters: named,
    defaultSchema: "HR",
    everythingByDefault: false,
    includesRows: () => true,
    ...change,
  });
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
  ["FULL", [["NAME_EXPR", "IN ('HR','XX')", "SCHEMA"]], {}, ["HR"], ["XX"]],
  ["FULL", [["NAME_EXPR", "NOT (LIKE 'H%')", "DATABASE_EXPORT/SCHEMA"]], {}, ["OE", "SH"], []],
  ["TABLESPACE", [["TABLESPACE_EXPR", "IN ('sh','oe')"]], { defaultSchema: null }, ["OE", "SH"], []],
  ["TABLE", [["TABLE_FILTER", "EMP"]], {}, ["HR"], []],
  ["TABLE", [["TABLE_FILTER", "oe.a,XX.b"]], {}, ["OE"], ["XX"]],
  ["TABLE", [["TABLE_FILTER", "oe.a,b"]], {}, ["HR", "OE"], []],
  ["TABLE", [["TABLE_FILTER", "b"]], { defaultSchema: null, everythingByDefault: true }, SCHEMAS, []],
])("a %s job with %j and %j works on %j; %j are missing", (mode, filters, change, schemas, missing) => {
  expect(selection(mode, filters, change).schemas(SCHEMAS)).toMatchObject({ schemas, missing });
});

test.each<[SelectionRequest["mode"], Filters, Partial<SelectionRequest>, RegExp]>([
  ["SCHEMA", [["SCHEMA_LIST", "'XX'"]], {}, /^ORA-39002[^\n]*\nORA-39165[^\n]*XX[^\n]*\nORA-31655/],
  ["SCHEMA", [["SCHEMA_EXPR", "LIKE 'X%'"]], {}, /^ORA-39002[^\n]*\nORA-31655/],
  ["SCHEMA", [], { defaultSchema: null }, /^ORA-39002[^\n]*\nORA-31655/],
  ["TABLE", [["TABLE_FILTER", "b"]], { defaultSchema: null }, /^ORA-39002[^\n]*\nORA-31655/],
  ["TABLESPACE", [["TABLESPACE_LIST", "'XX'"]], {}, /^ORA-39002[^\n]*\nORA-00959[^\n]*XX[^\n]*\nORA-31655/],
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
    [[["TABLE_FILTER", "oe.emp"]], {}, ["OE.Emp", "OE.oe_i"], []],
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

describe("object paths decide on kinds of objects, names on those of a path", () => {
  const EVERYTHING = [
    ...["Emp", "dept", "emp_i", "emp_t", "dept_t", "names", "names_t", "fts", "fts_data"],
    ...["sqlite_sequence", "OE.Emp", "OE.oe_i"],
  ];
  const without = (...names: string[]) => EVERYTHING.filter((name) => !names.includes(name));

  test.each<[Filters, string[]]>([
    [[["INCLUDE_PATH_EXPR", "IN ('TABLE')"]], without("names", "names_t")],
    [[["INCLUDE_PATH_EXPR", "IN ('VIEW')"]], ["names", "names_t"]],
    [[["INCLUDE_PATH_EXPR", "IN ('VIEW/VIEW')"]], ["names"]],
    [[["INCLUDE_PATH_LIST", "'SCHEMA_EXPORT/TABLE/INDEX'"]], ["emp_i", "OE.oe_i"]],
    [[["INCLUDE_PATH_EXPR", "LIKE '%TRIGGER'"]], ["emp_t", "dept_t", "names_t"]],
    [
      [
        ["INCLUDE_PATH_EXPR", "IN ('INDEX')"],
        ["INCLUDE_PATH_EXPR", "IN ('TABLE/TRIGGER')"],
      ],
      ["emp_i", "emp_t", "dept_t", "OE.oe_i"],
    ],
    [
      [
        ["INCLUDE_PATH_EXPR", "IN ('TABLE')"],
        ["EXCLUDE_PATH_EXPR", "IN ('INDEX','SEQUENCE')"],
      ],
      without("names", "names_t", "emp_i", "OE.oe_i", "sqlite_sequence"),
    ],
    [[["EXCLUDE_PATH_EXPR", "IN ('TRIGGER')"]], without("emp_t", "dept_t", "names_t")],
    [[["INCLUDE_PATH_EXPR", "IN ('TABLE/TABLE')"]], ["Emp", "dept", "fts", "fts_data", "OE.Emp"]],
    [[["INCLUDE_PATH_EXPR", "IN ('TABLE_DATA')"]], ["Emp", "dept", "fts", "fts_data", "OE.Emp"]],
    [[["NAME_EXPR", "NOT (= 'emp')", "TABLE"]], without("Emp", "emp_i", "emp_t", "OE.Emp", "OE.oe_i")],
    [[["NAME_EXPR", "NOT (LIKE 'f%')", "SCHEMA_EXPORT/TABLE"]], without("fts", "fts_data")],
    [[["NAME_EXPR", "NOT (IN ('fts_data'))", "TABLE"]], EVERYTHING],
    [[["NAME_EXPR", "LIKE 'emp%'", "INDEX"]], without("OE.oe_i")],
    [[["NAME_EXPR", "NOT (LIKE 'e%')", "TRIGGER"]], without("emp_t")],
    [[["NAME_EXPR", "NOT (LIKE 'e%')", "VIEW/TRIGGER"]], EVERYTHING],
    [[["NAME_EXPR", "<> 'NAMES'", "VIEW"]], without("names", "names_t")],
    [[["NAME_EXPR", "= 'x'", "TABLE_DATA"]], EVERYTHING],
  ])("%j: %j", (filters, names) => {
    expect(chosen("SCHEMA", filters).names).toEqual(names);
  });

  test("rows stay behind with their path or by the name of their table, with all shadow tables of it", () => {
    const rowless = (...filters: Filters) => {
      const { objects, withoutRows } = selection("SCHEMA", filters).objects(OBJECTS.map((object, id) => ({ ...object, id })));
      return objects.filter(({ id }) => withoutRows.has(id)).map(({ name }) => name);
    };
    expect(rowless(["EXCLUDE_PATH_EXPR", "IN ('TABLE_DATA')"])).toEqual(["Emp", "dept", "fts", "fts_data", "Emp"]);
    expect(rowless(["NAME_EXPR", "NOT (IN ('FTS','DEPT'))", "TABLE_DATA"])).toEqual(["dept", "fts", "fts_data"]);
    expect(rowless(["EXCLUDE_PATH_EXPR", "IN ('INDEX')"])).toEqual([]);
  });

  test("what is named one by one and nowhere to be found is told; not what is to be left out", () => {
    const missing = (mode: SelectionRequest["mode"], ...filters: Filters) => {
      const tables = OBJECTS.filter(({ objectType, name }) => objectType === "TABLE" && !name.startsWith("sqlite_"));
      const { missing: names, missingPaths } = selection(mode, filters).objects(tables);
      return [...names, ...missingPaths];
    };
    expect(missing("SCHEMA", ["INCLUDE_PATH_EXPR", "IN ('TABLE','VIEW','INDEX')"])).toEqual(["INDEX", "VIEW"]);
    expect(missing("SCHEMA", ["EXCLUDE_PATH_EXPR", "IN ('VIEW')"])).toEqual([]);
    expect(missing("SCHEMA", ["EXCLUDE_PATH_LIST", "'STATISTICS'"])).toEqual(["STATISTICS"]);
    expect(missing("SCHEMA", ["NAME_LIST", "'EMP','zz'", "TABLE"], ["NAME_EXPR", "IN ('yy')", "INDEX"])).toEqual(["zz", "yy"]);
    expect(missing("SCHEMA", ["NAME_EXPR", "NOT (IN ('zz'))", "TABLE"])).toEqual([]);
  });

  test("why something is left out is told", () => {
    const reasons = selection("SCHEMA", [
      ["NAME_EXPR", "NOT (= 'emp')", "TABLE"],
      ["EXCLUDE_PATH_EXPR", "IN ('VIEW')"],
    ])
      .objects(OBJECTS)
      .leftOut.map(({ object, reason }) => `${object.name}: ${reason}`);
    expect(reasons).toEqual([
      "Emp: its name is not taken by the filters",
      "emp_i: its table Emp is left out",
      "emp_t: its table EMP is left out",
      "names: object path VIEW/VIEW is left out",
      "names_t: object path VIEW/TRIGGER is left out",
      "Emp: its name is not taken by the filters",
      "oe_i: its table Emp is left out",
    ]);
  });
});

test("a view that was made a table is taken by its own filter, and tables need not be", () => {
  const objects = [
    objectOf("TABLE", "Emp"),
    objectOf("TABLE", "names", { fromView: true }),
    objectOf("TABLE", "sqlite_sequence"),
  ];
  const names = (...filters: Filters) =>
    selection("TABLE", filters)
      .objects(objects)
      .objects.map(({ name }) => name);
  expect(names(["VIEWS_AS_TABLES", "names"], ["EXCLUDE_TABLES", "YES"])).toEqual(["names"]);
  expect(names(["VIEWS_AS_TABLES", "names"], ["TABLE_FILTER", "emp"])).toEqual(["Emp", "names", "sqlite_sequence"]);
  expect(names(["TABLE_FILTER", "emp"])).toEqual(["Emp", "sqlite_sequence"]);
  expect(selection("TABLE", [["VIEWS_AS_TABLES", "names,emp"]]).objects(objects).missing).toEqual(["emp"]);
});

test("indexes of a dump that has nothing else are chosen by the names of their tables", () => {
  const indexes = OBJECTS.filter(({ objectType }) => objectType === "INDEX");
  expect(selection("SCHEMA", []).objects(indexes).objects).toEqual(indexes);
  const some = selection("SCHEMA", [["NAME_EXPR", "NOT (LIKE 'emp')", "TABLE"]]).objects(indexes);
  expect(some.objects).toEqual([]);
});

test("of a system table only rows about the tables of a table job are taken", () => {
  const sequence = objectOf("TABLE", "sqlite_sequence");
  const statistics = objectOf("TABLE", "sqlite_stat1");
  const objects = [
    objectOf("TABLE", "O'Neil"),
    objectOf("TABLE", "emp"),
    objectOf("VIEW", "v"),
    objectOf("INDEX", "emp_i", { tableName: "emp" }),
    objectOf("TABLE", "x", { schema: "OE" }),
    sequence,
  ];
  expect(systemTableFilter(sequence, objects, true)?.where).toBe("name COLLATE NOCASE IN ('O''Neil', 'emp')");
  expect(systemTableFilter(statistics, objects, true)?.where).toMatch(
    /^tbl COLLATE NOCASE IN \('O''Neil', 'emp'\) AND \(.* OR idx COLLATE NOCASE IN \('emp_i'\)\)$/,
  );
  expect(systemTableFilter(sequence, objects, false)).toBeNull();
  expect(systemTableFilter(objectOf("TABLE", "emp"), objects, true)).toBeNull();
});
