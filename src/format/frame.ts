import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter, checkedBlock } from "./cursor.ts";
import { FormatError } from "./format-error.ts";
import { GUID_LENGTH, SALT_LENGTH } from "./header.ts";

export const FRAME_HEADER_LENGTH = 112;
/** Most payload bytes of one frame; an encrypted one adds its tag. */
export const MAX_PAYLOAD_LENGTH = 1 << 20;
/** Most bytes of one piece image, raw or stored: more than SQLite's largest row needs. */
export const MAX_IMAGE_LENGTH = 1 << 30;

const MAGIC = Buffer.from("TSDF");
const LAST_FRAME = 1;

/** What a piece image holds. */
export const PIECE_TYPE = { TABLE_DATA: 1, OBJECT_DESCRIPTION: 2, MASTER_TABLE: 3 } as const;
export type PieceType = (typeof PIECE_TYPE)[keyof typeof PIECE_TYPE];

/** How the raw bytes of an image are stored. */
export const CODEC = { STORED: 0, ZSTD: 1 } as const;
export type Codec = (typeof CODEC)[keyof typeof CODEC];

/** What every frame of one piece image says about the image, and the index once more. */
export interface ImageFacts {
  readonly type: PieceType;
  readonly codec: Codec;
  /** 0, or 1 for the optional second image of the same rows. */
  readonly image: number;
  readonly object: number;
  /** From 1, within the object. */
  readonly piece: number;
  /** Bytes of the whole image before and after the codec. */
  readonly rawLength: number;
  readonly storedLength: number;
  /** Rows in the image. */
  readonly rows: number;
}

export interface FrameHeader extends ImageFacts {
  readonly guid: string;
  readonly fileNumber: number;
  /** From 0, within the image. */
  readonly frame: number;
  /** Whether it is the last frame of its image. */
  readonly last: boolean;
  readonly payloadLength: number;
  readonly payloadChecksum: number;
}

/** The header of a frame that carries this payload (docs/format.md, "Frame"). */
export function encodeFrameHeader(header: Omit<FrameHeader, "payloadLength" | "payloadChecksum">, payload: Buffer): Buffer {
  return new ByteWriter()
    .bytes(MAGIC)
    .bytes(Buffer.of(header.type, header.codec, header.last ? LAST_FRAME : 0, header.image))
    .zeros(4)
    .u32(header.object)
    .u32(header.piece)
    .u32(header.frame)
    .u32(payload.length)
    .u64(header.rawLength)
    .u64(header.storedLength)
    .u64(header.rows)
    .bytes(Buffer.from(header.guid, "hex"))
    .u32(header.fileNumber)
    .zeros(SALT_LENGTH)
    .u32(crc32(payload))
    .crc()
    .finish();
}

/** Decodes the 112 bytes of a frame header. */
export function decodeFrameHeader(bytes: Buffer): FrameHeader {
  const reader = new ByteReader(checkedBlock(bytes, "frame header"));
  reader.expect(MAGIC, "frame");
  const type = pieceType(reader.u8());
  const codec = codecOf(reader.u8());
  const last = lastFlag(reader.u8());
  const image = reader.u8();
  plainCipher(reader.u8());
  reader.zeros(3);
  const object = reader.u32();
  const piece = reader.u32();
  const frame = reader.u32();
  const payloadLength = reader.u32();
  if (payloadLength > MAX_PAYLOAD_LENGTH) throw new FormatError("invalid", `payload of ${payloadLength} bytes is too long`);
  const lengths = readImageLengths(reader);
  const guid = reader.bytes(GUID_LENGTH).toString("hex").toUpperCase();
  const fileNumber = reader.u32();
  reader.zeros(SALT_LENGTH);
  const payloadChecksum = reader.u32();
  reader.end("frame header");
  return { type, codec, last, image, object, piece, frame, payloadLength, ...lengths, guid, fileNumber, payloadChecksum };
}

/** Raw length, stored length, rows. */
export function readImageLengths(reader: ByteReader): { rawLength: number; storedLength: number; rows: number } {
  const lengths = { rawLength: reader.u64(), storedLength: reader.u64(), rows: reader.u64() };
  if (lengths.rawLength > MAX_IMAGE_LENGTH || lengths.storedLength > MAX_IMAGE_LENGTH) {
    throw new FormatError("invalid", `image of ${lengths.rawLength} bytes (${lengths.storedLength} stored) is too long`);
  }
  return lengths;
}

export function pieceType(value: number): PieceType {
  if (value === PIECE_TYPE.TABLE_DATA || value === PIECE_TYPE.OBJECT_DESCRIPTION || value === PIECE_TYPE.MASTER_TABLE)
    return value;
  throw new FormatError("unsupported", `piece type ${value}`);
}

export function codecOf(value: number): Codec {
  if (value === CODEC.STORED || value === CODEC.ZSTD) return value;
  throw new FormatError("unsupported", `codec ${value}`);
}

export function lastFlag(flags: number): boolean {
  if (flags > LAST_FRAME) throw new FormatError("unsupported", `flags ${flags}`);
  return flags === LAST_FRAME;
}

export function plainCipher(cipher: number): void {
  if (cipher !== 0) throw new FormatError("unsupported", `an encrypted piece (cipher ${cipher})`);
}
