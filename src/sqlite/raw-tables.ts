import { pumpError } from "../base/errors.ts";
import type { Connection } from "./database.ts";
import type { PublishTable } from "./publish-plan.ts";
import { listTables, readTableShape, sameShape } from "./schema.ts";

/** Whether the staging table itself becomes the table. */
export function isRawCreate(table: PublishTable): boolean {
  return table.raw && table.action === "create";
}

/** @throws ORA-39097 when SQLite makes something else of a definition than what was loaded */
export function assertShapes(connection: Connection, tables: readonly PublishTable[]): void {
  const listed = listTables(connection);
  for (const { definition, shape } of tables) {
    if (!sameShape(readTableShape(connection, definition.name, listed), shape)) {
      throw pumpError([["ORA-39097", `: table ${definition.name} is stored otherwise than its definition says`]]);
    }
  }
}
