import Sqlite from "better-sqlite3";
import { encodePiece, type CompressionAlgorithm, type PieceIdentity } from "../../src/dump/piece.ts";
import { DumpFileSetWriter, type DumpFileSetOptions } from "../../src/dump/writer.ts";
import { FRAME_HEADER_LENGTH } from "../../src/format/frame.ts";
import type { Segment } from "../../src/format/segment-index.ts";
import { MemoryStorage } from "../dump/memory-storage.ts";
import { setOptions } from "../dump/sets.ts";
import { lie, remade, type Layout } from "../vectors/reseal.ts";
import type { VectorFile } from "../vectors/vector.ts";
import { changedMaster } from "./forge-master.ts";
import { numberBytes } from "./nasty.ts";
import type { Files } from "./mutate.ts";
import type { Random } from "./random.ts";

/** An image of a set as it was before compression and encryption. */
export interface RawImage {
  readonly identity: PieceIdentity;
  readonly raw: Buffer;
}

/** A good set whose parts are known. */
export interface KnownSet {
  readonly files: Files;
  readonly images: readonly RawImage[];
  readonly algorithm: CompressionAlgorithm;
  /** How its files are written again. */
  readonly change: Partial<DumpFileSetOptions>;
}

/** A set whose every sum is right, and what of it is a lie. */
export interface Forgery {
  readonly files: Files;
  readonly what: string;
}

/** Lies in a set and puts every sum right again, so that nothing but the checks of what it means stands between it and a target. */
export async function forge(set: KnownSet, random: Random): Promise<Forgery> {
  const isPlain = (set.change.encryption ?? null) === null;
  const kind = random.pick(isPlain ? ["ends", "parts", "images", "images", "images"] : ["images"]);
  if (kind === "images") return forgeImages(set, random);
  const files = [...set.files].map(([name, bytes]): VectorFile => ({ name, bytes }));
  const notes: string[] = [];
  const told =
    kind === "parts"
      ? forgeParts(files, random, notes)
      : lie(files, random.below(files.length), (bytes, layout) => {
          forgeBytes(bytes, layout, random, notes);
        });
  return { files: new Map(told.map(({ name, bytes }) => [name, bytes])), what: notes.join(", ") };
}

/** Overwrites a number, or some bytes, of a header, a frame header, the index or the trailer. */
function forgeBytes(bytes: Buffer, layout: Layout, random: Random, notes: string[]): void {
  const { headerLength, segments, indexOffset, trailerOffset, trailerLength } = layout;
  const frames = segments.flatMap(({ placed }) => placed);
  const parts: readonly (readonly [name: string, offset: number, length: number])[] = [
    ["header", 0, headerLength],
    ["frame header", random.pick(frames).offset, FRAME_HEADER_LENGTH],
    ["index", indexOffset, trailerOffset - indexOffset],
    ["trailer", trailerOffset, trailerLength],
  ];
  for (let times = 1 + random.below(2); times > 0; times -= 1) {
    const [name, offset, length] = random.pick(parts);
    const value = random.below(3) === 0 ? Buffer.of(random.below(256)) : numberBytes(random);
    const place = offset + random.below(length - value.length);
    value.copy(bytes, place);
    notes.push(`${name}: ${value.toString("hex")} at ${place - offset}`);
  }
}

/** Leaves out, doubles, moves or relabels segments. */
function forgeParts(files: readonly VectorFile[], random: Random, notes: string[]): readonly VectorFile[] {
  const changed = random.below(files.length);
  return remade(files, (parts, i) => {
    if (i !== changed) return parts;
    const segments = [...parts.segments];
    const at = random.below(segments.length);
    const chosen = random.pick(segments);
    const what = random.pick(["drop", "double", "move", "exchange", "relabel", "relabel", "relabel"]);
    notes.push(`${what} segment ${at} of ${segments.length}`);
    if (what === "drop") segments.splice(at, 1);
    else if (what === "double") segments.splice(at, 0, chosen);
    else if (what === "move") segments.push(...segments.splice(at, 1));
    else {
      const { entry, bytes } = segments[at] ?? chosen;
      segments[at] =
        what === "exchange" ? { entry, bytes: chosen.bytes } : { entry: relabelled(entry, chosen.entry, random, notes), bytes };
    }
    return { ...parts, segments };
  });
}

/** An entry that has one field of another, or near it. */
function relabelled(entry: Segment, other: Segment, random: Random, notes: string[]): Segment {
  const fields = ["object", "piece", "image", "rows", "rawLength", "storedLength", "firstFrame", "last"] as const;
  const field = random.pick(fields);
  const value = entry[field];
  const number = Number(value);
  const changed = random.pick([Number(other[field]), number + 1, Math.max(0, number - 1), 0, number * 2, 2 ** 29 - 1, 2 ** 29]);
  notes.push(`${field} ${String(value)} becomes ${changed}`);
  return { ...entry, [field]: typeof value === "boolean" ? !value : changed };
}

