import { createHash } from "node:crypto";
import { decodeHeader, hasHeaderMagic, headerLength, HEADER_PREFIX_LENGTH, type FileHeader } from "../format/header.ts";
import { decodeIndex, indexEntries, type Segment } from "../format/segment-index.ts";
import { decodeFooter, decodeTrailer, digestFile, FOOTER_LENGTH, type DecodedTrailer, type SetFile } from "../format/trailer.ts";
import type { StorageReader } from "../storage/storage.ts";
import { decoding, invalidDumpFile } from "./faults.ts";
import { SetAllowance } from "./limits.ts";

/** What begins and ends a dump file: enough to describe it, whatever its size. */
export interface FileEnds {
  readonly path: string;
  /** Bytes of the whole file. */
  readonly size: number;
  readonly header: FileHeader;
  readonly headerBytes: Buffer;
  readonly trailer: DecodedTrailer;
}

/** One dump file of a set, its index read and checked. */
export interface DumpFile extends FileEnds {
  readonly number: number;
  readonly segments: readonly Segment[];
}

/** Most bytes that are looked at to tell what kind of file it is. */
const FIRST_BLOCK_LENGTH = 4096;

/** The first bytes of any file. */
export async function readFirstBlock(reader: StorageReader): Promise<Buffer> {
  return reader.read(0, Math.min(FIRST_BLOCK_LENGTH, reader.size));
}

/** @throws ORA-31619 for a file that is none or is cut off, ORA-39411 for a damaged header, ORA-39142 for a newer format */
export async function readHeader(reader: StorageReader, firstBlock: Buffer): Promise<Pick<FileEnds, "header" | "headerBytes">> {
  const { path } = reader;
  if (!hasHeaderMagic(firstBlock)) throw invalidDumpFile(path, "it does not begin as a dump file of tsdp does");
  const headerBytes = await readHeaderBytes(reader, firstBlock);
  return { header: decoding(path, "header", () => decodeHeader(headerBytes)), headerBytes };
}

/**
 * Reads header and trailer.
 * @throws ORA-31619 for a file that is damaged or cut off, ORA-39411 for a damaged header, ORA-39142 for a newer format.
 */
export async function readFileEnds(reader: StorageReader, firstBlock: Buffer): Promise<FileEnds> {
  const { path, size } = reader;
  const { header, headerBytes } = await readHeader(reader, firstBlock);
  if (size < headerBytes.length + FOOTER_LENGTH) throw invalidDumpFile(path, "the file is cut off, or was not finished");
  const footerBytes = await reader.read(size - FOOTER_LENGTH, FOOTER_LENGTH);
  const footer = decoding(path, "footer", () => decodeFooter(footerBytes, size));
  const trailerBytes = await reader.read(footer.trailerOffset, footer.trailerLength);
  const trailer = decoding(path, "trailer", () => decodeTrailer(trailerBytes, footer.trailerOffset));
  return { path, size, header, headerBytes, trailer };
}

/** Reads header, trailer and index, and checks them against each other. */
export async function readDumpFile(reader: StorageReader, firstBlock: Buffer, allowance = new SetAllowance()): Promise<DumpFile> {
  const ends = await readFileEnds(reader, firstBlock);
  const { path, size, header, headerBytes, trailer } = ends;
  const trailerLength = size - trailer.indexOffset - trailer.indexLength;
  allowance.take(path, headerBytes.length + trailerLength, indexEntries(trailer.indexLength));
  const indexBytes = await reader.read(trailer.indexOffset, trailer.indexLength);
  if (!createHash("sha256").update(indexBytes).digest().equals(trailer.indexDigest)) {
    throw invalidDumpFile(path, "the checksum of the index is wrong");
  }
  const segments = decoding(path, "index", () => decodeIndex(indexBytes, headerBytes.length, trailer.indexOffset));
  if (!digestFile(headerBytes, segments).equals(trailer.fileDigest)) {
    throw invalidDumpFile(path, "header, index and trailer are not of one file");
  }
  return { ...ends, number: header.fileNumber, segments };
}

/** Whether a file lists the files of its set: the one in which the master table ends. */
export function hasSetList({ trailer }: FileEnds): boolean {
  return trailer.files !== undefined;
}

/** Whether a file is the one that the list of its set has under its number: as it was finished with the set. */
export function isListed({ number, size, trailer }: DumpFile, list: readonly SetFile[]): boolean {
  const entry = list[number - 1];
  return entry !== undefined && entry.length === size && entry.digest.equals(trailer.fileDigest);
}

async function readHeaderBytes(reader: StorageReader, firstBlock: Buffer): Promise<Buffer> {
  if (firstBlock.length < HEADER_PREFIX_LENGTH) throw invalidDumpFile(reader.path, "the file is cut off");
  const length = decoding(reader.path, "header", () => headerLength(firstBlock));
  if (length > reader.size) throw invalidDumpFile(reader.path, "the file is cut off");
  return length <= firstBlock.length ? firstBlock.subarray(0, length) : reader.read(0, length);
}
