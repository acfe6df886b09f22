import { pumpError, type ErrorLine } from "../base/errors.ts";
import { qualifiedName, quoteIdentifier } from "../base/identifiers.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import { openDatabase, type Connection } from "../sqlite/database.ts";
import { tableOrder } from "../sqlite/key-range.ts";
import { checkedStatement, ReadStatement } from "../sqlite/read-statement.ts";
import { listTables, readTableShape } from "../sqlite/schema.ts";
import { findTable } from "./find-table.ts";
import type { PieceOfRows } from "./master.ts";
import { assertHasRows, type OpenDump } from "./open-dump.ts";
import { PrivateFolder } from "./private-folder.ts";
import { openQuery, inBatches, type Row, type RowSource } from "./query.ts";
import { piecesOf } from "./scratch-database.ts";
import { buildScratch, type ScratchSchema } from "./scratch-schema.ts";

/** Which rows of a table are wanted. */
export interface RowChoice {
  /** A condition as in WHERE; it can read no table. */
  readonly where?: string | undefined;
  readonly limit?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The rows of one table in their order, one piece of it on disk at a time; a view or a virtual table as a query.
 * @throws ORA-39166 for an unknown table, ORA-39001 with SQLite's words for a condition, ORA-31693 for a piece that is damaged
 */
export async function openTable(dump: OpenDump, name: string, choice: RowChoice = {}): Promise<RowSource> {
  assertHasRows(dump);
  const object = findTable(dump, name);
  if (object.shape === null) return openQuery(dump, queryOf(dump, object, choice), choice.signal);
  const pieces = piecesOf(dump, [object]).get(object.id) ?? [];
  const table = new TablePieces(dump, object, choice);
  return {
    columns: await table.columns(),
    batches: () => table.batches(pieces),
    warnings: table.warnings,
    isLoading: true,
    close: () => dump.close(),
  };
}

function queryOf({ master }: OpenDump, { schema, name }: DumpObject, choice: RowChoice): string {
  const table = quoteIdentifier(name);
  return selectFrom(master.schemas.length === 1 ? table : `${quoteIdentifier(schema)}.${table}`, choice);
}

function selectFrom(source: string, { where, limit }: RowChoice, order = ""): string {
  const condition = where === undefined ? "" : ` WHERE (${where}\n)`;
  return checkedStatement(`SELECT * FROM ${source}${condition}${order}${limit === undefined ? "" : ` LIMIT ${limit}`}`);
}

interface OpenPieces extends ScratchSchema {
  readonly connection: Connection;
  readonly close: () => void;
}

class TablePieces {
  readonly warnings: (readonly ErrorLine[])[] = [];
  readonly #dump: OpenDump;
  readonly #object: DumpObject;
  readonly #choice: RowChoice;

  constructor(dump: OpenDump, object: DumpObject, choice: RowChoice) {
    this.#dump = dump;
    this.#object = object;
    this.#choice = choice;
  }

  /** Of the empty table: what is wrong with the definition or the condition is known before a row is read. */
  async columns(): Promise<readonly string[]> {
    const { connection, problems, close } = await this.#open([]);
    try {
      const [problem] = problems.values();
      if (problem !== undefined) throw pumpError([["ORA-31693", this.#name], ...problem]);
      const statement = new ReadStatement(connection, this.#select(connection, this.#choice));
      if (statement.tables().length > 1)
        throw pumpError(
          [["ORA-39001"], ["TSDP-00010", "the condition reads a table"]],
          "Rows are looked at piece by piece here; use `tsdp sql` for such a condition.",
        );
      return statement.columns;
    } finally {
      close();
    }
  }

  async *batches(pieces: readonly PieceOfRows[]): AsyncGenerator<readonly Row[], void> {
    let left = this.#choice.limit;
    for (const piece of pieces) {
      if (left === 0n) return;
      for await (const batch of this.#batchesOf(piece, left)) {
        if (left !== undefined) left -= BigInt(batch.length);
        yield batch;
      }
    }
  }

  async *#batchesOf(piece: PieceOfRows, limit: bigint | undefined): AsyncGenerator<readonly Row[], void> {
    const { connection, warnings, close } = await this.#open([piece]);
    this.warnings.push(...warnings);
    try {
      const statement = new ReadStatement(connection, this.#select(connection, { ...this.#choice, limit }));
      yield* inBatches(statement.rows(), this.#choice.signal);
    } finally {
      close();
    }
  }

  /** The table with the rows of some pieces, in a file that is gone when it is open. */
  async #open(pieces: readonly PieceOfRows[]): Promise<OpenPieces> {
    const object = this.#object;
    const schema = this.#dump.master.schemas.find(({ name }) => name === object.schema);
    if (schema === undefined) throw pumpError([["ORA-39001"], ["ORA-39165", object.schema]]);
    const folder = new PrivateFolder();
    try {
      const request = { dump: this.#dump, schema, objects: [object], folder, signal: this.#choice.signal };
      const scratch = await buildScratch({ ...request, pieces: new Map([[object.id, pieces]]) });
      const connection = openDatabase(scratch.path, { readonly: true, mustExist: true });
      connection.pragma("trusted_schema = off");
      folder.hide();
      const close = () => {
        connection.close();
        folder.remove();
      };
      return { ...scratch, connection, close };
    } catch (error) {
      folder.remove();
      throw error;
    }
  }

  /** The table itself in its own order; no index of it is whole without all pieces. */
  #select(connection: Connection, choice: RowChoice): string {
    const { name } = this.#object;
    const order = tableOrder(readTableShape(connection, name, listTables(connection)));
    return selectFrom(`main.${quoteIdentifier(name)} NOT INDEXED`, choice, order === null ? "" : ` ORDER BY ${order}`);
  }

  get #name(): string {
    return qualifiedName(this.#object.schema, this.#object.name);
  }
}
