import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { entryPath } from "../base/entries.ts";

/** Bytes of the header that change with a commit in rollback mode: change counter and page count, schema cookie. */
const HEADER_PARTS = [
  [24, 8],
  [40, 4],
] as const;
const CHUNK = 1 << 20;

/**
 * What tells one committed state of a schema file from every other: the file, its times, its counters, and all of its WAL.
 * Equal stamps mean an unchanged file; an unchanged content may well have another stamp.
 * Only for a process without SQLite connections: to open the file by other means drops SQLite's locks.
 */
function stateStamp(path: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const descriptor = openSync(path, "r");
  try {
    const header = HEADER_PARTS.map(([offset, length]) => {
      const bytes = Buffer.alloc(length);
      readSync(descriptor, bytes, 0, length, offset);
      return bytes.toString("hex");
    });
    return [dev, ino, size, mtimeNs, ctimeNs, ...header, walDigest(`${path}-wal`)].join("/");
  } finally {
    closeSync(descriptor);
  }
}

/** An empty WAL is none: readers leave one behind. */
function walDigest(path: string): string {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return "";
  const hash = createHash("sha256");
  const descriptor = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(CHUNK);
    for (let read = readSync(descriptor, bytes); read > 0; read = readSync(descriptor, bytes))
      hash.update(bytes.subarray(0, read));
  } finally {
    closeSync(descriptor);
  }
  return hash.digest("hex");
}

/** The state stamps of some schema files, in their order, read by a process of its own. @throws what that process says */
export function readStateStamps(paths: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [ENTRY, STAMP_ARGUMENT, ...paths], { stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    const trouble: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => output.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => trouble.push(bytes));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(output).toString()) as string[]);
      else reject(new Error(`the state of the sources can't be read: ${Buffer.concat(trouble).toString()}`));
    });
  });
}

const STAMP_ARGUMENT = "--stamp";
const ENTRY = entryPath("sqlite/state-stamp");

if (process.argv[1] === ENTRY && process.argv[2] === STAMP_ARGUMENT) {
  process.stdout.write(JSON.stringify(process.argv.slice(3).map(stateStamp)));
}
