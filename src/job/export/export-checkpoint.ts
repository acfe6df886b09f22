import { failpoint } from "../../base/failpoint.ts";
import type { FileCheckpoint } from "../../dump/file-writer.ts";
import type { DumpFileSetWriter, SavedFile } from "../../dump/writer.ts";
import { PIECE_TARGET } from "../../sqlite/stage.ts";
import type { ControlTable } from "../control-table.ts";
import type { TablePiece, TableUnload, UnloadItem } from "./unload-queue.ts";

/** The first checkpoint of a run is due after so many bytes of pieces, the next after so much time. */
const FIRST_BYTES = 4 * PIECE_TARGET;
const CHECKPOINT_MS = 1000;

/** One item that has been unloaded: what it has become. */
export interface UnloadRecord {
  readonly item: number;
  readonly object: number;
  readonly left: readonly Pick<UnloadItem, "id" | "range" | "cut">[];
  readonly pieces: readonly TablePiece[];
}

/** What earlier runs of an export have made durable. */
export interface SavedExport {
  /** State stamps of the sources; null when they had changed already. */
  readonly stamp: string | null;
  readonly files: readonly SavedFile[];
  /** The files are whole, and may have their names. */
  readonly isEnded: boolean;
  readonly records: readonly UnloadRecord[];
}

/**
 * How far an export has come, in its control table. Bytes first, then the record of them: what is recorded is durable.
 * Records are kept in the order in which the items were finished, so that an item never comes before the one that it was part of.
 */
export class ExportCheckpoint {
  readonly #table: ControlTable;
  #pending: PendingRecord[] = [];
  #bytes = 0;
  /** On the clock of `performance`; null: when there are bytes enough. */
  #dueTime: number | null = null;
  #isSaving = false;
  #isOff = false;
  #stamp: string | null = null;
  readonly #readStamp: () => Promise<string | null>;
  #reading: Promise<string | null> | null = null;

  /** @param readStamp is asked once: null when the sources are no longer what is read; who only loads has none to ask */
  constructor(table: ControlTable, readStamp: () => Promise<string | null> = () => Promise.resolve(null)) {
    this.#table = table;
    this.#readStamp = readStamp;
  }

