import { toPumpError, type ErrorLine } from "../base/errors.ts";
import { ReusedBuffer } from "../base/reused-buffer.ts";
import { type OpenFiles } from "../dump/open-files.ts";
import type { PieceLocation, PieceSegment } from "../dump/piece.ts";
import { readPiece } from "../dump/piece-reader.ts";
import { sumSegment, type ChecksumAlgorithm, type SegmentSums } from "../dump/verify.ts";
import { checkPair } from "../sqlite/join-images.ts";
import { BadImage, checkPieceImage, secondImagePath, writePieceImage } from "../sqlite/piece-image.ts";
import { pieceLayout, type PieceLayout } from "../sqlite/piece-table.ts";
import type { TableShape } from "../sqlite/schema.ts";
import type { StorageReader } from "../storage/storage.ts";
import { PrivateFolder } from "./private-folder.ts";
import { badDescription, type ExpectedDescription } from "./description.ts";

/** A piece image that is to be checked, and what is known of it. It may be posted between threads. */
export interface PieceTask {
  readonly location: PieceLocation;
  /** CHECKSUM_ALGORITHM of the file of each segment. */
  readonly algorithms: readonly ChecksumAlgorithm[];
  readonly content: PieceContent;
}

/** What the raw bytes of a piece have to be. */
export type PieceContent =
  | {
      readonly is: "rows";
      readonly layout: PieceLayout;
      /** Of a second image: the first one, and the table, whose rows both have to have. */
      readonly pair: { readonly first: PieceLocation; readonly shape: TableShape } | null;
    }
  | { readonly is: "description"; readonly expected: ExpectedDescription }
  /** Checked elsewhere, or nothing is known that it could be held against. */
  | { readonly is: "anything" };

/** What a thread has found of a piece. */
export interface PieceFinding {
  /** Of each segment; null for one that can't be read. */
  readonly sums: readonly (SegmentSums | null)[];
  /** What is wrong with the piece; null: nothing. */
  readonly fault: string | null;
}

/** Room for the raw bytes of one piece of the thread. */
const room = new ReusedBuffer();

/** Checks the bytes of a piece and what they hold; each byte is read once. `loadCodec()` has to be awaited before, and one call ended before the next. */
export async function checkPiece({ location, algorithms, content }: PieceTask, files: OpenFiles): Promise<PieceFinding> {
  const readers = new Map<string, SegmentReader>();
  const sums: (SegmentSums | null)[] = [];
  let fault: string | null = null;
  for (const [i, segment] of location.segments.entries()) {
    try {
      sums.push(await readSegment(segment, algorithms[i] ?? "SHA256", files, readers));
    } catch (error) {
      sums.push(null);
      fault ??= faultText(error);
    }
  }
  return { sums, fault: fault ?? (await contentFault(location, content, { readers, files })) ?? digestFault(location, sums) };
}

async function readSegment(
  segment: PieceSegment,
  algorithm: ChecksumAlgorithm,
  files: OpenFiles,
  readers: Map<string, SegmentReader>,
): Promise<SegmentSums> {
  const file = await files.open(segment.path);
  const reader = readers.get(segment.path) ?? new SegmentReader(file);
  readers.set(segment.path, reader);
  reader.hold(segment.offset, await file.read(segment.offset, segment.length));
  return sumSegment(reader, segment, algorithm);
}

/** The sums come first: the bytes of a piece are decoded in place. */
async function contentFault(
  location: PieceLocation,
  content: PieceContent,
  { readers, files }: { readonly readers: ReadonlyMap<string, SegmentReader>; readonly files: OpenFiles },
): Promise<string | null> {
  try {
    const raw = await readPiece(location, async (path) => Promise.resolve(readers.get(path) ?? missing(path)), room.take);
    if (content.is === "rows") {
      checkPieceImage(raw, content.layout, location.rows);
      if (content.pair !== null) await checkSecond(content.pair, raw, files);
    }
    return content.is === "description" ? badDescription(raw, content.expected) : null;
  } catch (error) {
    return faultText(error);
  }
}

/** What is wrong with the first image alone is its own finding. */
async function checkSecond(
  { first, shape }: { first: PieceLocation; shape: TableShape },
  raw: Buffer,
  files: OpenFiles,
): Promise<void> {
  const folder = new PrivateFolder();
  try {
    const path = folder.newFile();
    writePieceImage(path, await readPiece(first, files.open), pieceLayout(shape));
    writePieceImage(secondImagePath(path), raw, pieceLayout(shape, 1));
    checkPair(path, shape, first.rows);
  } finally {
    folder.remove();
  }
}

/** The first segment whose bytes are not those that the index has a digest of. */
export function wrongSegment({ segments }: PieceLocation, sums: PieceFinding["sums"]): PieceSegment | undefined {
  return segments.find(({ digest }, i) => Buffer.from(sums[i]?.digest ?? []).toString("hex") !== digest);
}

function digestFault(location: PieceLocation, sums: PieceFinding["sums"]): string | null {
  return wrongSegment(location, sums) === undefined ? null : "the digest of its frames is wrong";
}

/** The innermost line: those around it only say which file it is in. */
function faultText(error: unknown): string {
  if (error instanceof BadImage) return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
  const lines: readonly ErrorLine[] = toPumpError(error).lines;
  return lines.at(-1)?.text ?? "it can't be read";
}

function missing(path: string): never {
  throw new Error(`no segment of "${path}" was read`);
}

/** Parts of a file that have been read, by their place in it. */
class SegmentReader implements StorageReader {
  readonly path: string;
  readonly size: number;
  readonly #parts: { readonly offset: number; readonly bytes: Buffer }[] = [];

  constructor({ path, size }: StorageReader) {
    this.path = path;
    this.size = size;
  }

  hold(offset: number, bytes: Buffer): void {
    this.#parts.push({ offset, bytes });
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const part = this.#parts.find((held) => offset >= held.offset && offset + length <= held.offset + held.bytes.length);
    const start = offset - (part?.offset ?? 0);
    return Promise.resolve(part?.bytes.subarray(start, start + length) ?? missing(this.path));
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}
