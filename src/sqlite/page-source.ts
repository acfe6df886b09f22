import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { walPath, type Connection } from "./database.ts";

/** Pages that `backup()` copies between two turns of the event loop. */
const COPY_STEP = 10_000;

/** The pages of a schema file as a read transaction sees them, for readers other than SQLite. */
export interface PageSource {
  /** May be read by every thread. */
  readonly descriptor: number;
  readonly pageSize: number;
  readonly pageCount: number;
  /** @throws when it is another file than the one that SQLite reads */
  assertRead(): void;
  /** @throws when the file was written meanwhile */
  assertUnchanged(): void;
  /** To be called when this process holds no connection to the schema file any more: closing a file drops SQLite's locks on it. */
  close(): void;
}

/**
 * Opens the pages that a connection sees, which has to be in a read transaction until the last of them is read.
 *
 * Without a WAL the file itself is read: a reader's lock keeps every writer from writing pages, and in WAL mode with nothing in the
 * WAL every checkpoint. Otherwise the newest pages are in the WAL, and the frozen state is copied to a private file first.
 */
export async function openPageSource(connection: Connection, path: string): Promise<PageSource> {
  const pragma = (name: string) => Number(connection.pragma(`main.${name}`, { simple: true }));
  const [pageSize, pageCount] = [pragma("page_size"), pragma("page_count")];
  const facts = { pageSize, pageCount, schemaVersion: pragma("schema_version") };
  return isInFile(path) ? new OpenPages(path, facts, null) : copiedPages(connection, facts);
}

/** Asked after the transaction has begun: nothing can take frames out of a WAL that it reads from. */
function isInFile(path: string): boolean {
  return (statSync(walPath(path), { throwIfNoEntry: false })?.size ?? 0) === 0;
}

async function copiedPages(connection: Connection, facts: PageFacts): Promise<PageSource> {
  const folder = mkdtempSync(join(tmpdir(), "tsdp-pages-"));
  try {
    const path = join(folder, "copy.db");
    await connection.backup(path, { progress: () => COPY_STEP });
    // A copy counts as one more change of the schema.
    return new OpenPages(path, { ...facts, schemaVersion: null }, folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface PageFacts {
  readonly pageSize: number;
  readonly pageCount: number;
  /** Null: not compared. */
  readonly schemaVersion: number | null;
}

class OpenPages implements PageSource {
  readonly descriptor: number;
  readonly pageSize: number;
  readonly pageCount: number;
  readonly #path: string;
  readonly #schemaVersion: number | null;
  readonly #state: string;
  readonly #folder: string | null;

  constructor(path: string, { pageSize, pageCount, schemaVersion }: PageFacts, folder: string | null) {
    this.pageSize = pageSize;
    this.pageCount = pageCount;
    this.#path = path;
    this.#schemaVersion = schemaVersion;
    this.#folder = folder;
    this.descriptor = openSync(path, "r");
    // Where a file may go while it is open, nothing is left of the copy when the process is killed.
    if (folder !== null && process.platform !== "win32") rmSync(folder, { recursive: true, force: true });
    this.#state = stateOf(this.descriptor);
  }

  assertRead(): void {
    const header = Buffer.alloc(100);
    readSync(this.descriptor, header, 0, header.length, 0);
    const isOther = this.#schemaVersion !== null && header.readUInt32BE(40) !== this.#schemaVersion;
    if (isOther || pageSizeOf(header) !== this.pageSize) throw new Error(`"${this.#path}" is not the file that SQLite reads`);
  }

  assertUnchanged(): void {
    if (stateOf(this.descriptor) !== this.#state) throw new Error("the schema file was written while its pages were read");
  }

  close(): void {
    closeSync(this.descriptor);
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }
}

function stateOf(descriptor: number): string {
  const { ino, size, mtimeNs } = fstatSync(descriptor, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

/** Bytes 16 and 17 of a database file; 1 stands for 65536. */
export function pageSizeOf(header: Buffer): number {
  const stated = header.readUInt16BE(16);
  return stated === 1 ? 65_536 : stated;
}
