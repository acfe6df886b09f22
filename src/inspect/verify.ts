import { toPumpError } from "../base/errors.ts";
import type { DumpFile } from "../dump/file-ends.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { loadCodec, pieceLabel, PIECE_TYPE, type PieceLocation } from "../dump/piece.ts";
import type { DumpFileSet } from "../dump/reader.ts";
import { checksumAlgorithm, faultOf, type ChecksumAlgorithm, type SegmentSums } from "../dump/verify.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import { isTransported, rowsOfTables } from "../metadata/master-facts.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import type { Storage } from "../storage/storage.ts";
import type { DumpAccess } from "./open-dump.ts";
import { checkMaster, type CheckedMaster } from "./check-master.ts";
import { checkPieces } from "./check-threads.ts";
import { readUnheldMaster } from "./master.ts";
import { badSchemaPages } from "./pages-check.ts";
import { wrongSegment, type PieceFinding, type PieceTask } from "./piece-check.ts";

/** One thing that is wrong with a dump. */
export interface Fault {
  readonly kind: "set" | "file" | "object" | "piece";
  readonly file: string | null;
  readonly schema: string | null;
  readonly object: string | null;
  /** Number of the piece within the object; null: none, or of no object. */
  readonly piece: number | null;
  readonly text: string;
}

export interface VerifiedFile {
  readonly path: string;
  readonly number: number;
  readonly bytes: number;
  /** CHECKSUM_ALGORITHM of the export; null: it wrote no checksums. */
  readonly checksum: ChecksumAlgorithm | null;
  readonly isWhole: boolean;
}

/** A table with rows of its own. */
export interface VerifiedTable {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  /** Of its piece images. */
  readonly bytes: number;
  readonly pieces: number;
  readonly badPieces: number;
  readonly isWhole: boolean;
}

/** What verifying a set has found. */
export interface Verification {
  readonly files: readonly VerifiedFile[];
  readonly tables: readonly VerifiedTable[];
  /** Definitions that were proven. */
  readonly objects: number;
  /** The first of them, in the order of the set. */
  readonly faults: readonly Fault[];
  readonly faultCount: number;
  /** Null when it can't be read. */
  readonly master: MasterTable | null;
}

/** Bytes of pieces that are done, and of all. */
export type OnProgress = (done: number, total: number) => void;

/** A damaged disk could name every piece of a large set. */
const MOST_FAULTS = 200;

/** Checks a set that was opened to the row level, and goes on after the first fault. */
export async function verifySet(
  set: DumpFileSet,
  access: Pick<DumpAccess, "storage" | "keys">,
  onProgress: OnProgress = () => undefined,
): Promise<Verification> {
  await loadCodec();
  const faults: Fault[] = [];
  const master = await tryMaster(set, access.storage, faults);
  const checked = master === null ? null : checkMaster(master, set);
  for (const { object, text } of checked?.faults ?? [])
    faults.push({ kind: object === null ? "set" : "object", file: null, ...nameOf(object), piece: null, text });
  const findings = await findingsOf(set, access, checked, onProgress);
  faults.push(...pieceFaults(findings, master));
  if (master !== null && faults.length === 0) faults.push(...(await schemaFaults(set, master, access.storage)));
  const files = set.files.map((file) => verifiedFile(file, findings, faults));
  const order = ["set", "file", "object", "piece"];
  faults.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return {
    files,
    tables: master === null ? [] : verifiedTables(master, set, faults),
    objects: master?.objects.length ?? 0,
    faults: faults.slice(0, MOST_FAULTS),
    faultCount: faults.length,
    master,
  };
}

async function tryMaster(set: DumpFileSet, storage: Storage, faults: Fault[]): Promise<MasterTable | null> {
  const files = new OpenFiles(storage);
  try {
    return await readUnheldMaster(set, files.open);
  } catch (error) {
    const text = `the master table can't be read: ${toPumpError(error).lines.at(-1)?.text ?? ""}`;
    faults.push({ kind: "set", file: set.masterPiece().segments[0]?.path ?? null, ...nameOf(null), piece: null, text });
    return null;
  } finally {
    await files.close();
  }
}

type Findings = ReadonlyMap<PieceLocation, PieceFinding>;

async function findingsOf(
  set: DumpFileSet,
  access: Pick<DumpAccess, "storage" | "keys">,
  master: CheckedMaster | null,
  onProgress: OnProgress,
): Promise<Findings> {
  const algorithms = new Map(set.files.map((file) => [file.number, checksumAlgorithm(file)]));
  const tasks = locationsOf(set).map((location): PieceTask => ({
    location,
    algorithms: location.segments.map(({ fileNumber }) => algorithms.get(fileNumber) ?? "SHA256"),
    content: master?.contentOf(location) ?? { is: "anything" },
  }));
  const total = tasks.reduce((sum, { location }) => sum + bytesOf(location), 0);
  const findings = new Map<PieceLocation, PieceFinding>();
  let done = 0;
  await checkPieces(tasks, access.keys, ({ location }, finding) => {
    findings.set(location, finding);
    done += bytesOf(location);
    onProgress(done, total);
  });
  return findings;
}

