import { expect, test } from "vitest";
import { objectPath, pathsOf, pathTail, type ExportMode } from "../../src/metadata/object-paths.ts";
import { objectOf } from "./objects.ts";

const EMP = objectOf("TABLE", "emp");
const ALL = [
  objectOf("TRIGGER", "on_view", { tableName: "NAMES" }),
  objectOf("TRIGGER", "on_table", { tableName: "EMP" }),
  objectOf("INDEX", "emp_name", { tableName: "emp" }),
  objectOf("VIEW", "names"),
  objectOf("TABLE", "sqlite_stat1"),
  objectOf("TABLE", "sqlite_sequence"),
  EMP,
];

test("an export names its paths in its order, an import in the order of making", () => {
  expect(pathsOf(ALL, "EXPORT", "ALL")).toEqual([
    "TABLE/TABLE_DATA",
    "TABLE/STATISTICS/TABLE_STATISTICS",
    "STATISTICS/MARKER",
    "TABLE/TABLE",
    "TABLE/IDENTITY_COLUMN",
    "VIEW/VIEW",
    "TABLE/INDEX/INDEX",
    "TABLE/TRIGGER",
    "VIEW/TRIGGER",
  ]);
  expect(pathsOf(ALL, "IMPORT", "ALL")).toEqual([
    "TABLE/TABLE",
    "TABLE/TABLE_DATA",
    "TABLE/IDENTITY_COLUMN",
    "VIEW/VIEW",
    "TABLE/INDEX/INDEX",
    "TABLE/TRIGGER",
    "VIEW/TRIGGER",
    "TABLE/STATISTICS/TABLE_STATISTICS",
    "STATISTICS/MARKER",
  ]);
});

test("the content of a job decides whether rows or definitions are named", () => {
  expect(pathsOf(ALL, "EXPORT", "DATA_ONLY")).toEqual(["TABLE/TABLE_DATA"]);
  expect(pathsOf(ALL, "EXPORT", "METADATA_ONLY")).not.toContain("TABLE/TABLE_DATA");
  const withoutRows = [objectOf("TABLE", "fts", { kind: "virtual", shape: null }), objectOf("TABLE", "sqlite_sequence")];
  expect(pathsOf(withoutRows, "EXPORT", "ALL")).toEqual(["TABLE/TABLE", "TABLE/IDENTITY_COLUMN"]);
});

test("a trigger is a view's only in the view's own schema", () => {
  const views = new Set(["HR\0names"]);
  const tails = ["HR", "OE"].map((schema) => pathTail(objectOf("TRIGGER", "t", { schema, tableName: "Names" }), views));
  expect(tails).toEqual(["VIEW/TRIGGER", "TABLE/TRIGGER"]);
});

test.each([
  ["SCHEMA", "TABLE/TABLE", "SCHEMA_EXPORT/TABLE/TABLE"],
  ["TABLE", "TABLE/TABLE", "TABLE_EXPORT/TABLE/TABLE"],
  ["TABLE", "TABLE/TABLE_DATA", "TABLE_EXPORT/TABLE/TABLE_DATA"],
  ["FULL", "TABLE/TABLE_DATA", "DATABASE_EXPORT/SCHEMA/TABLE/TABLE_DATA"],
  ["FULL", "STATISTICS/MARKER", "DATABASE_EXPORT/STATISTICS/MARKER"],
  ["SCHEMA", "STATISTICS/MARKER", "SCHEMA_EXPORT/STATISTICS/MARKER"],
  ["TABLE", "STATISTICS/MARKER", "TABLE_EXPORT/TABLE/STATISTICS/MARKER"],
] as const)("in %s mode %s is shown as %s", (mode: ExportMode, tail, path) => {
  expect(objectPath(mode, tail)).toBe(path);
});
