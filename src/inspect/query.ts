import { setImmediate } from "node:timers/promises";
import { PumpError, pumpError, type ErrorLine } from "../base/errors.ts";
import { qualifiedName } from "../base/identifiers.ts";
import { nearestName } from "../base/nearest-name.ts";
import { UndecodableText, type CellValue } from "../sqlite/cell-value.ts";
import { checkedStatement, ReadStatement } from "../sqlite/read-statement.ts";
import { namedObjects } from "./mentions.ts";
import { assertHasRows, type OpenDump } from "./open-dump.ts";
import { PrivateFolder } from "./private-folder.ts";
import { ScratchDatabase, schemasToAttach, type ScratchPlace } from "./scratch-database.ts";

export { UndecodableText, type CellValue } from "../sqlite/cell-value.ts";

/** Bounds of a batch: its rows, and about how many characters and bytes of text and blobs. */
const BATCH_ROWS = 256;
const BATCH_LENGTH = 1 << 18;

/** The values of the columns. */
export type Row = readonly CellValue[];

/** Rows that come in small batches. */
export interface RowSource {
  readonly columns: readonly string[];
  batches(): AsyncGenerator<readonly Row[], void>;
  /** Rows that a dump has and that can't be shown; whole when the last row has come. */
  readonly warnings: readonly (readonly ErrorLine[])[];
  /** Whether pieces are still decoded on disk while rows come, so that the process is not to be ended at once. */
  readonly isLoading: boolean;
  close(): Promise<void>;
}

/**
 * Runs one SELECT over the tables of a dump. Only the pieces of the tables that it reads are read.
 * @throws ORA-39001 with SQLite's words, or for another statement; ORA-31693 for a piece that is damaged
 */
export async function openQuery(dump: OpenDump, sql: string, signal?: AbortSignal): Promise<RowSource> {
  assertHasRows(dump);
  const statement = checkedStatement(sql);
  const place = { folder: new PrivateFolder(), signal };
  try {
    const { scratch, read } = await prepare(dump, statement, place);
    place.folder.hide();
    return {
      columns: read.columns,
      batches: () => inBatches(read.rows(), signal),
      warnings: scratch.warnings,
      isLoading: false,
      close: async () => {
        scratch.close();
        place.folder.remove();
        await dump.close();
      },
    };
  } catch (error) {
    place.folder.remove();
    throw error;
  }
}

/**
 * Empty tables tell which ones the statement reads. A virtual table can't be asked without its rows, and does not tell: then the rows of
 * everything that the statement names are loaded.
 */
async function prepare(
  dump: OpenDump,
  statement: string,
  place: ScratchPlace,
): Promise<{ readonly scratch: ScratchDatabase; readonly read: ReadStatement }> {
  const named = schemasToAttach(namedObjects(dump.master, statement), statement);
  const usesModules = named.some((one) => one.usesModules);
  const first = await ScratchDatabase.build(dump, named, ({ shape }) => usesModules && shape !== null, place);
  const read = readStatement(dump, first, statement);
  const tables = usesModules ? [] : read.tables();
  if (tables.length === 0) return { scratch: first, read };
  first.close();
  const scratch = await ScratchDatabase.build(dump, named, (object) => first.isRead(tables, object), place);
  return { scratch, read: readStatement(dump, scratch, statement) };
}

/** The database is closed when the statement is not right. */
function readStatement(dump: OpenDump, scratch: ScratchDatabase, statement: string): ReadStatement {
  try {
    return new ReadStatement(scratch.connection, statement);
  } catch (error) {
    scratch.close();
    throw explained(error, dump, scratch);
  }
}

const NO_TABLE = /^no such table: (?:(?<schema>.*)\.)?(?<name>.*)$/s;

/** What the dump knows of a table that is not there: why its definition was refused, or a name that is nearly the same. */
function explained(error: unknown, dump: OpenDump, scratch: ScratchDatabase): unknown {
  if (!(error instanceof PumpError)) return error;
  const typed = error.lines.map(({ text }) => NO_TABLE.exec(text)?.groups?.["name"]).find((name) => name !== undefined);
  if (typed === undefined) return error;
  return pumpError([...error.lines, ...scratch.problemOf(typed)], nearestHint(dump, typed), error);
}

/** A sentence that names the table or view whose name is nearest. */
export function nearestHint({ master }: OpenDump, typed: string): string {
  const candidates = master.objects.filter(({ objectType }) => objectType === "TABLE" || objectType === "VIEW");
  const nearest = nearestName(
    typed.toUpperCase(),
    candidates.map(({ name }) => name.toUpperCase()),
  );
  const object = candidates.find(({ name }) => name.toUpperCase() === nearest);
  const all = "`tsdp ls` shows what the dump holds.";
  return object === undefined ? all : `Did you mean ${qualifiedName(object.schema, object.name)}? ${all}`;
}

/** Between batches signals and closed pipes are noticed. */
export async function* inBatches(rows: Iterable<Row>, signal: AbortSignal | undefined): AsyncGenerator<readonly Row[], void> {
  let batch: Row[] = [];
  let length = 0;
  for (const row of rows) {
    batch.push(row);
    for (const value of row) length += lengthOf(value);
    if (batch.length < BATCH_ROWS && length < BATCH_LENGTH) continue;
    yield batch;
    [batch, length] = [[], 0];
    await setImmediate();
    signal?.throwIfAborted();
  }
  if (batch.length > 0) yield batch;
}

function lengthOf(value: CellValue): number {
  if (value instanceof UndecodableText) return value.bytes.length;
  return typeof value === "string" || value instanceof Uint8Array ? value.length : 0;
}
