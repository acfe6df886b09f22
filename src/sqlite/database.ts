import Sqlite from "better-sqlite3";
import { realpathSync, statSync, type BigIntStats } from "node:fs";
import { isDatabaseOpen } from "./open-descriptors.ts";

/** A connection. `sqlite` is the only folder that imports better-sqlite3; the others use this type. */
export type Connection = Sqlite.Database;

/** A statement that is ready to run. */
export type Statement = Sqlite.Statement;

export interface OpenOptions {
  readonly readonly?: boolean;
  /** The file has to exist already. */
  readonly mustExist?: boolean;
  /** Milliseconds to wait for a lock. */
  readonly timeout?: number;
}

/** Version of the SQLite library: `3.53.2`. */
export function sqliteVersion(): string {
  const connection = openMemory();
  try {
    return connection.prepare("SELECT sqlite_version()").pluck().get() as string;
  } finally {
    connection.close();
  }
}

/** How many connections of this process hold each file, keyed by device and inode: see `holdsFile`. */
const heldFiles = new Map<string, number>();

/** Opens a database file. */
export function openDatabase(path: string, options: OpenOptions = {}): Connection {
  const connection = new Sqlite(path, {
    readonly: options.readonly ?? false,
    fileMustExist: options.mustExist ?? false,
    timeout: options.timeout ?? 5000,
  });
  hold(connection, path);
  return connection;
}

/** Where SQLite has the WAL of a database file that exists: beside the file that a symbolic link leads to. */
export function walPath(path: string): string {
  return `${realpathSync(path)}-wal`;
}

/** Opens the bytes of a database file in memory. */
export function openImage(image: Buffer): Connection {
  return new Sqlite(image);
}

/** Opens an empty database in memory. */
export function openMemory(): Connection {
  return new Sqlite(":memory:");
}

/**
 * Whether a connection of this process holds the file at this path, also under another name (a hard or symbolic link), and also one of
 * another library that uses SQLite. Opening and closing such a file by other means drops SQLite's locks on it, so nothing may.
 */
export function holdsFile(path: string): boolean {
  const identity = identityOf(path);
  return identity !== undefined && (heldFiles.has(keyOf(identity)) || isDatabaseOpen(identity));
}

function hold(connection: Connection, path: string): void {
  const identity = identityOf(path);
  if (identity === undefined) return;
  const key = keyOf(identity);
  heldFiles.set(key, (heldFiles.get(key) ?? 0) + 1);
  const close = connection.close.bind(connection);
  connection.close = () => {
    if (connection.open) {
      const left = (heldFiles.get(key) ?? 1) - 1;
      if (left > 0) heldFiles.set(key, left);
      else heldFiles.delete(key);
    }
    return close();
  };
}

function identityOf(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
