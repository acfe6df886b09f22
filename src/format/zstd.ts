import * as zlib from "node:zlib";

/** One implementation of zstd. All of them write and read the same frames (RFC 8878). */
export interface ZstdCodec {
  readonly name: string;
  compress(bytes: Buffer, level: number): Buffer;
  /** The caller has checked that the frame states this size. */
  decompress(bytes: Buffer, contentSize: number): Buffer;
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

interface NativeModule {
  readonly Compressor: new () => {
    setParameters(parameters: { compressionLevel: number }): void;
    compress(bytes: Buffer): Buffer;
  };
  readonly Decompressor: new () => { decompress(bytes: Buffer): Buffer };
}

/** An optional dependency: without a compiler and without a prebuilt binary it is not installed, so its types can't be relied on. */
const NATIVE_PACKAGE: string = "zstd-napi";

async function loadNative(): Promise<ZstdCodec | undefined> {
  let native: NativeModule;
  try {
    native = (await import(NATIVE_PACKAGE)) as NativeModule;
  } catch {
    return undefined; // not installed or not built here: the next implementation takes over
  }
  const compressors = new Map<number, InstanceType<NativeModule["Compressor"]>>();
  const decompressor = new native.Decompressor();
  const compressorOf = (level: number) => {
    const known = compressors.get(level);
    if (known !== undefined) return known;
    const compressor = new native.Compressor();
    compressor.setParameters({ compressionLevel: level });
    compressors.set(level, compressor);
    return compressor;
  };
  return {
    name: "zstd-napi",
    compress: (bytes, level) => compressorOf(level).compress(bytes),
    decompress: (bytes) => decompressor.decompress(bytes),
  };
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
    compress: (bytes, level) => zstdCompressSync(bytes, { params: { [COMPRESSION_LEVEL]: level }, pledgedSrcSize: bytes.length }),
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
      return toBuffer(wasm.compress(bytes, level));
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
