import type { Connection } from "../sqlite/database.ts";
import { readObjects, readSettings, readTableKinds, readTableShape, shadowOwner, type SchemaObject, type TableKind } from "../sqlite/schema.ts";
import type { DumpObject, DumpSchema, ObjectType } from "./dump-object.ts";

/** All that a schema file defines. `unreadable` are names that no SQL can spell. */
export interface SchemaContents {
  readonly schema: DumpSchema;
  readonly objects: readonly Omit<DumpObject, "id">[];
  readonly unreadable: readonly string[];
}

/** Reads the definitions of a schema file from a connection that holds the snapshot. */
export function readSchema(connection: Connection, schema: string): SchemaContents {
  const kinds = readTableKinds(connection);
  const { objects, unreadable } = readObjects(connection);
  return {
    schema: { name: schema, settings: readSettings(connection) },
    objects: objects.filter((object) => object.sql !== null).map((object) => describe(connection, schema, object, kinds)),
    unreadable,
  };
}

function describe(
  connection: Connection,
  schema: string,
  object: SchemaObject,
  kinds: ReadonlyMap<string, TableKind>,
): Omit<DumpObject, "id"> {
  const kind = object.type === "table" ? (kinds.get(object.name) ?? "table") : "view";
  const hasRows = object.type === "table" && kind !== "virtual";
  return {
    ...object,
    schema,
    objectType: object.type.toUpperCase() as ObjectType,
    kind,
    owner: kind === "shadow" ? (shadowOwner(object.name, kinds) ?? null) : null,
    shape: hasRows ? readTableShape(connection, object.name) : null,
  };
}
