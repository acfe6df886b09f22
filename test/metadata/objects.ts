import type { DumpObject, ObjectType } from "../../src/metadata/dump-object.ts";
import type { TableShape } from "../../src/sqlite/schema.ts";

const TYPES: Readonly<Record<ObjectType, DumpObject["type"]>> = {
  TABLE: "table",
  VIEW: "view",
  INDEX: "index",
  TRIGGER: "trigger",
};

export function shapeOf(name: string, change: Partial<TableShape> = {}): TableShape {
  return {
    name,
    withoutRowid: false,
    rowid: '"id"',
    integerPrimaryKey: "id",
    columns: ["a"],
    storedColumns: ["id", "a"],
    constraints: [{ kind: "UNIQUE", index: "i", columns: [{ name: "a", collation: "NOCASE", descending: true }] }],
    ...change,
  };
}

/** An object of schema HR. */
export function objectOf(objectType: ObjectType, name: string, change: Partial<DumpObject> = {}): DumpObject {
  return {
    id: 1,
    schema: "HR",
    objectType,
    type: TYPES[objectType],
    kind: objectType === "TABLE" ? "table" : "view",
    name,
    tableName: name,
    owner: null,
    sql: Buffer.from(`CREATE ${objectType} "${name}"`),
    shape: objectType === "TABLE" ? shapeOf(name) : null,
    ...change,
  };
}
