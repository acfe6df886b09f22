import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter, checkedBlock } from "./cursor.ts";
import { CIPHER, cipherOf, cipherOverhead, frameKey, seal, TAG_LENGTH, unseal, type Cipher, type FileKey } from "./encryption.ts";
import { FormatError } from "./format-error.ts";
import { GUID_LENGTH, SALT_LENGTH } from "./header.ts";

export const FRAME_HEADER_LENGTH = 112;
/** Most stored bytes in one frame; an encrypted payload has its tag on top. */
export const MAX_PAYLOAD_LENGTH = 1 << 20;
/** Most bytes of one piece image, raw or stored: more than SQLite's largest row needs. */
export const MAX_IMAGE_LENGTH = 1 << 30;

const MAGIC = Buffer.from("TSDF");
const LAST_FRAME = 1;
/** Bytes of the frame header that the tag of its payload covers: all but the checksums. */
const AUTHENTICATED_LENGTH = 104;

/** What a piece image holds. */
export const PIECE_TYPE = { TABLE_DATA: 1, OBJECT_DESCRIPTION: 2, MASTER_TABLE: 3, DATABASE_PAGES: 4 } as const;
export type PieceType = (typeof PIECE_TYPE)[keyof typeof PIECE_TYPE];

/** How the raw bytes of an image are stored. */
export const CODEC = { STORED: 0, ZSTD: 1 } as const;
export type Codec = (typeof CODEC)[keyof typeof CODEC];

/** What every frame of one piece image says about the image, and the index once more. */
export interface ImageFacts {
  readonly type: PieceType;
  readonly codec: Codec;
  readonly cipher: Cipher;
  /** 0, or 1 for the optional second image of the same rows. */
  readonly image: number;
  readonly object: number;
  /** From 1, within the object. */
  readonly piece: number;
  /** Bytes of the whole image before and after the codec. */
  readonly rawLength: number;
  readonly storedLength: number;
  /** Rows in the image, or pages. */
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
  /** 32 bytes; zero without a cipher. */
  readonly keySalt: Buffer;
}

/** What a writer says of a frame. */
export type FrameFacts = Omit<FrameHeader, "payloadLength" | "payloadChecksum" | "keySalt">;

/** A frame that carries these stored bytes, as header and payload (docs/format.md, "Frame"). `key` encrypts it when it has a cipher. */
export function encodeFrame(frame: FrameFacts, stored: Buffer, key: FileKey | null): readonly [header: Buffer, payload: Buffer] {
  const { cipher } = frame;
  if (cipher === CIPHER.NONE) {
    const fields = frameFields(frame, stored.length, Buffer.alloc(SALT_LENGTH));
    return [withChecksums(fields, stored), stored];
  }
  if (key === null) throw new RangeError("an encrypted frame needs a key");
  const salt = randomBytes(SALT_LENGTH);
  const fields = frameFields(frame, stored.length + TAG_LENGTH, salt);
  const payload = seal(cipher, frameKey(cipher, key, salt), stored, [key.headerDigest, fields]);
  return [withChecksums(fields, payload), payload];
}

/**
 * The stored bytes of a frame.
 * @param headerBytes the 112 bytes of its header, decoded already
 */
export function openFrame(header: FrameHeader, headerBytes: Buffer, payload: Buffer, key: FileKey | null): Buffer {
  if (crc32(payload) !== header.payloadChecksum) throw new FormatError("checksum", "the checksum of the payload is wrong");
  if (header.cipher === CIPHER.NONE) return payload;
  if (key === null) throw new FormatError("invalid", "it is encrypted, the set is not");
  const additional = [key.headerDigest, headerBytes.subarray(0, AUTHENTICATED_LENGTH)];
  const stored = unseal(header.cipher, frameKey(header.cipher, key, header.keySalt), payload, additional);
  if (stored === undefined) throw new FormatError("checksum", "it was changed, or is not of this place in this set");
  return stored;
}

/** All fields before the checksums. */
function frameFields(frame: FrameFacts, payloadLength: number, salt: Buffer): Buffer {
  return new ByteWriter()
    .bytes(MAGIC)
    .bytes(Buffer.of(frame.type, frame.codec, frame.last ? LAST_FRAME : 0, frame.image, frame.cipher))
    .zeros(3)
    .u32(frame.object)
    .u32(frame.piece)
    .u32(frame.frame)
    .u32(payloadLength)
    .u64(frame.rawLength)
    .u64(frame.storedLength)
    .u64(frame.rows)
    .bytes(Buffer.from(frame.guid, "hex"))
    .u32(frame.fileNumber)
    .bytes(salt)
    .finish();
}

function withChecksums(fields: Buffer, payload: Buffer): Buffer {
  return new ByteWriter().bytes(fields).u32(crc32(payload)).crc().finish();
}

/** Decodes the 112 bytes of a frame header. */
export function decodeFrameHeader(bytes: Buffer): FrameHeader {
  const reader = new ByteReader(checkedBlock(bytes, "frame header"));
  reader.expect(MAGIC, "frame");
  const type = pieceType(reader.u8());
  const codec = codecOf(reader.u8());
  const last = lastFlag(reader.u8());
  const image = reader.u8();
  const cipher = cipherOf(reader.u8());
  reader.zeros(3);
  const object = reader.u32();
  const piece = reader.u32();
  const frame = reader.u32();
  const payloadLength = reader.u32();
  if (payloadLength > MAX_PAYLOAD_LENGTH + cipherOverhead(cipher))
    throw new FormatError("invalid", `payload of ${payloadLength} bytes is too long`);
  const lengths = readImageLengths(reader);
  const guid = reader.bytes(GUID_LENGTH).toString("hex").toUpperCase();
  const fileNumber = reader.u32();
  const keySalt = reader.bytes(SALT_LENGTH);
  if (cipher === CIPHER.NONE && keySalt.some((byte) => byte !== 0)) throw new FormatError("invalid", "a salt without a cipher");
  const payloadChecksum = reader.u32();
  reader.end("frame header");
  const place = { guid, fileNumber, object, piece, frame };
  return { type, codec, cipher, last, image, payloadLength, ...lengths, ...place, keySalt, payloadChecksum };
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
  const type = Object.values(PIECE_TYPE).find((known) => known === value);
  if (type === undefined) throw new FormatError("unsupported", `piece type ${value}`);
  return type;
}

export function codecOf(value: number): Codec {
  if (value === CODEC.STORED || value === CODEC.ZSTD) return value;
  throw new FormatError("unsupported", `codec ${value}`);
}

export function lastFlag(flags: number): boolean {
  if (flags > LAST_FRAME) throw new FormatError("unsupported", `flags ${flags}`);
  return flags === LAST_FRAME;
}
