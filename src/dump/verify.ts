import { createHash } from "node:crypto";
import { pumpError } from "../base/errors.ts";
import type { Segment } from "../format/segment-index.ts";
import type { StorageReader } from "../storage/storage.ts";
import { BAD_DUMP_FILE } from "./faults.ts";
import type { DumpFile } from "./file-ends.ts";
import { pieceLabel } from "./piece.ts";
import type { OpenFile } from "./piece-reader.ts";
import type { DumpFileSet } from "./reader.ts";

const CHUNK_LENGTH = 4 << 20;

/**
 * Checks the digest of every segment of every file, without decompressing; header, index and trailer were checked when
 * the set was opened, so that all bytes of the set are now known to be those that were written.
 * @throws ORA-39412 for the first file that differs.
 */
export async function verifyFiles(set: DumpFileSet, openFile: OpenFile): Promise<void> {
  for (const file of set.files) await verifyFile(file, openFile);
}

/** @throws ORA-39412 */
export async function verifyFile(file: DumpFile, openFile: OpenFile): Promise<void> {
  const reader = await openFile(file.path);
  for (const segment of file.segments) await verifySegment(reader, segment);
}

/** Checks the digest of the bytes of one segment as they are in the file. @throws ORA-39412 */
export async function verifySegment(reader: StorageReader, segment: Segment): Promise<void> {
  const hash = createHash("sha256");
  const end = segment.offset + segment.length;
  for (let offset = segment.offset; offset < end; offset += CHUNK_LENGTH) {
    hash.update(await reader.read(offset, Math.min(CHUNK_LENGTH, end - offset)));
  }
  if (hash.digest().equals(segment.digest)) return;
  const detail = `${pieceLabel(segment)}: the digest of its frames is wrong`;
  throw pumpError([...BAD_DUMP_FILE, ["ORA-39412", reader.path], ["TSDP-00010", detail]]);
}