  /** Says how many bytes will come: when they are enough for a checkpoint, the stamp is read while the first of them are. */
  expect(bytes: number): void {
    if (bytes < FIRST_BYTES || this.#isOff || this.hasSaved) return;
    this.#reading ??= this.#readStamp();
    // Awaited with the first checkpoint; a failure must not surface before that as an unhandled one.
    this.#reading.catch(() => undefined);
  }

  /** Whether there is something to go on with. */
  get hasSaved(): boolean {
    return this.#table.connection.prepare("SELECT 1 FROM export_state").get() !== undefined;
  }

  get isDue(): boolean {
    if (this.#isSaving || this.#isOff || this.#pending.length === 0) return false;
    return this.#dueTime === null ? this.#bytes >= FIRST_BYTES : performance.now() >= this.#dueTime;
  }

  /** Adds an item that was unloaded; `written` settles when its pieces have been handed to the disk. */
  add(record: UnloadRecord, written: Promise<unknown>): void {
    if (this.#isOff) return;
    this.#pending.push({ record, written });
    this.#bytes += record.pieces.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Records no more, and forgets what there is: a restart begins anew. */
  giveUp(): void {
    this.#isOff = true;
    this.#pending = [];
    this.clear();
  }

  /**
   * Makes all that was added durable and records it; or nothing, when a file can't be made durable at its length: then it stays
   * for the next call.
   * @throws ORA-31617
   */
  async save(writer: DumpFileSetWriter): Promise<void> {
    if (this.#isOff) return;
    this.#isSaving = true;
    let wait = CHECKPOINT_MS;
    try {
      if (!(await this.#knowsSources())) return;
      // At one moment: what is in the files at the checkpoint is what the records say.
      const [pending, files] = await Promise.all([this.#takeWritten(), writer.checkpoint()]);
      if (this.#isGivenUp()) return;
      if (files === null) {
        this.#pending.unshift(...pending);
        // Too short to be made durable, but maybe not a piece later.
        wait = 0;
        return;
      }
      failpoint("export synced");
      this.#record(
        files,
        pending.map(({ record }) => record),
        false,
      );
      failpoint("export checkpoint");
    } finally {
      this.#isSaving = false;
      this.#dueTime = performance.now() + wait;
    }
  }

  /** Asked after a wait, in which another worker may have given up. */
  #isGivenUp(): boolean {
    return this.#isOff;
  }

  /** Whether the state of the sources is on record, or can be put there. */
  async #knowsSources(): Promise<boolean> {
    if (this.hasSaved) return true;
    this.#reading ??= this.#readStamp();
    this.#stamp ??= await this.#reading;
    if (this.#stamp === null) this.giveUp();
    return this.#stamp !== null;
  }

  /** Pieces are written in the order of their records: after one that has failed none is there. */
  async #takeWritten(): Promise<readonly PendingRecord[]> {
    const pending = this.#pending;
    this.#pending = [];
    const results = await Promise.allSettled(pending.map(({ written }) => written));
    const failed = results.findIndex(({ status }) => status === "rejected");
    return failed < 0 ? pending : pending.slice(0, failed);
  }

  /** The files are whole: from now on a restart only gives them their names. */
  end(files: readonly FileCheckpoint[]): void {
    this.#record(
      files,
      this.#pending.map(({ record }) => record),
      true,
    );
  }

  load(): SavedExport | null {
    const state = this.#table.connection
      .prepare("SELECT source_stamp AS stamp, files, is_ended AS isEnded FROM export_state")
      .get() as { stamp: string | null; files: string; isEnded: number } | undefined;
    if (state === undefined) return null;
    const files = (JSON.parse(state.files) as StoredFile[]).map((file): SavedFile => ({
      ...file,
      header: Buffer.from(file.header, "base64"),
      segments: this.#segments(file.number),
    }));
    const records = this.#table.connection.prepare("SELECT content FROM unload ORDER BY seq").pluck().all() as string[];
    return {
      stamp: state.stamp,
      files,
      isEnded: state.isEnded === 1,
      records: records.map((text) => parse(text) as UnloadRecord),
    };
  }

  clear(): void {
    this.#table.atomically(() => {
      this.#table.connection.exec("DELETE FROM export_state; DELETE FROM unload; DELETE FROM segment; DELETE FROM told");
    });
  }

  #segments(file: number): FileSegment[] {
    const rows = this.#table.connection
      .prepare("SELECT content FROM segment WHERE file = ? ORDER BY ordinal")
      .pluck()
      .all(BigInt(file)) as string[];
    return rows.map((text) => {
      const { digest, checksum, ...segment } = JSON.parse(text) as StoredSegment;
      const sums = {
        digest: Buffer.from(digest, "hex"),
        ...(checksum === undefined ? {} : { checksum: Buffer.from(checksum, "hex") }),
      };
      return { ...segment, ...sums };
    });
  }

  #record(files: readonly FileCheckpoint[], records: readonly UnloadRecord[], isEnded: boolean): void {
    const { connection } = this.#table;
    this.#table.durably(() => {
      const stored = files.map(({ number, path, specification, identity, header, length, isEnded }): StoredFile => ({
        number,
        path,
        specification,
        identity,
        header: header.toString("base64"),
        length,
        isEnded,
      }));
      connection
        .prepare(
          `INSERT INTO export_state VALUES (1, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET files = excluded.files, is_ended = excluded.is_ended`,
        )
        .run(this.#stamp, JSON.stringify(stored), BigInt(isEnded));
      const unload = connection.prepare("INSERT INTO unload (content) VALUES (?)");
      for (const record of records) unload.run(stringify(record));
      const segment = connection.prepare(
        "INSERT INTO segment SELECT ?, coalesce(max(ordinal), 0) + 1, ? FROM segment WHERE file = ?",
      );
      for (const { number, segments } of files) {
        for (const added of segments) segment.run(BigInt(number), JSON.stringify(storedSegment(added)), BigInt(number));
      }
    });
  }
}

interface PendingRecord {
  readonly record: UnloadRecord;
  /** Settles when its pieces are in the files. */
  readonly written: Promise<unknown>;
}

type FileSegment = FileCheckpoint["segments"][number];

type StoredSegment = Omit<FileSegment, "digest" | "checksum"> & { readonly digest: string; readonly checksum?: string };

function storedSegment({ digest, checksum, ...segment }: FileSegment): StoredSegment {
  return {
    ...segment,
    digest: digest.toString("hex"),
    ...(checksum === undefined ? {} : { checksum: checksum.toString("hex") }),
  };
}

type StoredFile = Omit<FileCheckpoint, "header" | "segments"> & { readonly header: string };

/** Takes the work up where the records end. @returns the items that are left */
export function replay(
  items: readonly UnloadItem[],
  tables: ReadonlyMap<number, TableUnload>,
  records: readonly UnloadRecord[],
): readonly UnloadItem[] {
  const left = new Map(items.map((item) => [item.id, item]));
  for (const { item, object, left: parts, pieces } of records) {
    const table = tables.get(object);
    if (table === undefined || !left.delete(item)) throw new Error(`item ${item} of an earlier run is not one of this job`);
    for (const piece of pieces) table.takePiece(piece);
    for (const part of parts) left.set(part.id, { ...part, table });
  }
  return [...left.values()];
}

/** JSON that keeps 64-bit integers and bytes. */
function stringify(record: UnloadRecord): string {
  return JSON.stringify(record, function (this: Readonly<Record<string, unknown>>, key) {
    // Not the second argument: a Buffer has become an object there.
    const value = this[key];
    if (typeof value === "bigint") return { $integer: String(value) };
    if (typeof value === "number" && !Number.isFinite(value)) return { $real: String(value) };
    if (Object.is(value, -0)) return { $real: "-0" };
    return value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString("base64") } : value;
  });
}

function parse(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if ("$integer" in value) return BigInt(String(value.$integer));
    if ("$real" in value) return Number(value.$real);
    return "$bytes" in value ? new Uint8Array(Buffer.from(String(value.$bytes), "base64")) : value;
  });
}
