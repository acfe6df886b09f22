import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { PumpError } from "../../src/base/errors.ts";
import { loadCodec, type CompressionAlgorithm } from "../../src/format/compression.ts";
import type { DumpFilePattern } from "../../src/dump/names.ts";
import { encodePiece, type EncodedPiece, type PieceIdentity } from "../../src/dump/piece.ts";
import { OpenFiles } from "../../src/dump/open-files.ts";
import { readPiece, type OpenFile } from "../../src/dump/piece-reader.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import { checksumAlgorithm, faultOf, sumSegment, type SegmentSums } from "../../src/dump/verify.ts";
import { DumpFileSetWriter, type DumpFileSetOptions, type DumpFileSpecification } from "../../src/dump/writer.ts";
import { NO_KEYS } from "../../src/dump/set-key.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import type { Storage } from "../../src/storage/storage.ts";

await loadCodec();

export const GUID = "00112233445566778899AABBCCDDEEFF";

/** A raw image and what it is. */
export interface RawPiece extends Partial<PieceIdentity> {
  readonly raw: Buffer;
  readonly algorithm?: CompressionAlgorithm;
}

export const MASTER: RawPiece = { type: 3, object: 0, raw: Buffer.from("the master table"), rows: 1 };

/** An empty folder that goes when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tsdp-dump-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export function encoded({ raw, algorithm = "BASIC", ...identity }: RawPiece): EncodedPiece {
  return encodePiece({ type: 1, object: 1, piece: 1, image: 0, rows: 0, ...identity }, raw, algorithm);
}

/** A dump file as ADD_FILE names it. */
export function specification(path: string, change: Partial<DumpFileSpecification> = {}): DumpFileSpecification {
  return { directoryPath: dirname(path), name: basename(path), reuse: false, fileSize: null, ...change };
}

export function setOptions(paths: readonly string[], change: Partial<DumpFileSetOptions> = {}): DumpFileSetOptions {
  return {
    guid: GUID,
    formatMinor: 1,
    jobName: '"HR"."SYS_EXPORT_SCHEMA_01"',
    instance: "hr",
    encoding: "UTF-8",
    databaseVersion: "3.53.2",
    compressionAlgorithm: "BASIC",
    metadataCompressed: true,
    dataCompressed: true,
    files: paths.map((path) => specification(path)),
    openFiles: 1,
    checksum: null,
    encryption: null,
    storage: new LocalStorage(),
    writerVersion: "tsdp 0.0.0",
    creationTime: new Date(2024, 0, 2, 3, 4, 5),
    ...change,
  };
}

export async function writeSet(
  paths: readonly string[],
  pieces: readonly RawPiece[],
  change: Partial<DumpFileSetOptions> = {},
): Promise<void> {
  const writer = await DumpFileSetWriter.create(setOptions(paths, change));
  await Promise.all(pieces.map((piece) => writer.append(encoded(piece))));
  await writer.finish(encoded(MASTER));
}

/** Bytes that do not compress. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0, x = seed; i < length; i += 1) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

/** Every image of a set, by type, object, piece and image. */
export async function readAll(
  paths: readonly (string | DumpFilePattern)[],
  storage: Storage = new LocalStorage(),
  keyring = NO_KEYS,
): Promise<Map<string, Buffer>> {
  const set = await DumpFileSet.open(paths, storage, keyring);
  const locations = [...set.pieces.values(), ...set.descriptions.values(), [set.masterPiece()]].flat();
  const images = new Map<string, Buffer>();
  await withFiles(storage, async (openFile) => {
    for (const location of locations) {
      const { type, object, piece, image } = location;
      images.set(`${type}/${object}/${piece}/${image}`, await readPiece(structuredClone(location), openFile));
    }
  });
  return images;
}

/** Checks every byte of every file without decompressing. @throws ORA-39412 for the first file that differs */
export async function verifyFiles(set: DumpFileSet, openFile: OpenFile): Promise<void> {
  for (const file of set.files) {
    const reader = await openFile(file.path);
    const sums: SegmentSums[] = [];
    for (const segment of file.segments) sums.push(await sumSegment(reader, segment, checksumAlgorithm(file)));
    const fault = faultOf(file, sums);
    if (fault !== null) throw fault;
  }
}

/** Gives each file one reader and closes all of them. */
export async function withFiles(storage: Storage, step: (openFile: OpenFile) => Promise<void>): Promise<void> {
  const files = new OpenFiles(storage);
  try {
    await step(files.open);
  } finally {
    await files.close();
  }
}

/** The codes of the error stack that a step ends with; none when it succeeds. */
export async function codesOf(step: Promise<unknown>): Promise<readonly string[]> {
  try {
    await step;
  } catch (error) {
    if (error instanceof PumpError) return error.lines.map(({ code }) => code);
    throw error;
  }
  return [];
}
