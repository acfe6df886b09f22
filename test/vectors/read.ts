import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OpenFiles } from "../../src/dump/open-files.ts";
import { readPiece } from "../../src/dump/piece-reader.ts";
import { DumpFileSet } from "../../src/dump/reader.ts";
import type { Keyring } from "../../src/dump/set-key.ts";
import { PumpError } from "../../src/base/errors.ts";
import { factsOfPages, pagesOfSchema } from "../../src/inspect/pages.ts";
import { isTransported } from "../../src/metadata/master-facts.ts";
import { badImageAs } from "../../src/sqlite/image-fault.ts";
import { checkPageImage } from "../../src/sqlite/page-image.ts";
import { groupPieces, readMaster } from "../../src/inspect/master.ts";
import type { MasterPiece, MasterTable } from "../../src/metadata/master-table.ts";
import type { TableShape } from "../../src/sqlite/schema.ts";
import { openDatabase } from "../../src/sqlite/database.ts";
import { removePieceImages, secondImagePath, writePieceImage } from "../../src/sqlite/piece-image.ts";
import { pieceKey, pieceRowsSql, pieceValues } from "../../src/sqlite/piece-rows.ts";
import { isSplit, pieceLayout, type PieceImage } from "../../src/sqlite/piece-table.ts";
import { LocalStorage } from "../../src/storage/local.ts";
import { runInProcess } from "../job/pump-jobs.ts";
import { digestOf, rowLines, tableLine } from "./listing.ts";
import { listDatabase } from "./source.ts";
import type { Vector } from "./vector.ts";

/** How reading a vector went. */
export interface Outcome {
  /** Of the error stack; none for a success. */
  readonly codes: readonly string[];
  readonly text: string;
  /** SHA-256 of the listing of rows. */
  readonly rows: string | null;
}

/** Writes the files of a vector. */
export function unpack({ files, given }: Vector, folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  return given ?? files.map(({ name }) => name);
}

/** Reads a vector through the reader itself: the set, its master table, and every row. */
export async function readVector(vector: Vector, folder: string): Promise<Outcome> {
  const names = unpack(vector, folder);
  const storage = new LocalStorage();
  const files = new OpenFiles(storage);
  try {
    const paths = names.map((name) => join(folder, name));
    const set = await DumpFileSet.open(paths, storage, keyringOf(vector));
    if (vector.read === "open" && vector.codes.length > 0) return { codes: [], text: "", rows: null };
    return { codes: [], text: "", rows: await listSet(set, files, join(folder, "piece.image")) };
  } catch (error) {
    if (!(error instanceof PumpError)) throw error;
    return { codes: error.lines.map(({ code }) => code), text: error.message, rows: null };
  } finally {
    await files.close();
  }
}

/** Imports a vector into a new database. */
export async function importVector(vector: Vector, folder: string): Promise<Outcome & { readonly state: string }> {
  const dumpFiles = unpack(vector, folder);
  const result = await runInProcess("IMPORT", folder, { dumpFiles, keyring: keyringOf(vector) });
  if (result instanceof PumpError)
    return { codes: result.lines.map(({ code }) => code), text: result.message, rows: null, state: "refused" };
  const text = result.errors.join("\n");
  const codes = [...text.matchAll(/^([A-Z]+-\d+|SQLITE_\w+): /gm)].map(([, code = ""]) => code);
  return { codes, text, rows: vector.rows === null ? null : listImported(join(folder, "V.db")), state: result.state };
}

function listImported(path: string): string {
  const connection = openDatabase(path, { readonly: true });
  try {
    return digestOf(listDatabase(connection, "V"));
  } finally {
    connection.close();
  }
}

export function keyringOf({ password, wallet }: Vector): Keyring {
  return { password: password ?? null, masterKeys: wallet === null ? null : [wallet] };
}

async function listSet(set: DumpFileSet, files: OpenFiles, imagePath: string): Promise<string> {
  const master = await readMaster(set, files.open);
  if (isTransported(master.job)) return digestOf(await listPages(set, files, master, imagePath));
  const lines: string[] = [];
  const pieces = groupPieces(master);
  for (const { id, schema, name, shape } of tablesOf(master)) {
    lines.push(tableLine(schema, name));
    for (const piece of [...(pieces.get(id) ?? [])].sort((a, b) => a.ordinal - b.ordinal))
      lines.push(...(await listPiece(set, files, piece, shape, imagePath)));
  }
  return digestOf(lines);
}

async function listPages(set: DumpFileSet, files: OpenFiles, master: MasterTable, path: string): Promise<string[]> {
  const lines: string[] = [];
  for (const [i, { name }] of master.schemas.entries()) {
    const parts = pagesOfSchema(set, i + 1).pieces.map(({ location }) => readPiece(location, files.open));
    writeFileSync(path, Buffer.concat(await Promise.all(parts)));
    badImageAs(path, () => checkPageImage(path, factsOfPages(master, i + 1)));
    const connection = openDatabase(path, { readonly: true });
    lines.push(...listDatabase(connection, name));
    connection.close();
  }
  return lines;
}

function tablesOf({ objects }: MasterTable): { id: number; schema: string; name: string; shape: TableShape }[] {
  return [...objects]
    .sort((a, b) => a.id - b.id)
    .flatMap(({ id, schema, name, shape }) => (shape === null ? [] : [{ id, schema, name, shape }]));
}

async function listPiece(
  set: DumpFileSet,
  files: OpenFiles,
  { object, piece }: MasterPiece,
  shape: TableShape,
  imagePath: string,
): Promise<string[]> {
  const write = async (path: string, image: PieceImage) => {
    const location = set.pieces.get(object)?.find((candidate) => candidate.piece === piece && candidate.image === image);
    if (location === undefined) throw new RangeError(`image ${image} of piece ${piece} of object ${object} is missing`);
    writePieceImage(path, await readPiece(location, files.open), pieceLayout(shape, image));
  };
  try {
    await write(imagePath, 0);
    if (isSplit(shape)) await write(secondImagePath(imagePath), 1);
    return listImages(imagePath, shape);
  } finally {
    removePieceImages(imagePath);
  }
}

function listImages(imagePath: string, shape: TableShape): string[] {
  const connection = openDatabase(imagePath, { readonly: true });
  try {
    connection.prepare("ATTACH ? AS piece").run(imagePath);
    if (isSplit(shape)) connection.prepare("ATTACH ? AS second").run(secondImagePath(imagePath));
    const values = [...pieceKey(shape), ...pieceValues(shape)];
    return rowLines(connection, { from: pieceRowsSql(shape), values, order: "ORDER BY piece.rowid" });
  } finally {
    connection.close();
  }
}