async function forgeImages({ images, algorithm, change }: KnownSet, random: Random): Promise<Forgery> {
  const notes: string[] = [];
  const isMaster = ({ identity }: RawImage) => identity.type === 3;
  const others = images.filter((image) => !isMaster(image));
  let master = images.find(isMaster) ?? random.pick(images);
  const chosen = random.below(5) < 3 ? master : random.pick(random.below(8) === 0 ? others : others.filter(isRows));
  const forged = forgedImage(chosen, images, random, notes);
  if (chosen === master) master = forged;
  else if (isRows(forged)) master = agreeing(master, forged.identity);
  const storage = new MemoryStorage();
  const writer = await DumpFileSetWriter.create(setOptions(["/forged.dmp"], { ...change, storage }));
  for (const { identity, raw } of others.map((image) => (image === chosen ? forged : image)))
    await writer.append(encodePiece(identity, raw, algorithm));
  await writer.finish(encodePiece(master.identity, master.raw, algorithm));
  return { files: storage.files, what: notes.join(", ") };
}

function isRows({ identity }: RawImage): boolean {
  return identity.type === 1;
}

/** A master table that says the same of a piece as its frames. */
function agreeing({ identity, raw }: RawImage, { object, piece, rows }: PieceIdentity): RawImage {
  return { identity, raw: changedBySql(raw, `UPDATE piece SET rows = ${rows} WHERE object = ${object} AND piece = ${piece}`) };
}

function forgedImage(image: RawImage, others: readonly RawImage[], random: Random, notes: string[]): RawImage {
  const { identity, raw } = image;
  notes.push(`type ${identity.type} object ${identity.object} piece ${identity.piece} image ${identity.image}`);
  const how = random.below(6);
  if (how === 0) return { identity, raw: changedPages(raw, random, notes) };
  if (how === 1 && identity.type !== 3) {
    notes.push("another image");
    return { identity, raw: random.pick(others).raw };
  }
  if (how === 2 && identity.type === 1) {
    const rows = random.pick([0, identity.rows + 1, Math.max(0, identity.rows - 1), 2 ** 31, Number.MAX_SAFE_INTEGER]);
    notes.push(`rows ${rows}`);
    return { identity: { ...identity, rows }, raw };
  }
  if (identity.type !== 1) return { identity, raw: changedMaster(raw, random, notes) };
  const changed = changedRows(raw, random, notes);
  return {
    identity: { ...identity, rows: random.below(2) === 0 ? identity.rows : rowsOf(changed, identity.rows) },
    raw: changed,
  };
}

/** Bytes of database pages, near their beginnings more often. */
function changedPages(raw: Buffer, random: Random, notes: string[]): Buffer {
  const bytes = Buffer.from(raw);
  for (let times = 1 + random.below(4); times > 0; times -= 1) {
    const page = random.below(Math.max(1, bytes.length / 4096)) * 4096;
    const place = Math.min(bytes.length - 9, page + random.below(random.pick([112, 4096])));
    const value = random.below(2) === 0 ? Buffer.of(random.below(256)) : numberBytes(random);
    value.copy(bytes, place);
    notes.push(`${value.toString("hex")} at ${place}`);
  }
  return random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

const ROW_CHANGES = [
  "DELETE FROM tsdp_piece WHERE rowid % 2",
  "INSERT INTO tsdp_piece SELECT * FROM tsdp_piece LIMIT 1",
  "CREATE TABLE more (a)",
  "CREATE INDEX more ON tsdp_piece (c1)",
  "CREATE TRIGGER more AFTER INSERT ON tsdp_piece BEGIN DELETE FROM tsdp_piece; END",
  "CREATE VIEW more AS SELECT load_extension('evil')",
  "ALTER TABLE tsdp_piece ADD COLUMN more DEFAULT (load_extension('evil'))",
  "ALTER TABLE tsdp_piece RENAME TO sqlite",
  "UPDATE tsdp_piece SET c1 = zeroblob(100000)",
  "UPDATE tsdp_piece SET c1 = (SELECT max(c1) FROM tsdp_piece)",
  "UPDATE tsdp_piece SET c1 = randomblob(9), c2 = 9e999",
  "UPDATE tsdp_piece SET k = 'text'",
  "UPDATE tsdp_piece SET k = 9223372036854775807 - k",
  "UPDATE tsdp_piece SET k = 1",
  "UPDATE tsdp_piece SET rowid = -rowid",
  "PRAGMA user_version = 5",
  "PRAGMA application_id = 5",
];

function changedRows(raw: Buffer, random: Random, notes: string[]): Buffer {
  const sql = random.pick(ROW_CHANGES);
  notes.push(sql);
  return changedBySql(raw, sql);
}

/** How many rows the table of an image has; what it had where that is no longer to be known. */
function rowsOf(raw: Buffer, rows: number): number {
  const database = new Sqlite(raw);
  try {
    return database.prepare("SELECT count(*) FROM tsdp_piece").pluck().get() as number;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) return rows;
    throw error;
  } finally {
    database.close();
  }
}

/** An image after SQL; as it was where the SQL does not fit it. */
export function changedBySql(raw: Buffer, sql: string): Buffer {
  const database = new Sqlite(raw);
  try {
    database.unsafeMode(true);
    database.exec(sql);
    return database.serialize();
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError)) throw error;
    return raw;
  } finally {
    database.close();
  }
}
