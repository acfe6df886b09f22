import * as zlib from "node:zlib";
import { ReusedBuffer } from "../base/reused-buffer.ts";

/** Gives a buffer of a length. */
export type Allocate = (length: number) => Buffer;

/** One implementation of zstd. All of them write and read the same frames (RFC 8878). */
export interface ZstdCodec {
  readonly name: string;
  /** The result has memory of its own, which may be given to another thread. */
  compress(bytes: Buffer, level: number): Buffer;
  /** The caller has checked that the frame states this size. What is allocated may or may not be used. */
  decompress(bytes: Buffer, contentSize: number, allocate: Allocate): Buffer;
}

export type ZstdCodecName = "zstd-napi" | "node:zlib" | "zstd-wasm";

const LOADERS: Readonly<Record<ZstdCodecName, () => Promise<ZstdCodec | undefined>>> = {
  "zstd-napi": loadNative,
  "node:zlib": () => Promise.resolve(fromZlib()),
  "zstd-wasm": loadWasm,
};

/** Fastest first; the last is there on every platform. */
export const ZSTD_CODECS: readonly ZstdCodecName[] = ["zstd-napi", "node:zlib", "zstd-wasm"];

/** Loads one implementation; undefined when this installation or this Node does not have it. */
export async function loadZstdCodec(name: ZstdCodecName): Promise<ZstdCodec | undefined> {
  return LOADERS[name]();
}

/** The lower of the two interfaces of zstd-napi: it lets the caller say where the result goes. */
interface NativeModule {
  readonly CCtx: new () => {
    setParameter(parameter: number, value: number): void;
    /** @returns the length of the result */
    compress2(into: Buffer, bytes: Buffer): number;
  };
  readonly DCtx: new () => { decompress(into: Buffer, bytes: Buffer): number };
  readonly CParameter: { readonly compressionLevel: number };
  readonly compressBound: (length: number) => number;
}

/** An optional dependency: without a compiler and without a prebuilt binary it is not installed, so its types can't be relied on. */
const NATIVE_PACKAGE: string = "zstd-napi/binding.js";

async function loadNative(): Promise<ZstdCodec | undefined> {
  let native: NativeModule;
  try {
    ({ default: native } = (await import(NATIVE_PACKAGE)) as { default: NativeModule });
  } catch {
    return undefined; // not installed or not built here: the next implementation takes over
  }
  const compressors = new Map<number, InstanceType<NativeModule["CCtx"]>>();
  const decompressor = new native.DCtx();
  const room = new ReusedBuffer();
  const compressorOf = (level: number) => {
    const known = compressors.get(level);
    if (known !== undefined) return known;
    const compressor = new native.CCtx();
    compressor.setParameter(native.CParameter.compressionLevel, level);
    compressors.set(level, compressor);
    return compressor;
  };
  return {
    name: "zstd-napi",
    compress: (bytes, level) => {
      const into = room.take(native.compressBound(bytes.length));
      return ownCopy(into.subarray(0, compressorOf(level).compress2(into, bytes)));
    },
    decompress: (bytes, contentSize, allocate) => {
      const into = allocate(contentSize);
      return into.subarray(0, decompressor.decompress(into, bytes));
    },
  };
}

/** Neither of a pool, nor in memory that native code has allocated: Node 22 refuses to move that. */
function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** What Node 22.15 and newer add to node:zlib. */
interface ZlibZstd {
  readonly zstdCompressSync: (bytes: Buffer, options: { params: Record<number, number>; pledgedSrcSize: number }) => Buffer;
  readonly zstdDecompressSync: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer;
}

/** ZSTD_c_compressionLevel. */
const COMPRESSION_LEVEL = 100;

function fromZlib(): ZstdCodec | undefined {
  const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as Partial<ZlibZstd>;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined;
  return {
    name: "node:zlib",
    compress: (bytes, level) =>
      ownCopy(zstdCompressSync(bytes, { params: { [COMPRESSION_LEVEL]: level }, pledgedSrcSize: bytes.length })),
    decompress: (bytes, contentSize) => zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, contentSize) }),
  };
}

/** WebAssembly memory ends at 2 GiB and its allocator is not asked whether it succeeded: stay far below. */
const WASM_LIMIT = 3 * (1 << 29);

async function loadWasm(): Promise<ZstdCodec> {
  const wasm = await import("@bokuweb/zstd-wasm");
  await wasm.init();
  const fits = (need: number) => {
    if (need > WASM_LIMIT) throw new Error(`an image of this size (${need} bytes with its copy) needs zstd-napi or Node 22.15`);
  };
  return {
    name: "zstd-wasm",
    compress: (bytes, level) => {
      fits(2 * bytes.length);
      return ownCopy(wasm.compress(bytes, level));
    },
    decompress: (bytes, contentSize) => {
      fits(bytes.length + contentSize);
      return toBuffer(wasm.decompress(bytes));
    },
  };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
