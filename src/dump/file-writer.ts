import { createHash } from "node:crypto";
import {
  CODEC,
  encodeFrameHeader,
  MAX_IMAGE_LENGTH,
  MAX_PAYLOAD_LENGTH,
  type FrameHeader,
  type ImageFacts,
} from "../format/frame.ts";
import { decodeHeader, encodeHeader, type FileHeader } from "../format/header.ts";
import { ITEM } from "../format/items.ts";
import { encodeIndex, type Segment } from "../format/segment-index.ts";
import { digestFile, encodeTrailer, type SetFile } from "../format/trailer.ts";
import type { StorageWriter } from "../storage/storage.ts";
import type { EncodedPiece } from "./piece.ts";

/** What the trailer of the file in which the master table ends says more than the others. */
export interface MasterEnd {
  readonly pieceCount: number;
  readonly pieceNumber: number;
  /** Every file of the set. */
  readonly files: readonly SetFile[];
}

/** How far a file is durable: enough to go on with it. */
export interface FileCheckpoint {
  readonly number: number;
  readonly path: string;
  /** Of its storage writer. */
  readonly identity: string;
  readonly header: Buffer;
  /** Bytes. */
  readonly length: number;
  /** Those that were added since the last checkpoint. */
  readonly segments: readonly Segment[];
}

/** Writes one dump file front to back: header, segments, index, trailer. */
export class DumpFileWriter {
  readonly #out: StorageWriter;
  readonly #header: FileHeader;
  readonly #headerBytes: Buffer;
  readonly #segments: Segment[];
  #recorded: number;

  private constructor(out: StorageWriter, header: FileHeader, headerBytes: Buffer, segments: readonly Segment[]) {
    this.#out = out;
    this.#header = header;
    this.#headerBytes = headerBytes;
    this.#segments = [...segments];
    this.#recorded = segments.length;
  }

  /** Goes on with a file that was begun by another process. */
  static resume(out: StorageWriter, header: Buffer, segments: readonly Segment[]): DumpFileWriter {
    return new DumpFileWriter(out, decodeHeader(header), header, segments);
  }

  /** Writes the header. */
  static async begin(out: StorageWriter, header: FileHeader): Promise<DumpFileWriter> {
    const writer = new DumpFileWriter(out, header, encodeHeader(header), []);
    await out.write([writer.#headerBytes]);
    return writer;
  }

  get path(): string {
    return this.#out.path;
  }

  get bytesWritten(): number {
    return this.#out.bytesWritten;
  }

  /** Writes some frames of a piece image, by default all; the last of them is the last of the image if it holds its end. */
  async writeSegment(piece: EncodedPiece, firstFrame = 0, frames = frameCount(piece.stored.length) - firstFrame): Promise<void> {
    checkLengths(piece);
    const stored = Buffer.from(piece.stored.buffer, piece.stored.byteOffset, piece.stored.byteLength);
    const end = firstFrame + frames;
    const offset = this.bytesWritten;
    const parts: Buffer[] = [];
    for (let frame = firstFrame; frame < end; frame += 1) {
      const payload = stored.subarray(frame * MAX_PAYLOAD_LENGTH, (frame + 1) * MAX_PAYLOAD_LENGTH);
      parts.push(encodeFrameHeader(this.#frameFacts(piece, frame), payload), payload);
    }
    await this.#out.write(parts);
    const last = end === frameCount(stored.length);
    const length = this.bytesWritten - offset;
    this.#segments.push({ ...imageFacts(piece), firstFrame, frames, last, offset, length, digest: sha256(parts) });
  }

  /** The entry of this file in the list of the set, as it will be after `end`. */
  setFile(master?: MasterEnd): SetFile {
    const length = this.bytesWritten + this.#encodeEnd(master).length;
    return { number: this.#header.fileNumber, length, digest: digestFile(this.#headerBytes, this.#segments) };
  }

  /** Writes index, trailer and footer: the file is whole. */
  async end(master?: MasterEnd): Promise<void> {
    await this.#out.write([this.#encodeEnd(master)]);
  }

  /** Returns when all so far is durable, with what is new since the last call. */
  async checkpoint(): Promise<FileCheckpoint> {
    await this.#out.sync();
    const segments = this.#segments.slice(this.#recorded);
    this.#recorded = this.#segments.length;
    const { fileNumber: number } = this.#header;
    return {
      number,
      path: this.path,
      identity: this.#out.identity,
      header: this.#headerBytes,
      length: this.bytesWritten,
      segments,
    };
  }

  suspend(): Promise<void> {
    return this.#out.suspend();
  }

  publish(): Promise<void> {
    return this.#out.publish();
  }

  discard(): Promise<void> {
    return this.#out.discard();
  }

  #frameFacts(piece: EncodedPiece, frame: number): Omit<FrameHeader, "payloadLength" | "payloadChecksum"> {
    const { guid, fileNumber } = this.#header;
    return { ...imageFacts(piece), guid, fileNumber, frame, last: frame === frameCount(piece.stored.length) - 1 };
  }

  #encodeEnd(master: MasterEnd | undefined): Buffer {
    const index = encodeIndex(this.#segments);
    const trailer = encodeTrailer({
      items: masterItems(master),
      indexOffset: this.bytesWritten,
      indexLength: index.length,
      indexDigest: sha256([index]),
      fileDigest: digestFile(this.#headerBytes, this.#segments),
      files: master?.files,
    });
    return Buffer.concat([index, trailer]);
  }
}

/** Frames of an image; an empty image has one, too. */
export function frameCount(storedLength: number): number {
  return Math.max(1, Math.ceil(storedLength / MAX_PAYLOAD_LENGTH));
}

function imageFacts({ type, codec, object, piece, image, rawLength, rows, stored }: EncodedPiece): ImageFacts {
  return { type, codec, object, piece, image, rawLength, storedLength: stored.length, rows };
}

function masterItems(master: MasterEnd | undefined): ReadonlyMap<number, string> {
  if (master === undefined) return new Map([[ITEM.MASTER_PRESENT, "0"]]);
  return new Map([
    [ITEM.MASTER_PRESENT, "1"],
    [ITEM.MASTER_PIECE_COUNT, String(master.pieceCount)],
    [ITEM.MASTER_PIECE_NUMBER, String(master.pieceNumber)],
  ]);
}

/** What is written must be readable again: the reader refuses such lengths. */
function checkLengths({ codec, rawLength, stored }: EncodedPiece): void {
  if (rawLength > MAX_IMAGE_LENGTH || stored.length > MAX_IMAGE_LENGTH)
    throw new RangeError(`a piece image of ${rawLength} bytes is too long`);
  if (codec === CODEC.STORED && stored.length !== rawLength) throw new RangeError("a stored image must have its raw length");
}

function sha256(parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
