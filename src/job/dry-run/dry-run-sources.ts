import { existsSync } from "node:fs";
import { walPath, type Connection } from "../../sqlite/database.ts";
import { beginSnapshot, openSource, recoverSource } from "../../sqlite/source.ts";
import type { SchemaFile } from "../../worker/messages.ts";

/** The schema files, each in a read transaction. */
export class OpenSources {
  readonly #withoutWal: readonly SchemaFile[];
  readonly #connections = new Map<string, Connection>();

  constructor(sources: readonly SchemaFile[]) {
    this.#withoutWal = sources.filter(({ path }) => !existsSync(walPath(path)));
    for (const { schema, path } of sources) {
      const connection = openSource(schema, path);
      this.#connections.set(schema, connection);
      beginSnapshot(connection);
    }
  }

  connection(schema: string): Connection {
    const connection = this.#connections.get(schema);
    if (connection === undefined) throw new Error(`schema ${schema} is not open`);
    return connection;
  }

  /** A reader of a WAL database leaves files behind that only a connection that may write removes. */
  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    for (const { schema, path } of this.#withoutWal) if (existsSync(walPath(path))) recoverSource(schema, path);
  }
}
