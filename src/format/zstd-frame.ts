import { FormatError } from "./format-error.ts";

const MAGIC = 0xfd2fb528;
/** No block of a zstd frame yields more (RFC 8878, 3.1.1.2.4). */
const MAX_BLOCK_CONTENT = 128 * 1024;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

/**
 * Checks, before anything is decompressed, that bytes are exactly one zstd frame (RFC 8878), that it states its content
 * size, that the size is the expected one, and that its blocks could yield that much. Most decoders would follow
 * concatenated frames, or a size without limit.
 */
export function checkZstdFrame(bytes: Buffer, contentSize: number): void {
  const header = readFrameHeader(bytes);
  if (header.contentSize !== contentSize) {
    throw new FormatError("invalid", `the zstd frame states ${header.contentSize ?? "no"} bytes, not ${contentSize}`);
  }
  const blocks = walkBlocks(bytes, header.length);
  if (blocks.end + (header.checksum ? 4 : 0) !== bytes.length) throw new FormatError("invalid", "not exactly one zstd frame");
  if (blocks.mostContent < contentSize) throw new FormatError("invalid", `the zstd frame can't hold ${contentSize} bytes`);
}

function readFrameHeader(bytes: Buffer): { length: number; contentSize: number | undefined; checksum: boolean } {
  if (bytes.length < 6 || bytes.readUInt32LE() !== MAGIC) throw new FormatError("invalid", "not a zstd frame");
  const descriptor = bytes.readUInt8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeBytes = CONTENT_SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3] || (singleSegment ? 1 : 0);
  const sizeOffset = 5 + (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const length = sizeOffset + sizeBytes;
  if (length > bytes.length) throw new FormatError("invalid", "the zstd frame is cut off");
  return { length, contentSize: readContentSize(bytes, sizeOffset, sizeBytes), checksum: (descriptor & 4) !== 0 };
}

function readContentSize(bytes: Buffer, offset: number, length: 0 | 1 | 2 | 4 | 8): number | undefined {
  switch (length) {
    case 0:
      return undefined;
    case 1:
      return bytes.readUInt8(offset);
    case 2:
      return bytes.readUInt16LE(offset) + 256;
    case 4:
      return bytes.readUInt32LE(offset);
    case 8:
      return Number(bytes.readBigUInt64LE(offset));
  }
}

/** Follows the block headers: 3 bytes, little-endian: last (1 bit), type (2 bits: raw, RLE, compressed), size (21 bits). */
function walkBlocks(bytes: Buffer, start: number): { end: number; mostContent: number } {
  let offset = start;
  let mostContent = 0;
  for (let last = false; !last;) {
    if (offset + 3 > bytes.length) throw new FormatError("invalid", "the zstd frame is cut off");
    const header = bytes.readUIntLE(offset, 3);
    last = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    offset += 3 + (type === 1 ? 1 : size);
    mostContent += type === 2 ? MAX_BLOCK_CONTENT : Math.min(size, MAX_BLOCK_CONTENT);
  }
  return { end: offset, mostContent };
}
