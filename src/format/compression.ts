import { FormatError } from "./format-error.ts";
import { CODEC, type Codec } from "./frame.ts";
import { checkZstdFrame } from "./zstd-frame.ts";
import { loadZstdCodec, ZSTD_CODECS, type Allocate, type ZstdCodec } from "./zstd.ts";

/** COMPRESSION_ALGORITHM, and NONE where an image is to be stored as it is. */
export type CompressionAlgorithm = "NONE" | "BASIC" | "LOW" | "MEDIUM" | "HIGH";

/** Levels of zstd, by measurement: docs/performance.md. */
export const LEVELS: Readonly<Record<Exclude<CompressionAlgorithm, "NONE">, number>> = { BASIC: 1, LOW: -1, MEDIUM: 3, HIGH: 9 };

/** A long image is never smaller in a file than this part of it: what a file may cost in memory has a bound in its size. */
const LONG_IMAGE = 32 << 20;
const MOST_RATIO = 16;

let loaded: ZstdCodec | undefined;

/**
 * Loads the fastest zstd that this installation has. Each thread awaits it once before it compresses or decompresses.
 * @returns the name of the implementation: `zstd-napi`, `node:zlib` or `zstd-wasm`.
 */
export async function loadCodec(): Promise<string> {
  for (const name of ZSTD_CODECS) loaded ??= await loadZstdCodec(name);
  return codecName();
}

/** The implementation of zstd in use, for logs and the benchmark. */
export function codecName(): string {
  return codec().name;
}

/** Whether a few bytes would make an image longer than any reader has to take from them. */
export function isTooDense(rawLength: number, storedLength: number): boolean {
  return rawLength > LONG_IMAGE && storedLength * MOST_RATIO < rawLength;
}

/**
 * A raw image as it goes into frames; one that compression makes no smaller, or too small, is stored as it is. What is compressed has
 * memory of its own.
 */
export function compress(raw: Buffer, algorithm: CompressionAlgorithm): { readonly codec: Codec; readonly stored: Buffer } {
  if (algorithm === "NONE" || raw.length === 0) return { codec: CODEC.STORED, stored: raw };
  const stored = codec().compress(raw, LEVELS[algorithm]);
  const isBetter = stored.length < raw.length && !isTooDense(raw.length, stored.length);
  return isBetter ? { codec: CODEC.ZSTD, stored } : { codec: CODEC.STORED, stored: raw };
}

/**
 * The raw image of a zstd frame that must yield exactly `rawLength` bytes; it never expands to more.
 * @param allocate gives the memory for it
 */
export function decompress(stored: Buffer, rawLength: number, allocate: Allocate = allocateNew): Buffer {
  checkZstdFrame(stored, rawLength);
  const raw = expand(stored, rawLength, allocate);
  if (raw.length !== rawLength) throw new FormatError("invalid", `the image has ${raw.length} bytes, not ${rawLength}`);
  return raw;
}

function allocateNew(length: number): Buffer {
  return Buffer.allocUnsafeSlow(length);
}

function expand(stored: Buffer, rawLength: number, allocate: Allocate): Buffer {
  try {
    return codec().decompress(stored, rawLength, allocate);
  } catch (error) {
    throw new FormatError("invalid", `decompression failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function codec(): ZstdCodec {
  if (loaded === undefined) throw new Error("loadCodec() has to be awaited first");
  return loaded;
}
