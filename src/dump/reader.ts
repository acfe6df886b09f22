import { pumpError, type PumpError, type StackEntry } from "../base/errors.ts";
import type { FileHeader } from "../format/header.ts";
import { ITEM } from "../format/items.ts";
import { LocalStorage } from "../storage/local.ts";
import type { Storage } from "../storage/storage.ts";
import { BAD_DUMP_FILE, invalidDumpFile } from "./faults.ts";
import { hasSetList, isListed, type DumpFile } from "./file-ends.ts";
import { addSiblings, openDumpFiles } from "./find.ts";
import { SetAllowance } from "./limits.ts";
import { expandTemplate, isTemplate, type DumpFilePattern } from "./names.ts";
import type { PieceLocation } from "./piece.ts";
import { keysOfFiles, NO_KEYS, openSetKey } from "./set-key.ts";
import { assemblePieces, type SetPieces } from "./pieces.ts";
import type { UnwantedFile } from "./siblings.ts";

/** Missing files that an error names: a header can list any number. */
const MOST_NAMES_SHOWN = 10;

/** The files of one export, found to be whole and to belong together. No file is kept open. */
export class DumpFileSet {
  /** In the order of their numbers. */
  readonly files: readonly DumpFile[];
  /** The header of the file in which the master table ends. */
  readonly header: FileHeader;
  /** Table data by object number; the pieces of an object in order, a second image right after the first. */
  readonly pieces: ReadonlyMap<number, readonly PieceLocation[]>;
  /** Object descriptions by object number. */
  readonly descriptions: ReadonlyMap<number, readonly PieceLocation[]>;
  /** Files that templates stand for and that are none of the set. */
  readonly passedOver: readonly string[];
  /** Pages of schema files, by the number of the schema in the master table, from 1. */
  readonly pages: ReadonlyMap<number, readonly PieceLocation[]>;
  readonly #master: PieceLocation;

  private constructor(found: Pick<DumpFileSet, "files" | "header" | "passedOver">, pieces: SetPieces, master: PieceLocation) {
    const { files, header, passedOver } = found;
    this.files = files;
    this.header = header;
    this.passedOver = passedOver;
    this.pieces = pieces.tableData;
    this.descriptions = pieces.descriptions;
    this.pages = pieces.pages;
    this.#master = master;
  }

  /**
   * Finds the files of a set, and reads header, trailer and index of each; pieces are not read. A template stands for the files that
   * follow each other from its number 1, as long as they are of one set. When files are missing, those that the headers name are
   * looked for in the same folders, and in `folders`; then any others there that say they are of the set.
   * @param files paths, or names and templates of names with their folders
   * @throws ORA-39001, ORA-39000 and below them: ORA-31640 missing, ORA-31619 damaged or cut off, ORA-39411 header damaged,
   * ORA-39143 of original Export, ORA-39142 newer format or of Oracle's expdp, ORA-39141 a file twice, ORA-39140 a file of
   * another job, ORA-39059 files missing, ORA-39246 no master table, ORA-39412 a file that is not the one the set was finished with;
   * ORA-39002 with ORA-39174, 39175, 39176, 28362 or 28365 for an encrypted set.
   */
  static async open(
    files: readonly (string | DumpFilePattern)[],
    storage: Storage = new LocalStorage(),
    keyring = NO_KEYS,
    folders: readonly string[] = [],
  ): Promise<DumpFileSet> {
    const allowance = new SetAllowance();
    const { given, stoppedBy, passedOver } = await openDumpFiles(files, storage, allowance);
    const named = given.find(hasSetList) ?? given[0];
    if (named === undefined) throw pumpError([...BAD_DUMP_FILE, ["ORA-39144"]]);
    for (const file of given) checkMembership(file, named);
    const { files: found, foreign } = await addSiblings(checkDuplicates(given), { storage, folders, allowance });
    const first = found.find(hasSetList) ?? named;
    try {
      checkComplete(found, first, foreign);
    } catch (error) {
      throw stoppedBy ?? error;
    }
    const key = await openSetKey(first.header, keyring);
    const pieces = assemblePieces(found, keysOfFiles(found, key));
    if (pieces.master === undefined) throw pumpError([...BAD_DUMP_FILE, ["ORA-39246"]]);
    return new DumpFileSet({ files: found, header: first.header, passedOver }, pieces, pieces.master);
  }

  masterPiece(): PieceLocation {
    return this.#master;
  }
}

function checkMembership(file: DumpFile, first: DumpFile): void {
  if (file.header.guid === first.header.guid) return;
  throw pumpError([...BAD_DUMP_FILE, strangerLine(file)], `Import the files of ${jobNameOf(file)} by themselves.`);
}

function strangerLine(file: UnwantedFile): StackEntry {
  return ["ORA-39140", file.path, jobNameOf(file)];
}

/** The job that has written a file, or the GUID of its set. */
export function jobNameOf({ header }: Pick<UnwantedFile, "header">): string {
  return header.items.get(ITEM.JOB_NAME) ?? header.guid;
}

/** The files in the order of their numbers. */
function checkDuplicates(given: readonly DumpFile[]): readonly DumpFile[] {
  const byNumber = new Map<number, DumpFile>();
  for (const file of given) {
    const known = byNumber.get(file.number);
    if (known !== undefined)
      throw pumpError([...BAD_DUMP_FILE, ["ORA-39141", file.path, known.path]], "Name each file of the set once.");
    byNumber.set(file.number, file);
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}

/** Every file in the list of the set is there, as it was finished, and no other. */
function checkComplete(files: readonly DumpFile[], first: DumpFile, foreign: readonly UnwantedFile[]): void {
  const listed = first.trailer.files;
  if (listed === undefined) throw pumpError([...BAD_DUMP_FILE, ["ORA-39059"], ["ORA-39246"]]);
  const second = files.find((file) => file !== first && hasSetList(file));
  if (second !== undefined) throw invalidDumpFile(second.path, "a second file lists the files of the set");
  const present = new Set(files.map(({ number }) => number));
  const missing = listed.map(({ number }) => number).filter((number) => !present.has(number));
  if (missing.length > 0) throw missingFiles(files, first, { missing, foreign, total: listed.length });
  for (const file of files) {
    if (file.number > listed.length) throw invalidDumpFile(file.path, `the set has no file ${file.number}`);
    if (!isListed(file, listed)) throw pumpError([...BAD_DUMP_FILE, ["ORA-39412", file.path]]);
  }
}

/** @param facts the numbers that are missing of so many, and files of other sets under names of this one */
function missingFiles(
  files: readonly DumpFile[],
  first: DumpFile,
  { missing, foreign, total }: { missing: readonly number[]; foreign: readonly UnwantedFile[]; total: number },
): PumpError {
  const known = new Set(files.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)));
  const names = first.header.fileNames.filter((name) => !isTemplate(name) && !known.has(expandTemplate(name, 1) ?? ""));
  const shown = names.slice(0, MOST_NAMES_SHOWN).map((name) => ["ORA-39245", name] as const);
  const strangers = foreign.slice(0, MOST_NAMES_SHOWN).map(strangerLine);
  const which = `The set has ${total} files; not given: number ${missing.slice(0, 10).join(", ")}.`;
  const advice =
    strangers.length === 0
      ? "`tsdp dumpinfo` shows the number of a file."
      : "A file of another job has the name of one of them: name the right one, or put it beside the others under any name.";
  return pumpError([...BAD_DUMP_FILE, ["ORA-39059"], ...shown, ...strangers], `${which} ${advice}`);
}
