import { listDump as listOpenDump, type DumpListing, type ListFilter } from "../inspect/listing.ts";
import { openDump, type OpenDump } from "../inspect/open-dump.ts";
import { openQuery, type Row, type RowSource } from "../inspect/query.ts";
import { openTable, type RowChoice } from "../inspect/table-rows.ts";
import type { ErrorLine } from "../base/errors.ts";
import { dumpAccess, type DumpOptions } from "./dump-access.ts";
import { rejecting } from "./session.ts";

export type { DumpOptions } from "./dump-access.ts";
export type { DumpListing, ListedObject, ListFilter, ObjectState } from "../inspect/listing.ts";
export { UndecodableText, type CellValue, type Row } from "../inspect/query.ts";
export type { RowChoice } from "../inspect/table-rows.ts";

/**
 * What a dump holds, without reading table data.
 * @param files paths, templates or URLs of its dump files; one is enough when the others are beside it
 * @throws what an import of the files would say
 */
export async function listDump(files: readonly string[], options: DumpOptions & ListFilter = {}): Promise<DumpListing> {
  return rejecting(async () => {
    const dump = await openDump(files, await dumpAccess(files, options));
    try {
      return listOpenDump(dump, options);
    } finally {
      await dump.close();
    }
  });
}

/**
 * The rows of one SELECT over the tables of a dump. Tables are named as in the source, with their schema when the dump holds several;
 * only the pieces of the tables that the statement reads are read.
 * @throws ORA-39001 with SQLite's words for the statement; what an import of the files would say
 */
export async function queryDump(
  files: readonly string[],
  sql: string,
  options: DumpOptions & { readonly signal?: AbortSignal } = {},
): Promise<DumpRows> {
  return openRows(files, options, (dump) => openQuery(dump, sql, options.signal));
}

/** The rows of one table, `SCHEMA.TABLE`, in their order; piece by piece, whatever its size is. @throws ORA-39166 for an unknown table */
export async function readDumpTable(
  files: readonly string[],
  table: string,
  options: DumpOptions & RowChoice = {},
): Promise<DumpRows> {
  return openRows(files, options, (dump) => openTable(dump, table, options));
}

/** Rows that come one by one. To read them to the end, or to break off, closes the dump; else `close` does. */
export class DumpRows implements AsyncIterable<Row> {
  readonly columns: readonly string[];
  /** Whether pieces are decoded, in a folder that nobody else can read, while rows come. */
  readonly isLoading: boolean;
  readonly #source: RowSource;

  /** Use `queryDump` or `readDumpTable`. */
  constructor(source: RowSource) {
    this.#source = source;
    this.columns = source.columns;
    this.isLoading = source.isLoading;
  }

  /** What of the rows can't be shown; complete after the last row. */
  get warnings(): readonly (readonly ErrorLine[])[] {
    return this.#source.warnings;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void> {
    for await (const batch of this.batches()) for (const row of batch) yield row;
  }

  /** The same rows, some at a time, which costs less. */
  async *batches(): AsyncGenerator<readonly Row[], void> {
    try {
      yield* this.#source.batches();
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}

async function openRows(
  files: readonly string[],
  options: DumpOptions,
  open: (dump: OpenDump) => Promise<RowSource>,
): Promise<DumpRows> {
  return rejecting(async () => {
    const dump = await openDump(files, await dumpAccess(files, options));
    try {
      return new DumpRows(await open(dump));
    } catch (error) {
      await dump.close();
      throw error;
    }
  });
}