/** In the order in which they are in the files: a disk is read front to back. */
function locationsOf(set: DumpFileSet): readonly PieceLocation[] {
  const all = [...set.pieces.values(), ...set.descriptions.values(), ...set.pages.values(), [set.masterPiece()]].flat();
  const place = ({ segments: [first] }: PieceLocation) => [first?.fileNumber ?? 0, first?.offset ?? 0] as const;
  return all.sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
}

function bytesOf({ segments }: PieceLocation): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

function pieceFaults(findings: Findings, master: MasterTable | null): Fault[] {
  const objects = new Map(master?.objects.map((object) => [object.id, object]));
  return [...findings].flatMap(([location, { fault, sums }]): Fault[] => {
    if (fault === null) return [];
    const label = pieceLabel(location);
    const text = fault.startsWith(label) ? fault : `${label}: ${fault}`;
    const isPages = location.type === PIECE_TYPE.DATABASE_PAGES;
    const names = isPages ? ofSchema(master, location.object) : nameOf(objects.get(location.object) ?? null);
    const piece = isPages || location.type === PIECE_TYPE.TABLE_DATA ? location.piece : null;
    const segment = wrongSegment(location, sums) ?? location.segments[0];
    return [{ kind: "piece", file: segment?.path ?? null, ...names, piece, text }];
  });
}

function verifiedFile(file: DumpFile, findings: Findings, faults: Fault[]): VerifiedFile {
  const { path, number, size, trailer } = file;
  const fault = faultOf(file, sumsOf(file, findings));
  if (fault !== null) {
    const text = fault.lines.at(-1)?.text ?? "";
    faults.push({ kind: "file", file: path, ...nameOf(null), piece: null, text });
  }
  return { path, number, bytes: size, checksum: trailer.checksum?.algorithm ?? null, isWhole: fault === null };
}

/** What the segments of a file add up to, in their order. */
function sumsOf({ number, segments }: DumpFile, findings: Findings): readonly SegmentSums[] {
  const sums = new Map<number, SegmentSums>();
  for (const [location, finding] of findings) {
    location.segments.forEach((segment, i) => {
      const found = finding.sums[i] ?? null;
      if (segment.fileNumber === number && found !== null) sums.set(segment.offset, found);
    });
  }
  const unread: SegmentSums = { digest: new Uint8Array(), checksum: new Uint8Array() };
  return segments.map(({ offset }) => sums.get(offset) ?? unread);
}

function verifiedTables(master: MasterTable, set: DumpFileSet, faults: readonly Fault[]): readonly VerifiedTable[] {
  const tables = master.objects.filter(({ shape }) => shape !== null);
  return tables.map((object) => verifiedTable(object, set, master, faults));
}

function verifiedTable(object: DumpObject, set: DumpFileSet, master: MasterTable, faults: readonly Fault[]): VerifiedTable {
  const { schema, name } = object;
  if (isTransported(master.job)) {
    const isWhole = faults.every((fault) => fault.schema !== schema);
    return { schema, name, rows: rowsOfTables(master.job).get(object.id) ?? 0, bytes: 0, pieces: 0, badPieces: 0, isWhole };
  }
  const pieces = set.pieces.get(object.id) ?? [];
  const first = pieces.filter(({ image }) => image === 0);
  const own = faults.filter((fault) => fault.schema === schema && fault.object === name);
  return {
    schema,
    name,
    rows: first.reduce((sum, { rows }) => sum + rows, 0),
    bytes: pieces.reduce((sum, { rawLength }) => sum + rawLength, 0),
    pieces: first.length,
    badPieces: new Set(own.flatMap(({ piece }) => piece ?? [])).size,
    isWhole: own.length === 0,
  };
}

/** The files that an import would make of pages; only of a set of which every byte is right. */
async function schemaFaults(set: DumpFileSet, master: MasterTable, storage: Storage): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const number of set.pages.keys()) {
    const text = await badSchemaPages(set, master, number, storage);
    if (text !== null) faults.push({ kind: "object", file: null, ...ofSchema(master, number), piece: null, text });
  }
  return faults;
}

function ofSchema(master: MasterTable | null, number: number): Pick<Fault, "schema" | "object"> {
  return { schema: master?.schemas[number - 1]?.name ?? null, object: null };
}

function nameOf(object: DumpObject | null): Pick<Fault, "schema" | "object"> {
  return { schema: object?.schema ?? null, object: object?.name ?? null };
}
