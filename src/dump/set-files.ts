import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { pumpError, type PumpError } from "../base/errors.ts";
import type { ChecksumAlgorithm } from "../format/checksum.ts";
import { FORMAT_MAJOR, SALT_LENGTH } from "../format/header.ts";
import { MAX_SET_FILES } from "../format/trailer.ts";
import type { Storage, StorageWriter } from "../storage/storage.ts";
import { BAD_DUMP_FILE } from "./faults.ts";
import { DumpFileWriter, frameCount, type FileCheckpoint, type FileRules, type PiecePart, type Planned } from "./file-writer.ts";
import { headerItems, type DumpFileSetFacts } from "./header-items.ts";
import { dumpFilePath, isTemplate, isUrl, patternPath, type DumpFilePattern } from "./names.ts";
import type { EncodedPiece } from "./piece.ts";

/** What ADD_FILE has said of a dump file, or of all files of a template. */
export interface DumpFileSpecification extends DumpFilePattern {
  readonly reuse: boolean;
  /** Largest size of each file in bytes; null: no limit. */
  readonly fileSize: number | null;
}

export interface DumpFileSetOptions extends DumpFileSetFacts {
  /** At least one. A template makes further files when those that there are, are full or fewer than `openFiles`. */
  readonly files: readonly DumpFileSpecification[];
  /** So many files are written in turn, as far as there are templates to make them. */
  readonly openFiles: number;
  /** CHECKSUM_ALGORITHM; null: no CHECKSUM. */
  readonly checksum: ChecksumAlgorithm | null;
  readonly storage: Storage;
  /** `tsdp 0.1.0`. */
  readonly writerVersion: string;
  readonly creationTime?: Date;
  /** Called before a file is made. @throws when it must not be. */
  readonly guard?: (path: string) => void;
  /**
   * Called before a file is begun. What it returns is told the identity by which its storage knows it, null when it could not be
   * begun.
   */
  readonly beginning?: (path: string) => (identity: string | null) => void;
}

/** A file of a set that another process has begun, with all of its segments. */
export type SavedFile = FileCheckpoint;

/** A part of a piece and the file that it goes to. */
export interface Placement {
  readonly file: DumpFileWriter;
  readonly piece: EncodedPiece;
  readonly part: PiecePart;
}

/** The files of a set that is being written: which there are, which come next, and which bytes go where. */
export class SetFiles {
  readonly #options: DumpFileSetOptions;
  readonly #specifications: DumpFileSpecification[];
  /** How many files each specification has made. */
  readonly #made: number[];
  readonly #files: DumpFileWriter[] = [];
  readonly #reuse: boolean[] = [];
  readonly #creationTime: Date;
  /** A checkpoint waits for files that are too short to be made durable: those come first. */
  isGathering = false;
  #turn = 0;

  /** @throws ORA-39135 for a file named twice */
  constructor(options: DumpFileSetOptions, creationTime: Date) {
    if (options.files.length === 0) throw new RangeError("a dump file set has at least one file");
    checkDistinct(options.files.map(patternPath));
    this.#options = options;
    this.#specifications = [...options.files];
    this.#made = options.files.map(() => 0);
    this.#creationTime = creationTime;
  }

  /** In the order of their numbers. */
  get all(): readonly DumpFileWriter[] {
    return this.#files;
  }

