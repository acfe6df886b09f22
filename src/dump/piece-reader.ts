import { createHash } from "node:crypto";
import type { PumpError } from "../base/errors.ts";
import { decompress } from "../format/compression.ts";
import { CIPHER } from "../format/encryption.ts";
import { CODEC, decodeFrameHeader, FRAME_HEADER_LENGTH, openFrame, type FrameFacts, type FrameHeader } from "../format/frame.ts";
import type { Allocate } from "../format/zstd.ts";
import type { StorageReader } from "../storage/storage.ts";
import { decoding, invalidDumpFile } from "./faults.ts";
import { pieceLabel, type PieceLocation, type PieceSegment } from "./piece.ts";

/** Gives an open reader of a file; whoever gives it may keep it for the next piece, and closes it. */
export type OpenFile = (path: string) => Promise<StorageReader>;

/**
 * Reads one piece image and checks it on the way: every frame is the expected one, every checksum is right, and the raw
 * image has the stated length. Nothing is decompressed before its checksums are known to be right.
 * `loadCodec()` has to be awaited before, once in each thread.
 * @param allocate gives the memory for the image, when it has to be decompressed; by default it is new
 * @throws ORA-31619 with what is wrong with which piece.
 */
export async function readPiece(location: PieceLocation, openFile: OpenFile, allocate?: Allocate): Promise<Buffer> {
  const stored = await readStored(location, openFile);
  switch (location.codec) {
    case CODEC.STORED:
      return stored;
    case CODEC.ZSTD:
      return decoding(location.segments[0]?.path ?? "", pieceLabel(location), () =>
        decompress(stored, location.rawLength, allocate),
      );
  }
}

/** The stored bytes of an image: the payloads of its frames, one after the other. */
async function readStored(location: PieceLocation, openFile: OpenFile): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const segment of location.segments) {
    const reader = await openFile(segment.path);
    parts.push(takePayloads(await reader.read(segment.offset, segment.length), location, segment));
  }
  const [only] = parts;
  const stored = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  if (stored.length !== location.storedLength) throw pieceFault(location, location.segments[0], "its stored length is wrong");
  return stored;
}

/**
 * Checks the frames of a segment and moves their stored bytes together, in place: a large row is in memory once. What is not encrypted
 * of an encrypted set is known by its digest, which its index authenticates.
 */
function takePayloads(bytes: Buffer, location: PieceLocation, segment: PieceSegment): Buffer {
  if (segment.key !== null && location.cipher === CIPHER.NONE && sha256(bytes) !== segment.digest)
    throw pieceFault(location, segment, "the digest of its frames is wrong");
  let offset = 0;
  let end = 0;
  for (let i = 0; i < segment.frames; i += 1) {
    const frame = segment.firstFrame + i;
    const header = readFrameHeader(bytes, offset, location, segment);
    const wrong = mismatch(header, location, segment, frame);
    if (wrong !== undefined) throw pieceFault(location, segment, `frame ${frame}: ${wrong}`);
    const start = offset + FRAME_HEADER_LENGTH;
    const next = start + header.payloadLength;
    if (next > bytes.length) throw pieceFault(location, segment, `frame ${frame} is longer than its segment`);
    const headerBytes = bytes.subarray(offset, start);
    const stored = decoding(segment.path, `${pieceLabel(location)}: frame ${frame}`, () =>
      openFrame(header, headerBytes, bytes.subarray(start, next), segment.key),
    );
    stored.copy(bytes, end);
    end += stored.length;
    offset = next;
  }
  if (offset !== bytes.length) throw pieceFault(location, segment, "its segment is longer than its frames");
  return bytes.subarray(0, end);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function readFrameHeader(bytes: Buffer, offset: number, location: PieceLocation, segment: PieceSegment): FrameHeader {
  if (offset + FRAME_HEADER_LENGTH > bytes.length) throw pieceFault(location, segment, "a frame is cut off");
  const headerBytes = bytes.subarray(offset, offset + FRAME_HEADER_LENGTH);
  return decoding(segment.path, pieceLabel(location), () => decodeFrameHeader(headerBytes));
}

/** What of a frame header differs from what index and trailer say. */
function mismatch(header: FrameHeader, location: PieceLocation, segment: PieceSegment, frame: number): string | undefined {
  const expected: Partial<FrameFacts> = {
    guid: location.guid,
    fileNumber: segment.fileNumber,
    type: location.type,
    codec: location.codec,
    cipher: location.cipher,
    object: location.object,
    piece: location.piece,
    image: location.image,
    rawLength: location.rawLength,
    storedLength: location.storedLength,
    rows: location.rows,
    frame,
    last: segment.last && frame === segment.firstFrame + segment.frames - 1,
  };
  for (const [field, value] of Object.entries(expected)) {
    const found = header[field as keyof FrameFacts];
    if (found !== value) return `${field} is ${found}, not ${value}`;
  }
  return undefined;
}

function pieceFault(location: PieceLocation, segment: PieceSegment | undefined, detail: string): PumpError {
  return invalidDumpFile(segment?.path ?? "", `${pieceLabel(location)}: ${detail}`);
}
