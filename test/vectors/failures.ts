import { layoutOf, type Layout } from "./reseal.ts";
import type { Failure } from "./requests.ts";
import type { VectorFile } from "./vector.ts";

const BAD_FILE = ["ORA-39001", "ORA-39000"];
export const ROWS = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'one'), (2, 'two');";
export const PASSWORD = { password: "correct horse" };

export function damaged(reason: string, read: Failure["read"] = "open"): Failure {
  return { expect: "damaged", read, codes: [...BAD_FILE, "ORA-31619", "TSDP-00010"], reason };
}

export const DAMAGED_HEADER: Failure = { expect: "damaged", read: "open", codes: [...BAD_FILE, "ORA-39411"], reason: null };

export function unsupported(reason: string, read: Failure["read"] = "open"): Failure {
  return { expect: "unsupported", read, codes: [...BAD_FILE, "TSDP-00001"], reason };
}

export function badSet(expect: string, codes: readonly string[], reason: string | null = null): Failure {
  return { expect, read: "open", codes: [...BAD_FILE, ...codes], reason };
}

export function noKey(code: string): Failure {
  return { expect: "no key", read: "open", codes: ["ORA-39002", code], reason: null };
}

export function notAuthentic(reason: string, read: Failure["read"] = "open"): Failure {
  return { ...damaged(reason, read), expect: "not authentic" };
}

export function badMaster(reason: string): Failure {
  return {
    expect: "bad contents",
    read: "rows",
    codes: [...BAD_FILE, "ORA-31619", "ORA-31694", "TSDP-00010"],
    reason,
  };
}

export function badImage(reason: string): Failure {
  return { expect: "bad contents", read: "import", codes: ["ORA-31619", "ORA-02354"], reason };
}

/** Changes bytes of one file, and no sum. */
export function damage(change: (bytes: Buffer, layout: Layout) => Buffer | undefined, file = 0) {
  return (files: readonly VectorFile[]): readonly VectorFile[] =>
    files.map(({ name, bytes }, i) => {
      if (i !== file) return { name, bytes };
      const copy = Buffer.from(bytes);
      return { name, bytes: change(copy, layoutOf(bytes)) ?? copy };
    });
}

export function flip(bytes: Buffer, at: number): undefined {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
}

export function frameAt({ segments }: Layout, segment = 0, frame = 0): { offset: number; payloadLength: number } {
  const placed = segments[segment]?.placed[frame];
  if (placed === undefined) throw new RangeError(`no frame ${frame} of segment ${segment}`);
  return placed;
}

/** Where an entry of the index is. */
export function entryAt({ indexOffset }: Layout, segment = 0): number {
  return indexOffset + 8 + segment * 96;
}
