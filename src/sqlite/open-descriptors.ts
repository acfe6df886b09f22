import { fstatSync, readdirSync, readSync } from "node:fs";

const MAGIC = Buffer.from("SQLite format 3\0", "latin1");
/** Where the system tells which descriptors this process has. */
const DESCRIPTORS = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";

/**
 * Whether this process has a database file open, by SQLite of whatever library. It is told by its first bytes, which are read through
 * the descriptor that is there: to open the file for that would drop the locks on it when it is closed.
 * @param identity of the file: device and inode
 */
export function isDatabaseOpen(identity: { readonly dev: bigint; readonly ino: bigint }): boolean {
  return descriptors().some((descriptor) => {
    try {
      const { dev, ino } = fstatSync(descriptor, { bigint: true });
      return ino === identity.ino && dev === identity.dev && isDatabase(descriptor);
    } catch {
      return false; // closed meanwhile, or open for writing only, which no database is
    }
  });
}

function isDatabase(descriptor: number): boolean {
  const start = Buffer.alloc(MAGIC.length);
  return readSync(descriptor, start, 0, start.length, 0) === start.length && start.equals(MAGIC);
}

/** None on systems that do not tell. */
function descriptors(): readonly number[] {
  try {
    return readdirSync(DESCRIPTORS).map(Number);
  } catch {
    return [];
  }
}
