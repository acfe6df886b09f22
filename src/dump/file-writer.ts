import { createHash } from "node:crypto";
import { fileChecksum, newChecksum, type ChecksumAlgorithm } from "../format/checksum.ts";
import { fileKey, TAG_LENGTH, type Cipher, type FileKey } from "../format/encryption.ts";
import {
  CODEC,
  encodeFrame,
  MAX_IMAGE_LENGTH,
  FRAME_HEADER_LENGTH,
  MAX_PAYLOAD_LENGTH,
  PIECE_TYPE,
  type ImageFacts,
} from "../format/frame.ts";
import { decodeHeader, encodeHeader, type FileHeader } from "../format/header.ts";
import { ITEM } from "../format/items.ts";
import { encodeIndex, indexLength, type Segment } from "../format/segment-index.ts";
import { digestFile, encodeTrailer, SET_FILE_LENGTH, type SetFile, type Trailer } from "../format/trailer.ts";
import type { StorageWriter } from "../storage/storage.ts";
import type { EncodedPiece } from "./piece.ts";
import { cipherOfImage, type SetEncryption } from "./set-key.ts";

/** What the trailer of a file that holds a part of the master table says more than the others. */
export interface MasterPart {
  /** Files that hold a part. */
  readonly pieceCount: number;
  /** Which of them this is, from 1. */
  readonly pieceNumber: number;
  /** Every file of the set; only where the master table ends. */
  readonly files?: readonly SetFile[];
}

/** A part of the stored bytes of a piece image that goes into one segment. */
export interface PiecePart {
  readonly offset: number;
  readonly length: number;
  /** Number of its first frame within the image. */
  readonly firstFrame: number;
}

/** What a file is going to get before its end. */
export interface Planned {
  readonly bytes: number;
  readonly segments: number;
}

/** How far a file is durable: enough to go on with it. */
export interface FileCheckpoint {
  readonly number: number;
  readonly path: string;
  /** Index of the specification that it was made by. */
  readonly specification: number;
  /** Of its storage writer. */
  readonly identity: string;
  readonly header: Buffer;
  /** Bytes. */
  readonly length: number;
  /** Whether index and trailer are written. */
  readonly isEnded: boolean;
  /** Those that were added since the last checkpoint. */
  readonly segments: readonly WrittenSegment[];
}

/** What holds for a dump file from its first byte to its last. */
export interface FileRules {
  /** Index of the specification that it was made by. */
  readonly specification: number;
  /** Largest size in bytes; null: no limit. */
  readonly fileSize: number | null;
  readonly encryption: SetEncryption | null;
  /** CHECKSUM_ALGORITHM; null: no CHECKSUM. */
  readonly checksum: ChecksumAlgorithm | null;
}

/** A segment that was written; `checksum` is by the CHECKSUM_ALGORITHM where that is not the digest. */
export type WrittenSegment = Segment & { readonly checksum?: Buffer };

/** Less than this of a piece is not worth a segment. */
const LEAST_PAYLOAD = 4096;
/** Trailer and footer but for the list of the set: their fixed fields and the longest values of their items. */
const END_RESERVE = 512;

/** Writes one dump file front to back: header, segments, index, trailer. */
export class DumpFileWriter {
  readonly #out: StorageWriter;
  readonly #rules: FileRules;
  readonly #header: FileHeader;
  readonly #headerBytes: Buffer;
  readonly #segments: WrittenSegment[];
  readonly #key: FileKey | null;
  #recorded: number;
  #isEnded = false;

  private constructor(
    out: StorageWriter,
    rules: FileRules,
    header: FileHeader,
    headerBytes: Buffer,
    segments: readonly WrittenSegment[],
  ) {
    this.#out = out;
    this.#rules = rules;
    this.#header = header;
    this.#headerBytes = headerBytes;
    this.#segments = [...segments];
    this.#key = rules.encryption === null ? null : fileKey(rules.encryption.key.dataKey, header.salt, headerBytes);
    this.#recorded = segments.length;
  }

  /** Goes on with a file that was begun by another process. @throws RangeError when it was begun with encryption and goes on without, or the reverse */
  static async resume(
    out: StorageWriter,
    rules: FileRules,
    { header, segments, isEnded }: Pick<FileCheckpoint, "header" | "segments" | "isEnded">,
  ): Promise<DumpFileWriter> {
    const decoded = decodeHeader(header);
    if ((decoded.keys === null) !== (rules.encryption === null)) {
      await out.suspend();
      throw new RangeError(
        `${out.path} was begun ${decoded.keys === null ? "without" : "with"} encryption, and goes on otherwise`,
      );
    }
    const writer = new DumpFileWriter(out, rules, decoded, header, segments);
    if (isEnded) await out.end();
    writer.#isEnded = isEnded;
    return writer;
  }

