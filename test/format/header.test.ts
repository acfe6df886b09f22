import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../../src/format/cursor.ts";
import { FormatError } from "../../src/format/format-error.ts";
import { decodeHeader, encodeHeader, HEADER_PREFIX_LENGTH, type FileHeader } from "../../src/format/header.ts";
import { readItems, writeItems } from "../../src/format/items.ts";

const HEADER: FileHeader = {
  major: 1,
  minor: 0,
  guid: "00112233445566778899AABBCCDDEEFF",
  fileNumber: 3,
  salt: Buffer.alloc(32, 7),
  writerVersion: "tsdp 0.1.0",
  creationTime: 1_700_000_000_123,
  fileNames: ["hr_%U.dmp", "more.dmp"],
  keys: null,
  items: new Map([[8, '"HR"."Ünïcode"']]),
};

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Buffer.from(value));
const KEYS = fc.record({
  commitment: bytes(32),
  password: fc.option(
    fc.record({
      cost: fc.integer({ min: 1, max: 17 }),
      blockSize: fc.constant(8),
      parallelization: fc.integer({ min: 1, max: 8 }),
      salt: bytes(16),
      wrapped: bytes(48),
    }),
  ),
  wallet: fc.option(fc.record({ masterKeyId: bytes(16), salt: bytes(32), wrapped: bytes(48) })),
});

function faultOf(step: () => unknown): string {
  try {
    step();
  } catch (error) {
    if (error instanceof FormatError) return error.fault;
    throw error;
  }
  return "none";
}

describe("header", () => {
  it("comes back as it was written", () => {
    const header = fc.record({
      major: fc.constant(1),
      minor: fc.nat(65535),
      guid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("hex").toUpperCase()),
      fileNumber: fc.nat(0xffffffff),
      salt: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
      writerVersion: fc.string({ unit: "grapheme" }),
      creationTime: fc.maxSafeNat(),
      fileNames: fc.array(fc.string({ unit: "grapheme" })),
      keys: fc.option(KEYS),
      // Codes 19 to 22 speak of encryption, and have to fit the keys.
      items: fc
        .array(fc.tuple(fc.integer({ min: 23, max: 999 }), fc.string({ unit: "grapheme" })))
        .map((items) => new Map(items)),
    });
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeHeader(encodeHeader(value))).toEqual(value);
      }),
    );
  });

  it("shows any changed byte, and no version as newer for it", () => {
    const bytes = encodeHeader(HEADER);
    for (let i = 0; i < bytes.length; i += 1) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(i) ^ 1, i);
      expect(["invalid", "checksum"], `byte ${i}`).toContain(faultOf(() => decodeHeader(damaged)));
    }
  });

  it("of a newer major version is refused with that version, of a newer minor one read", () => {
    expect(() => decodeHeader(encodeHeader({ ...HEADER, major: 2, minor: 3 }))).toThrow("2.3");
    expect(faultOf(() => decodeHeader(encodeHeader({ ...HEADER, major: 2 })))).toBe("version");
    expect(decodeHeader(encodeHeader({ ...HEADER, minor: 9 })).minor).toBe(9);
  });

  it("does not believe a length or a count", () => {
    const bytes = encodeHeader(HEADER);
    bytes.writeUInt32BE(0xffffffff, 12);
    expect(() => decodeHeader(bytes)).toThrow("header length 4294967295 is out of range");
    expect(() => decodeHeader(bytes.subarray(0, HEADER_PREFIX_LENGTH - 1))).toThrow("cut off: need 4 bytes at offset 12, have 3");
  });
});

describe("items", () => {
  const decode = (writer: ByteWriter) => readItems(new ByteReader(writer.finish()));

  it("with unknown codes are kept, those that must be understood refused", () => {
    const items = (code: number) => {
      const writer = new ByteWriter();
      writeItems(writer, new Map([[code, Buffer.from("x")]]));
      return writer;
    };
    expect(decode(items(0x7fff)).get(0x7fff)).toEqual(Buffer.from("x"));
    expect(faultOf(() => decode(items(0x8000)))).toBe("unsupported");
  });

  it("can't be doubled, longer than what is left, or too many", () => {
    expect(() => decode(new ByteWriter().u16(2).u16(1).u32(0).u16(1).u32(0))).toThrow("item 1 is there twice");
    expect(() => decode(new ByteWriter().u16(1).u16(1).u32(0x7fffffff))).toThrow("cut off");
    expect(() => decode(new ByteWriter().u16(1025))).toThrow("1025 items");
  });
});

describe("numbers", () => {
  it("of 64 bits are read up to 2^53-1", () => {
    expect(new ByteReader(new ByteWriter().u64(Number.MAX_SAFE_INTEGER).finish()).u64()).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => new ByteReader(Buffer.alloc(8, 0xff)).u64()).toThrow("out of range");
  });
});
