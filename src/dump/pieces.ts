import { CIPHER, cipherOverhead, type FileKey } from "../format/encryption.ts";
import { CODEC, FRAME_HEADER_LENGTH, PIECE_TYPE, type ImageFacts, type PieceType } from "../format/frame.ts";
import type { Segment } from "../format/segment-index.ts";
import { invalidDumpFile } from "./faults.ts";
import type { DumpFile } from "./file-ends.ts";
import { lengthProblem } from "./limits.ts";
import { pieceLabel, type PieceLocation, type PieceSegment } from "./piece.ts";

/** The pieces of a set, by what they hold; those of an object in order, a second image right after the first. */
export interface SetPieces {
  readonly tableData: ReadonlyMap<number, readonly PieceLocation[]>;
  readonly descriptions: ReadonlyMap<number, readonly PieceLocation[]>;
  /** By the number of the schema. */
  readonly pages: ReadonlyMap<number, readonly PieceLocation[]>;
  readonly master: PieceLocation | undefined;
}

/**
 * Puts the segments of all files together to pieces.
 * @throws ORA-31619 for frames or pieces that are missing, doubled or contradict each other.
 */
export function assemblePieces(files: readonly DumpFile[], keys: ReadonlyMap<number, FileKey> | null): SetPieces {
  const images = groupSegments(files).map((segments) => joinSegments(segments, keys));
  const masters = images.filter(({ type }) => type === PIECE_TYPE.MASTER_TABLE);
  const [master, second] = masters;
  if (second !== undefined) throw invalidDumpFile(pathOf(second), "there is more than one master table");
  for (const image of images) checkMetadata(image);
  return {
    tableData: groupByObject(images, PIECE_TYPE.TABLE_DATA),
    descriptions: groupByObject(images, PIECE_TYPE.OBJECT_DESCRIPTION),
    pages: groupByObject(images, PIECE_TYPE.DATABASE_PAGES),
    master,
  };
}

interface PlacedSegment {
  readonly segment: Segment;
  readonly file: DumpFile;
}

/** Segments of one image each, in the order of their frames. */
function groupSegments(files: readonly DumpFile[]): PlacedSegment[][] {
  const groups = new Map<string, PlacedSegment[]>();
  for (const file of files) {
    for (const segment of file.segments) {
      const key = `${segment.type}/${segment.object}/${segment.piece}/${segment.image}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [{ segment, file }]);
      else group.push({ segment, file });
    }
  }
  return [...groups.values()].map((group) => group.sort((a, b) => a.segment.firstFrame - b.segment.firstFrame));
}

function joinSegments(segments: readonly PlacedSegment[], keys: ReadonlyMap<number, FileKey> | null): PieceLocation {
  if (segments[0] === undefined) throw new RangeError("an image has at least one segment");
  const { segment: first, file: firstFile } = segments[0];
  let nextFrame = 0;
  let payload = 0;
  segments.forEach(({ segment, file }, i) => {
    const isLast = i === segments.length - 1;
    if (segment.firstFrame !== nextFrame || segment.last !== isLast || !sameImage(segment, first)) {
      throw invalidDumpFile(file.path, `${pieceLabel(segment)}: frames are missing, doubled or not of one image`);
    }
    nextFrame += segment.frames;
    payload += segment.length - segment.frames * (FRAME_HEADER_LENGTH + cipherOverhead(segment.cipher));
  });
  if (payload !== first.storedLength || (first.codec === CODEC.STORED && first.storedLength !== first.rawLength)) {
    throw invalidDumpFile(firstFile.path, `${pieceLabel(first)}: its lengths contradict each other`);
  }
  if (first.cipher !== CIPHER.NONE && keys === null)
    throw invalidDumpFile(firstFile.path, `${pieceLabel(first)}: it is encrypted, the set is not`);
  const tooLong = lengthProblem(first);
  if (tooLong !== undefined) throw invalidDumpFile(firstFile.path, `${pieceLabel(first)}: ${tooLong}`);
  return locationOf(first, firstFile.header.guid, segments, keys);
}

function sameImage(a: ImageFacts, b: ImageFacts): boolean {
  return (
    a.codec === b.codec &&
    a.cipher === b.cipher &&
    a.rawLength === b.rawLength &&
    a.storedLength === b.storedLength &&
    a.rows === b.rows
  );
}

function locationOf(
  facts: ImageFacts,
  guid: string,
  segments: readonly PlacedSegment[],
  keys: ReadonlyMap<number, FileKey> | null,
): PieceLocation {
  const { type, codec, cipher, image, object, piece, rawLength, storedLength, rows } = facts;
  const places = segments.map((segment) => placeOf(segment, keys?.get(segment.file.number) ?? null));
  return { guid, type, codec, cipher, image, object, piece, rawLength, storedLength, rows, segments: places };
}

function placeOf({ segment, file }: PlacedSegment, key: FileKey | null): PieceSegment {
  const { offset, length, firstFrame, frames, last, digest } = segment;
  const place = { path: file.path, fileNumber: file.number, offset, length, firstFrame, frames, last };
  return { ...place, digest: digest.toString("hex"), key };
}

function groupByObject(images: readonly PieceLocation[], type: PieceType): ReadonlyMap<number, readonly PieceLocation[]> {
  const objects = new Map<number, PieceLocation[]>();
  const ofType = images.filter((image) => image.type === type);
  for (const location of ofType.sort((a, b) => a.object - b.object || a.piece - b.piece || a.image - b.image)) {
    const pieces = objects.get(location.object);
    if (pieces === undefined) objects.set(location.object, [location]);
    else pieces.push(location);
  }
  for (const pieces of objects.values()) checkNumbers(pieces);
  return objects;
}

/** Only rows have a second image, and only what is large comes in several pieces; the master table is of no object. */
function checkMetadata(location: PieceLocation): void {
  const { type, object, piece, image } = location;
  if (type === PIECE_TYPE.TABLE_DATA) return;
  const isOnly = type !== PIECE_TYPE.DATABASE_PAGES;
  if ((isOnly && piece !== 1) || image !== 0 || (type === PIECE_TYPE.MASTER_TABLE && object !== 0))
    throw invalidDumpFile(pathOf(location), `${pieceLabel(location)}: it has another number than it can have`);
}

/** Pieces are numbered 1..n; a second image follows the first of its piece and has as many rows. */
function checkNumbers(pieces: readonly PieceLocation[]): void {
  let number = 0;
  let rows = 0;
  for (const location of pieces) {
    const { piece, image } = location;
    if (image === 0) number += 1;
    if (piece !== number || image > 1 || (image === 1 && location.rows !== rows)) {
      throw invalidDumpFile(pathOf(location), `${pieceLabel(location)}: a piece before it is missing`);
    }
    rows = location.rows;
  }
}

function pathOf(location: PieceLocation): string {
  return location.segments[0]?.path ?? "";
}
