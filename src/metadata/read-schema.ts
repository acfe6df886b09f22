import type { Connection } from "../sqlite/database.ts";
import {
  readObjects,
  readSettings,
  listTables,
  readTableShape,
  shadowOwner,
  type SchemaObject,
  type ListedTable,
} from "../sqlite/schema.ts";
import { isStagedBySome } from "../sqlite/staging.ts";
import type { DumpObject, DumpSchema, ObjectType } from "./dump-object.ts";

/** All that a schema file defines. `unreadable` are names that no SQL can spell. */
export interface SchemaContents {
  readonly schema: DumpSchema;
  readonly objects: readonly Omit<DumpObject, "id">[];
  readonly unreadable: readonly string[];
}

/** Reads the definitions of a schema file from a connection that holds the snapshot. */
export function readSchema(connection: Connection, schema: string): SchemaContents {
  const tables = listTables(connection);
  const { objects, unreadable } = readObjects(connection);
  const names = new Set(objects.map(({ name }) => name));
  return {
    schema: { name: schema, settings: readSettings(connection) },
    objects: objects
      .filter((object) => object.sql !== null && !isStagedBySome(object.tableName, names))
      .map((object) => describe(connection, schema, object, tables)),
    unreadable,
  };
}

function describe(
  connection: Connection,
  schema: string,
  object: SchemaObject,
  tables: ReadonlyMap<string, ListedTable>,
): Omit<DumpObject, "id"> {
  const kind = object.type === "table" ? (tables.get(object.name)?.kind ?? "table") : "view";
  const hasRows = object.type === "table" && kind !== "virtual";
  return {
    ...object,
    schema,
    objectType: object.type.toUpperCase() as ObjectType,
    kind,
    owner: kind === "shadow" ? (shadowOwner(object.name, tables) ?? null) : null,
    shape: hasRows ? readTableShape(connection, object.name, tables) : null,
  };
}
