import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { compress, decompress, loadCodec, type CompressionAlgorithm } from "../../src/format/compression.ts";
import { loadZstdCodec, ZSTD_CODECS, type ZstdCodec } from "../../src/format/zstd.ts";

const ALGORITHMS: readonly CompressionAlgorithm[] = ["NONE", "BASIC", "LOW", "MEDIUM", "HIGH"];

beforeAll(async () => {
  await loadCodec();
});

describe("compression", () => {
  it("gives back any bytes under every algorithm, and never makes them larger", () => {
    const raw = fc
      .oneof(fc.uint8Array({ maxLength: 3000 }), fc.array(fc.constantFrom(1, 2, 3), { maxLength: 9000 }))
      .map((b) => Buffer.from(b));
    fc.assert(
      fc.property(raw, fc.constantFrom(...ALGORITHMS), (bytes, algorithm) => {
        const { codec, stored } = compress(bytes, algorithm);
        expect(stored.length).toBeLessThanOrEqual(bytes.length);
        expect((codec === 1 ? decompress(stored, bytes.length) : stored).equals(bytes)).toBe(true);
      }),
    );
  });

  it("packs what can be packed", () => {
    const raw = Buffer.alloc(1 << 20, "some words, again and again; ");
    for (const algorithm of ["LOW", "BASIC", "MEDIUM", "HIGH"] as const)
      expect(compress(raw, algorithm).stored.length).toBeLessThan(raw.length / 50);
    expect(compress(raw, "NONE").stored).toBe(raw);
  });

  it("has implementations that read each other", async () => {
    const codecs = (await Promise.all(ZSTD_CODECS.map(loadZstdCodec))).filter((codec): codec is ZstdCodec => codec !== undefined);
    expect(codecs.map(({ name }) => name)).toContain("zstd-wasm");
    for (const raw of [Buffer.from("x"), Buffer.alloc(300, "ab"), Buffer.alloc(200_000, "abcdefg")]) {
      for (const codec of codecs) {
        const stored = codec.compress(raw, 1);
        for (const other of codecs)
          expect(
            other.decompress(stored, raw.length, (length) => Buffer.alloc(length)).equals(raw),
            `${codec.name} to ${other.name}`,
          ).toBe(true);
        expect(decompress(stored, raw.length).equals(raw)).toBe(true);
      }
    }
  });
});

describe("a zstd frame", () => {
  const raw = Buffer.alloc(200_000, "abcdefg");
  let stored: Buffer;
  beforeAll(() => {
    stored = compress(raw, "BASIC").stored;
  });

  it("must state exactly the expected size", () => {
    expect(() => decompress(stored, raw.length - 1)).toThrow("states 200000 bytes, not 199999");
    expect(() => decompress(stored, raw.length + 1)).toThrow("states 200000 bytes, not 200001");
  });

  it("must be one: nothing before, after or missing", () => {
    expect(() => decompress(Buffer.concat([stored, stored]), raw.length)).toThrow("not exactly one zstd frame");
    expect(() => decompress(Buffer.concat([stored, Buffer.of(0)]), raw.length)).toThrow("not exactly one zstd frame");
    for (let length = 0; length < stored.length; length += 1)
      expect(() => decompress(stored.subarray(0, length), raw.length)).toThrow();
  });

  it("that states more than its blocks can hold is refused before any memory is taken", () => {
    const bomb = Buffer.from("28b52ffda000000040010000", "hex"); // single segment, 4-byte content size 0x40000000, one empty raw block
    expect(() => decompress(bomb, 1 << 30)).toThrow("can't hold 1073741824 bytes");
  });
});