  /** Names that must be free come first: they are the ones that may have been taken meanwhile. */
  get inPublishingOrder(): readonly DumpFileWriter[] {
    const order = [...this.#files.keys()].sort((a, b) => Number(this.#reuse[a]) - Number(this.#reuse[b]));
    return order.flatMap((i) => this.#files[i] ?? []);
  }

  /** Takes up files of another process. */
  async resume(files: readonly SavedFile[]): Promise<void> {
    for (const file of files) await this.#resumeFile(file);
  }

  /** Begins the first file of every specification. */
  async begin(): Promise<void> {
    for (const i of this.#specifications.keys()) await this.#begin(i);
  }

  /** Adds files and templates, and begins the first file of each: all or none. @throws ORA-39135, ORA-31641 */
  async add(added: readonly DumpFileSpecification[]): Promise<void> {
    const [specifications, files] = [this.#specifications.length, this.#files.length];
    try {
      for (const file of added) {
        this.#specifications.push(file);
        this.#made.push(0);
        await this.#begin(this.#specifications.length - 1);
      }
    } catch (error) {
      this.#specifications.splice(specifications);
      this.#made.splice(specifications);
      this.#reuse.splice(files);
      for (const file of this.#files.splice(files)) await file.discard();
      throw error;
    }
  }

  /**
   * Finds a place for every byte of pieces before one is written.
   * @param isMaster the master table: from the first file on, and leaving room for the list of the set
   * @throws ORA-39095
   */
  async place(pieces: readonly EncodedPiece[], isMaster = false): Promise<readonly Placement[]> {
    if (isMaster) this.#turn = 0;
    const placements: Placement[] = [];
    const planned = new Map<DumpFileWriter, Planned>();
    for (const piece of pieces) {
      let offset = 0;
      let firstFrame = 0;
      do {
        const left = piece.stored.length - offset;
        const { file, room } = await this.#nextFile(left, planned, isMaster);
        const length = Math.min(left, room);
        const frames = frameCount(length);
        placements.push({ file, piece, part: { offset, length, firstFrame } });
        const before = planned.get(file) ?? NOTHING;
        const bytes = before.bytes + length + frames * file.frameOverhead;
        planned.set(file, { bytes, segments: before.segments + 1 });
        offset += length;
        firstFrame += frames;
      } while (offset < piece.stored.length);
    }
    return placements;
  }

  /** The next file in turn that has room; a further one of a template when all are in use and more are wanted, or none has room. */
  async #nextFile(
    bytes: number,
    planned: ReadonlyMap<DumpFileWriter, Planned>,
    isMaster: boolean,
  ): Promise<{ readonly file: DumpFileWriter; readonly room: number }> {
    const roomOf = (file: DumpFileWriter) => file.room(planned.get(file) ?? NOTHING, isMaster ? this.#files.length + 1 : 0);
    const open = this.#files.filter((file) => !file.isEnded);
    const short = this.isGathering ? open.filter((file) => !file.canSync && roomOf(file) > 0) : [];
    const isFewer = !isMaster && short.length === 0 && open.length < this.#options.openFiles;
    if (isFewer && open.every((file) => file.hasSegments || planned.has(file))) await this.#further();
    const file = this.#inTurn((file) => roomOf(file) > 0 && (short.length === 0 || short.includes(file)));
    if (file !== undefined) return { file, room: roomOf(file) };
    const added = await this.#further();
    const room = added === undefined ? 0 : roomOf(added);
    if (added === undefined || room === 0) throw exhausted(bytes, added !== undefined);
    return { file: added, room };
  }

  #inTurn(isGood: (file: DumpFileWriter) => boolean): DumpFileWriter | undefined {
    for (let i = 0; i < this.#files.length; i += 1) {
      const file = this.#files[this.#turn % this.#files.length];
      this.#turn += 1;
      if (file !== undefined && !file.isEnded && isGood(file)) return file;
    }
    return undefined;
  }

  /** Begins one more file of the template that has made the fewest. */
  async #further(): Promise<DumpFileWriter | undefined> {
    const templates = [...this.#specifications.keys()]
      .filter((i) => isTemplate(this.#specifications[i]?.name ?? ""))
      .sort((a, b) => (this.#made[a] ?? 0) - (this.#made[b] ?? 0));
    for (const i of templates) {
      const file = await this.#begin(i);
      if (file !== undefined) return file;
    }
    return undefined;
  }

  /** Undefined when the specification makes no further file. */
  async #begin(specification: number): Promise<DumpFileWriter | undefined> {
    const pattern = this.#specifications[specification];
    const path = pattern === undefined ? undefined : dumpFilePath(pattern, (this.#made[specification] ?? 0) + 1);
    if (pattern === undefined || path === undefined) return undefined;
    if (this.#files.length === MAX_SET_FILES) throw tooManyFiles();
    if (this.#files.some((file) => isSamePath(file.path, path))) throw pumpError([...BAD_DUMP_FILE, ["ORA-39135", path]]);
    const { guid, writerVersion, encryption, formatMinor } = this.#options;
    const out = await this.#create(path, pattern.reuse);
    const fileNumber = this.#files.length + 1;
    const header = {
      major: FORMAT_MAJOR,
      minor: formatMinor,
      guid,
      fileNumber,
      salt: randomBytes(SALT_LENGTH),
      writerVersion,
      creationTime: this.#creationTime.getTime(),
      fileNames: formatMinor === 0 ? [] : this.#specifications.map(({ name }) => name),
      keys: encryption?.key.stanzas ?? null,
      items: headerItems(this.#options, fileNumber, this.#creationTime),
    };
    try {
      const file = await DumpFileWriter.begin(out, this.#rules(specification), header);
      this.#take(file, specification, pattern.reuse);
      return file;
    } catch (error) {
      await out.discard();
      throw error;
    }
  }

  async #create(path: string, reuse: boolean): Promise<StorageWriter> {
    const { guid, storage, guard, beginning } = this.#options;
    guard?.(path);
    const begun = beginning?.(path);
    try {
      const out = await storage.create(path, { reuse, owner: guid.slice(0, 8) });
      begun?.(out.identity);
      return out;
    } catch (error) {
      begun?.(null);
      throw error;
    }
  }

  async #resumeFile(file: SavedFile): Promise<void> {
    const { guid, storage } = this.#options;
    const { path, specification, length, identity, header: head } = file;
    const reuse = this.#specifications[specification]?.reuse ?? false;
    const out = await storage.resume(path, { reuse, owner: guid.slice(0, 8), length, identity, head });
    if (out === "published") throw pumpError([...BAD_DUMP_FILE, ["ORA-31641", path], ["ORA-27038"]]);
    this.#take(await DumpFileWriter.resume(out, this.#rules(specification), file), specification, reuse);
  }

  #rules(specification: number): FileRules {
    const { encryption, checksum } = this.#options;
    return { specification, fileSize: this.#specifications[specification]?.fileSize ?? null, encryption, checksum };
  }

  #take(file: DumpFileWriter, specification: number, reuse: boolean): void {
    this.#files.push(file);
    this.#reuse.push(reuse);
    this.#made[specification] = (this.#made[specification] ?? 0) + 1;
  }
}

export const NOTHING: Planned = { bytes: 0, segments: 0 };

function checkDistinct(paths: readonly string[]): void {
  const twice = paths.find((path, i) => paths.slice(0, i).some((other) => isSamePath(other, path)));
  if (twice !== undefined) throw pumpError([...BAD_DUMP_FILE, ["ORA-39135", twice]]);
}

function isSamePath(a: string, b: string): boolean {
  return a === b || (!isUrl(a) && !isUrl(b) && resolve(a) === resolve(b));
}

function exhausted(bytes: number, isTooSmall: boolean): PumpError {
  const hint = isTooSmall
    ? "The list of so many files does not fit into one of this size; export with a larger FILESIZE."
    : "Attach to the job, add a file or a template such as ADD_FILE=more_%U.dmp, and start it again: it goes on from there.";
  return pumpError([["ORA-39095", bytes]], hint);
}

function tooManyFiles(): PumpError {
  return pumpError(
    [
      ["ORA-39095", 0],
      ["TSDP-00010", `a dump file set has at most ${MAX_SET_FILES} files`],
    ],
    "Export with a larger FILESIZE.",
  );
}
