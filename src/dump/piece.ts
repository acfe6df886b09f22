import { compress, type CompressionAlgorithm } from "../format/compression.ts";
import type { FileKey } from "../format/encryption.ts";
import { PIECE_TYPE, type Codec, type ImageFacts, type PieceType } from "../format/frame.ts";

export { loadCodec, type CompressionAlgorithm } from "../format/compression.ts";
export { PIECE_TYPE } from "../format/frame.ts";

/** What a piece image is, apart from its bytes. */
export interface PieceIdentity {
  readonly type: PieceType;
  /** Number of the object within the job, or of the schema whose pages they are; 0 for the master table. */
  readonly object: number;
  /** From 1, within the object. */
  readonly piece: number;
  /** 0, or 1 for the optional second image of the same rows. */
  readonly image: number;
  readonly rows: number;
}

/** A piece image ready for the writer. It may be posted between threads (a Buffer arrives as a Uint8Array). */
export interface EncodedPiece extends PieceIdentity {
  readonly codec: Codec;
  readonly rawLength: number;
  readonly stored: Uint8Array;
}

/** Where a piece image is in the set. It may be posted between threads. */
export interface PieceLocation extends ImageFacts {
  readonly guid: string;
  /** In the order of the image. */
  readonly segments: readonly PieceSegment[];
}

/** Frames of a piece image that follow each other in one file. */
export interface PieceSegment {
  readonly path: string;
  readonly fileNumber: number;
  /** In bytes, frame headers included. */
  readonly offset: number;
  readonly length: number;
  readonly firstFrame: number;
  readonly frames: number;
  /** Whether it ends the image. */
  readonly last: boolean;
  /** SHA-256 of the bytes in the file, in hex. */
  readonly digest: string;
  /** Of its file, in an encrypted set; null in others. A secret. */
  readonly key: FileKey | null;
}

/** Compresses a raw image. `loadCodec()` has to be awaited before, once in each thread. */
export function encodePiece(identity: PieceIdentity, raw: Buffer, algorithm: CompressionAlgorithm): EncodedPiece {
  const { type, object, piece, image, rows } = identity;
  return { type, object, piece, image, rows, rawLength: raw.length, ...compress(raw, algorithm) };
}

/** `table data of object 3, piece 2`, for messages. */
export function pieceLabel({ type, object, piece, image }: Pick<PieceIdentity, "type" | "object" | "piece" | "image">): string {
  const second = image === 0 ? "" : `, image ${image}`;
  switch (type) {
    case PIECE_TYPE.TABLE_DATA:
      return `table data of object ${object}, piece ${piece}${second}`;
    case PIECE_TYPE.OBJECT_DESCRIPTION:
      return `description of object ${object}, piece ${piece}${second}`;
    case PIECE_TYPE.MASTER_TABLE:
      return "master table";
    case PIECE_TYPE.DATABASE_PAGES:
      return `pages of schema ${object}, piece ${piece}`;
  }
}
