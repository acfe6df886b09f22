import { crc32 } from "node:zlib";
import { FormatError } from "./format-error.ts";

/** Reads big-endian fields front to back; nothing is believed before it is known to be there. */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.bytes(1).readUInt8();
  }

  u16(): number {
    return this.bytes(2).readUInt16BE();
  }

  u32(): number {
    return this.bytes(4).readUInt32BE();
  }

  /** A 64-bit count or position; above 2^53-1 no file can hold what it states. */
  u64(): number {
    const value = this.bytes(8).readBigUInt64BE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new FormatError("invalid", `value ${value} at offset ${this.#offset - 8} is out of range`);
    }
    return Number(value);
  }

  /** The next bytes, shared with the source. */
  bytes(length: number): Buffer {
    if (length > this.remaining) {
      throw new FormatError("invalid", `cut off: need ${length} bytes at offset ${this.#offset}, have ${this.remaining}`);
    }
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }

  expect(magic: Buffer, what: string): void {
    const start = this.#offset;
    if (!this.bytes(magic.length).equals(magic)) throw new FormatError("invalid", `no ${what} at offset ${start}`);
  }

  /** Bytes reserved for later versions: they must be zero. */
  zeros(length: number): void {
    const start = this.#offset;
    if (this.bytes(length).some((byte) => byte !== 0))
      throw new FormatError("invalid", `reserved bytes at offset ${start} are in use`);
  }

  end(what: string): void {
    if (this.remaining > 0) throw new FormatError("invalid", `${this.remaining} bytes too many in the ${what}`);
  }
}

/** Collects big-endian fields front to back. */
export class ByteWriter {
  readonly #parts: Buffer[] = [];

  u8(value: number): this {
    return this.bytes(Buffer.of(value));
  }

  u16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16BE(value);
    return this.bytes(part);
  }

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32BE(value);
    return this.bytes(part);
  }

  u64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(BigInt(value));
    return this.bytes(part);
  }

  bytes(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }

  zeros(length: number): this {
    return this.bytes(Buffer.alloc(length));
  }

  /** CRC-32 of everything so far. */
  crc(): this {
    return this.u32(crc32(this.finish()));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/**
 * Checks the CRC-32 in the last four bytes of a block.
 * @returns the bytes before it.
 */
export function checkedBlock(bytes: Buffer, what: string): Buffer {
  if (bytes.length < 4) throw new FormatError("invalid", `cut off: ${what} of ${bytes.length} bytes`);
  const end = bytes.length - 4;
  const body = bytes.subarray(0, end);
  if (crc32(body) !== bytes.readUInt32BE(end)) throw new FormatError("checksum", `the checksum of the ${what} is wrong`);
  return body;
}
