import { foldName } from "../base/identifiers.ts";
import { PIECE_TYPE, type PieceLocation } from "../dump/piece.ts";
import type { DumpFileSet } from "../dump/reader.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import { provableObjects } from "../metadata/master-facts.ts";
import type { MasterPiece, MasterTable } from "../metadata/master-table.ts";
import { pieceLayout } from "../sqlite/piece-table.ts";
import { sameColumns } from "../sqlite/schema.ts";
import { proveSchema, type ProvenSchema } from "../sqlite/scratch.ts";
import { expectedDescription } from "./description.ts";
import { groupPieces } from "./master.ts";
import { pagesProblem } from "./pages.ts";
import type { PieceContent } from "./piece-check.ts";

/** Something that is wrong with what a master table says. */
export interface MasterFault {
  /** Null: of the dump as a whole. */
  readonly object: DumpObject | null;
  readonly text: string;
}

/** A master table held against SQLite and against the index of its set. */
export interface CheckedMaster {
  readonly faults: readonly MasterFault[];
  /** What the raw bytes of a piece have to be, as far as the master table tells. */
  contentOf(location: PieceLocation): PieceContent;
}

/** Proves every definition, and that shapes and pieces are those that the set has. */
export function checkMaster(master: MasterTable, set: DumpFileSet): CheckedMaster {
  const objects = new Map(master.objects.map((object) => [object.id, object]));
  const faults = [
    ...identityFaults(master, set),
    ...master.schemas.flatMap(({ name, settings }) => {
      const own = provableObjects(
        master.objects.filter(({ schema }) => schema === name),
        master.job,
      );
      const proven = proveSchema(own, settings.encoding);
      try {
        return definitionFaults(own, proven);
      } finally {
        proven.close();
      }
    }),
    ...pieceFaults(master, set, objects),
  ];
  return { faults, contentOf: (location) => contentOf(location, objects.get(location.object), set) };
}

function contentOf(location: PieceLocation, object: DumpObject | undefined, set: DumpFileSet): PieceContent {
  const { type, image, piece } = location;
  if (object === undefined || type === PIECE_TYPE.DATABASE_PAGES) return { is: "anything" };
  if (type === PIECE_TYPE.OBJECT_DESCRIPTION) return { is: "description", expected: expectedDescription(object) };
  const { id, shape } = object;
  if (type !== PIECE_TYPE.TABLE_DATA || shape === null) return { is: "anything" };
  const first = image === 0 ? undefined : set.pieces.get(id)?.find((other) => other.piece === piece && other.image === 0);
  return { is: "rows", layout: pieceLayout(shape, image === 0 ? 0 : 1), pair: first === undefined ? null : { first, shape } };
}

function identityFaults({ job, schemas, objects }: MasterTable, set: DumpFileSet): MasterFault[] {
  const faults: MasterFault[] = [];
  const add = (isWrong: boolean, object: DumpObject | null, text: string) => {
    if (isWrong) faults.push({ object, text });
  };
  const [names, ids] = [new Set<string>(), new Set<number>()];
  const problem = pagesProblem(set, { job, schemas, objects });
  add(problem !== null, null, problem ?? "");
  add(job.get("GUID") !== set.header.guid, null, "its master table is that of another export");
  add(new Set(schemas.map(({ name }) => name)).size < schemas.length, null, "its master table has a schema twice");
  for (const object of objects) {
    const key = JSON.stringify([object.schema, object.type === "trigger", foldName(object.name)]);
    add(!schemas.some(({ name }) => name === object.schema), object, "its schema is not in the master table");
    add(ids.has(object.id) || names.has(key), object, "it is in the master table twice");
    ids.add(object.id);
    names.add(key);
  }
  return faults;
}

function definitionFaults(objects: readonly DumpObject[], proven: ProvenSchema): MasterFault[] {
  const rejected = new Map(proven.rejected.map(({ object, reason }) => [object as DumpObject, reason]));
  return objects.flatMap((object): MasterFault[] => {
    const reason = rejected.get(object);
    if (reason !== undefined) return [{ object, text: `its definition is none: ${reason}` }];
    return shapeFits(object, proven) ? [] : [{ object, text: "its rows do not fit its definition" }];
  });
}

function shapeFits({ objectType, name, shape }: DumpObject, proven: ProvenSchema): boolean {
  const isVirtual = proven.tables.get(name)?.kind === "virtual";
  if (objectType !== "TABLE" || isVirtual) return shape === null;
  return shape !== null && sameColumns(shape, proven.shape(name));
}

/** The pieces of each object as the master table has them, against those of the index. */
function pieceFaults(master: MasterTable, set: DumpFileSet, objects: ReadonlyMap<number, DumpObject>): MasterFault[] {
  const listed = groupPieces(master);
  const ids = new Set([...listed.keys(), ...set.pieces.keys(), ...set.descriptions.keys()]);
  return [...ids].flatMap((id): MasterFault[] => {
    const object = objects.get(id);
    if (object === undefined)
      return [{ object: null, text: `it has pieces of object ${id}, which the master table does not know` }];
    const text = pieceFault(
      listed.get(id) ?? [],
      (set.pieces.get(id) ?? []).filter(({ image }) => image === 0),
    );
    return text === null ? [] : [{ object, text }];
  });
}

function pieceFault(listed: readonly MasterPiece[], found: readonly PieceLocation[]): string | null {
  const rows = new Map(listed.map((piece) => [piece.piece, piece.rows]));
  const ordinals = new Set(listed.map(({ ordinal }) => ordinal));
  if (rows.size < listed.length || listed.some((_, i) => !ordinals.has(i))) return "the master table counts its pieces wrong";
  if (rows.size !== found.length) return `it has ${found.length} pieces, and ${rows.size} in the master table`;
  const wrong = found.find((location) => rows.get(location.piece) !== location.rows);
  if (wrong === undefined) return null;
  const stated = rows.get(wrong.piece);
  return `piece ${wrong.piece} has ${wrong.rows} rows, and ${stated ?? "is not"} in the master table`;
}
