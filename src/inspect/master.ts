import { pumpError, type ErrorLine } from "../base/errors.ts";
import { PIECE_TYPE, type PieceLocation } from "../dump/piece.ts";
import { readPiece, type OpenFile } from "../dump/piece-reader.ts";
import type { DumpFileSet } from "../dump/reader.ts";
import { verifySegment } from "../dump/verify.ts";
import { decodeMasterTable, type MasterPiece, type MasterTable } from "../metadata/master-table.ts";
import { BadImage } from "../sqlite/piece-image.ts";
import { isSplit } from "../sqlite/piece-table.ts";
import { pagesProblem } from "./pages.ts";

/** @throws ORA-31694 when the master table is not what one is, or not that of these pieces */
export async function readMaster(set: DumpFileSet, openFile: OpenFile): Promise<MasterTable> {
  return readMasterAs(set, openFile, (master) => {
    checkAgreement(set, master);
  });
}

/** The master table as it is; whoever reads it so tells what of it is not true of the set. @throws ORA-31694 when it is none */
export async function readUnheldMaster(set: DumpFileSet, openFile: OpenFile): Promise<MasterTable> {
  return readMasterAs(set, openFile, () => undefined);
}

async function readMasterAs(set: DumpFileSet, openFile: OpenFile, check: (master: MasterTable) => void): Promise<MasterTable> {
  const location = set.masterPiece();
  const raw = await readPiece(location, openFile);
  try {
    const master = decodeMasterTable(raw);
    check(master);
    return master;
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    const cause: ErrorLine = {
      code: "TSDP-00010",
      text: error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message,
    };
    const path = location.segments[0]?.path ?? "";
    throw pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31619", path], ["ORA-31694", ""], cause], undefined, error);
  }
}

/** @throws BadImage unless every object is there once, and of a schema, and has the pieces that the master table lists */
function checkAgreement(set: DumpFileSet, master: MasterTable): void {
  const schemas = new Set(master.schemas.map(({ name }) => name));
  const objects = new Map(master.objects.map((object) => [object.id, object]));
  if (schemas.size !== master.schemas.length || objects.size !== master.objects.length)
    throw new BadImage("the master table holds a schema or an object twice");
  if (master.objects.some(({ schema }) => !schemas.has(schema))) throw new BadImage("the master table lacks a schema");
  const problem = pagesProblem(set, master);
  if (problem !== null) throw new BadImage(problem);
  const groups = groupPieces(master);
  for (const id of new Set([...groups.keys(), ...set.pieces.keys()])) {
    const shape = objects.get(id)?.shape ?? null;
    if (shape === null || !arePiecesOf(groups.get(id) ?? [], set.pieces.get(id) ?? [], isSplit(shape)))
      throw new BadImage(`the master table and the pieces of the dump disagree on object ${id}`);
  }
}

/** None is left out, none comes twice, their ordinals are 0, 1, 2, ... in any order, and all or none have a second image. */
function arePiecesOf(listed: readonly MasterPiece[], found: readonly PieceLocation[], split: boolean): boolean {
  if (found.filter(({ image }) => image === 1).length !== (split ? listed.length : 0)) return false;
  const rows = new Map(found.map((location) => [location.piece, location.rows]));
  const ordinals = new Set(listed.map(({ ordinal }) => ordinal).filter((ordinal) => ordinal < listed.length));
  const numbers = new Set(listed.map(({ piece }) => piece));
  const sizes = [numbers.size, ordinals.size, rows.size];
  return sizes.every((size) => size === listed.length) && listed.every((piece) => rows.get(piece.piece) === piece.rows);
}

/** Definitions that precede the rows are read only when a dump has lost its end; they are checked all the same. */
export async function verifyDescriptions(set: DumpFileSet, openFile: OpenFile): Promise<void> {
  for (const file of set.files) {
    for (const segment of file.segments) {
      if (segment.type === PIECE_TYPE.OBJECT_DESCRIPTION) await verifySegment(await openFile(file.path), segment);
    }
  }
}

/** The pieces of each object, as the master table lists them. */
export function groupPieces({ pieces }: MasterTable): ReadonlyMap<number, readonly MasterPiece[]> {
  const groups = new Map<number, MasterPiece[]>();
  for (const piece of pieces) {
    const group = groups.get(piece.object);
    if (group === undefined) groups.set(piece.object, [piece]);
    else group.push(piece);
  }
  return groups;
}

/** A piece of a table's rows and how many there are. */
export interface PieceOfRows {
  readonly location: PieceLocation;
  /** The image of the columns that are kept apart; null for a table that has none. */
  readonly second: PieceLocation | null;
  readonly rows: number;
  /** Of its images, decompressed. */
  readonly bytes: number;
}

/**
 * The pieces of a table in the order of its rows.
 * @param table as messages name it
 * @throws ORA-39000 when the master table and the index of the dump disagree
 */
export function piecesInOrder(
  table: string,
  listed: readonly MasterPiece[],
  stored: readonly PieceLocation[],
): readonly PieceOfRows[] {
  const imagesOf = (image: number) =>
    new Map(stored.filter((location) => location.image === image).map((location) => [location.piece, location]));
  const [locations, seconds] = [imagesOf(0), imagesOf(1)];
  return [...listed]
    .sort((a, b) => a.ordinal - b.ordinal)
    .map(({ piece, rows }) => {
      const location = locations.get(piece);
      if (location?.rows !== rows) {
        const reason = `the master table and the pieces of the dump disagree on piece ${piece} of ${table}`;
        throw pumpError([["ORA-39001"], ["ORA-39000"], ["TSDP-00010", reason]]);
      }
      const second = seconds.get(piece) ?? null;
      return { location, second, rows, bytes: location.rawLength + (second?.rawLength ?? 0) };
    });
}
