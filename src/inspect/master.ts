import { pumpError, type ErrorLine } from "../base/errors.ts";
import { PIECE_TYPE } from "../dump/piece.ts";
import { readPiece, type OpenFile } from "../dump/piece-reader.ts";
import type { DumpFileSet } from "../dump/reader.ts";
import { verifySegment } from "../dump/verify.ts";
import { decodeMasterTable, type MasterPiece, type MasterTable } from "../metadata/master-table.ts";
import { BadImage } from "../sqlite/piece-image.ts";

/** @throws ORA-31694 when the master table is not what one is */
export async function readMaster(set: DumpFileSet, openFile: OpenFile): Promise<MasterTable> {
  const location = set.masterPiece();
  const raw = await readPiece(location, openFile);
  try {
    return decodeMasterTable(raw);
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
