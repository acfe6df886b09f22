import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { walPath } from "./database.ts";

/** Bytes of the header that change with a commit in rollback mode: change counter and page count, schema cookie. */
const HEADER_PARTS = [
  [24, 8],
  [40, 4],
] as const;
const CHUNK = 1 << 20;

/**
 * What tells one committed state of some schema files from every other: of each the file, its times, its counters, and all of its WAL.
 * Equal stamps mean unchanged files; an unchanged content may well have another stamp.
 */
export class StateStamps {
  readonly #paths: readonly string[];
  readonly #descriptors: number[] = [];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** The stamp of each file, in their order. The files that are open for it stay so. */
  async read(): Promise<readonly string[]> {
    for (const path of this.#paths.slice(this.#descriptors.length)) this.#descriptors.push(openSync(path, "r"));
    const stamps: string[] = [];
    for (const [i, path] of this.#paths.entries()) {
      const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
      const header = HEADER_PARTS.map(([offset, length]) => {
        const bytes = Buffer.alloc(length);
        readSync(this.#descriptors[i] ?? -1, bytes, 0, length, offset);
        return bytes.toString("hex");
      });
      stamps.push([dev, ino, size, mtimeNs, ctimeNs, ...header, await walDigest(walPath(path))].join("/"));
    }
    return stamps;
  }

  /** To be called when this process holds no connection to the files any more: closing a file drops SQLite's locks on it. */
  close(): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
  }
}

/** An empty WAL is none: readers leave one behind. SQLite has no locks on it. */
async function walDigest(path: string): Promise<string> {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return "";
  const hash = createHash("sha256");
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(CHUNK);
    for (let { bytesRead } = await file.read(bytes); bytesRead > 0; { bytesRead } = await file.read(bytes))
      hash.update(bytes.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}