  /** Writes the header. */
  static async begin(out: StorageWriter, rules: FileRules, header: FileHeader): Promise<DumpFileWriter> {
    const writer = new DumpFileWriter(out, rules, header, encodeHeader(header), []);
    await out.write([writer.#headerBytes]);
    return writer;
  }

  get path(): string {
    return this.#out.path;
  }

  get identity(): string {
    return this.#out.identity;
  }

  get bytesWritten(): number {
    return this.#out.bytesWritten;
  }

  /** Largest size in bytes, 0: no limit. */
  get size(): number {
    return this.#rules.fileSize ?? 0;
  }

  /** Whether the file has its index and trailer already, and takes no more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether a checkpoint can make durable what is in the file. */
  get canSync(): boolean {
    return this.#isEnded || this.#out.canSync;
  }

  get hasSegments(): boolean {
    return this.#segments.length > 0;
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  /** Whether a part of the master table is in the file. */
  get holdsMaster(): boolean {
    return this.masterFrame >= 0;
  }

  /** Number of the first frame of the master table that the file holds, -1: none. */
  get masterFrame(): number {
    return this.#segments.find(({ type }) => type === PIECE_TYPE.MASTER_TABLE)?.firstFrame ?? -1;
  }

  /** Bytes that a frame has more than its payload. */
  get frameOverhead(): number {
    return FRAME_HEADER_LENGTH + (this.#key === null ? 0 : TAG_LENGTH);
  }

  /**
   * Stored bytes of an image that one more segment can take; 0 when it is too little to be of use.
   * @param setFiles files of the list that the trailer is to hold, 0: none.
   */
  room(planned: Planned, setFiles: number): number {
    const { fileSize } = this.#rules;
    if (fileSize === null) return Number.POSITIVE_INFINITY;
    const end = indexLength(this.#segments.length + planned.segments + 1) + END_RESERVE + setFiles * SET_FILE_LENGTH;
    const left = fileSize - this.bytesWritten - planned.bytes - end;
    const frame = this.frameOverhead + MAX_PAYLOAD_LENGTH;
    const whole = Math.max(0, Math.floor(left / frame));
    const payload = whole * MAX_PAYLOAD_LENGTH + Math.max(0, left - whole * frame - this.frameOverhead);
    return payload < LEAST_PAYLOAD ? 0 : payload;
  }

  /** Writes a part of a piece image; the last of its frames is the last of the image if it holds its end. */
  async writeSegment(piece: EncodedPiece, part: PiecePart): Promise<void> {
    checkLengths(piece);
    const stored = Buffer.from(piece.stored.buffer, piece.stored.byteOffset, piece.stored.byteLength);
    const image = imageFacts(piece, cipherOfImage(this.#rules.encryption, piece.type, piece.image));
    const last = part.offset + part.length === stored.length;
    const frames = frameCount(part.length);
    const offset = this.bytesWritten;
    const parts: Buffer[] = [];
    for (let i = 0; i < frames; i += 1) {
      const start = part.offset + i * MAX_PAYLOAD_LENGTH;
      const bytes = stored.subarray(start, Math.min(start + MAX_PAYLOAD_LENGTH, part.offset + part.length));
      const { guid, fileNumber } = this.#header;
      const frame = { ...image, guid, fileNumber, frame: part.firstFrame + i, last: last && i === frames - 1 };
      parts.push(...encodeFrame(frame, bytes, this.#key));
    }
    await this.#out.write(parts);
    const place = { firstFrame: part.firstFrame, frames, last, offset, length: this.bytesWritten - offset };
    this.#segments.push({ ...image, ...place, digest: sha256(parts), ...this.#checksumOf(parts) });
  }

  /** The entry of this file in the list of the set, as it is or will be after `end`. */
  setFile(master?: MasterPart): SetFile {
    const length = this.#isEnded ? this.bytesWritten : this.bytesWritten + this.#encodeEnd(master).length;
    return { number: this.#header.fileNumber, length, digest: digestFile(this.#headerBytes, this.#segments) };
  }

  /** Writes index, trailer and footer, and makes the file durable: it is whole. */
  async end(master?: MasterPart): Promise<void> {
    await this.#out.write([this.#encodeEnd(master)]);
    await this.#out.end();
    this.#isEnded = true;
  }

  /** Returns when all so far is durable, with what is new since the last call; only when `canSync`. */
  async checkpoint(): Promise<FileCheckpoint> {
    if (!this.#isEnded) await this.#out.sync();
    const segments = this.#segments.slice(this.#recorded);
    this.#recorded = this.#segments.length;
    return {
      number: this.#header.fileNumber,
      path: this.path,
      specification: this.#rules.specification,
      identity: this.#out.identity,
      header: this.#headerBytes,
      length: this.bytesWritten,
      isEnded: this.#isEnded,
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

  /** Under SHA256 the digest of the segment serves. */
  #checksumOf(parts: readonly Buffer[]): { checksum?: Buffer } {
    const { checksum: algorithm } = this.#rules;
    if (algorithm === null || algorithm === "SHA256") return {};
    const checksum = newChecksum(algorithm);
    for (const part of parts) checksum.update(part);
    return { checksum: checksum.digest() };
  }

  #encodeEnd(master: MasterPart | undefined): Buffer {
    const index = encodeIndex(this.#segments);
    const { checksum: algorithm } = this.#rules;
    const sums = this.#segments.map(({ checksum, digest }) => checksum ?? digest);
    const trailer: Trailer = {
      items: masterItems(master),
      indexOffset: this.bytesWritten,
      indexLength: index.length,
      indexDigest: sha256([index]),
      fileDigest: digestFile(this.#headerBytes, this.#segments),
      files: master?.files,
      checksum: algorithm === null ? undefined : { algorithm, value: fileChecksum(algorithm, this.#headerBytes, sums) },
    };
    return Buffer.concat([index, encodeTrailer(trailer, this.#key)]);
  }
}

/** Frames of an image; an empty image has one, too. */
export function frameCount(storedLength: number): number {
  return Math.max(1, Math.ceil(storedLength / MAX_PAYLOAD_LENGTH));
}

function imageFacts({ type, codec, object, piece, image, rawLength, rows, stored }: EncodedPiece, cipher: Cipher): ImageFacts {
  return { type, codec, cipher, object, piece, image, rawLength, storedLength: stored.length, rows };
}

function masterItems(master: MasterPart | undefined): ReadonlyMap<number, string> {
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
