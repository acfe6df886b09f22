import { causeLines, pumpError, type ErrorLine } from "../base/errors.ts";
import { foldName, qualifiedName } from "../base/identifiers.ts";
import { readPiece } from "../dump/piece-reader.ts";
import type { DumpObject, DumpSchema } from "../metadata/dump-object.ts";
import { openDatabase, type Connection } from "../sqlite/database.ts";
import { badImageAs } from "../sqlite/image-fault.ts";
import { removePieceImages, secondImagePath, writePieceImage } from "../sqlite/piece-image.ts";
import { pieceLayout, splitAs } from "../sqlite/piece-table.ts";
import { publish } from "../sqlite/publish.ts";
import type { PublishPlan, PublishTable } from "../sqlite/publish-plan.ts";
import { sameColumns, sameShape } from "../sqlite/schema.ts";
import { proveSchema, type ProvenSchema } from "../sqlite/scratch.ts";
import { loadPiece } from "../sqlite/load-piece.ts";
import {
  createProgressTable,
  createStagingTable,
  hasKnownCollations,
  prepareLoading,
  progressName,
  stagingName,
} from "../sqlite/staging.ts";
import { applySettings } from "../sqlite/target.ts";
import type { PieceOfRows } from "./master.ts";
import type { OpenDump } from "./open-dump.ts";
import type { PrivateFolder } from "./private-folder.ts";

const PAGE_SIZE = 4096;

/** Objects of one schema of a dump that are to be in a file, as an import would make them. */
export interface ScratchRequest {
  readonly dump: OpenDump;
  readonly schema: DumpSchema;
  readonly objects: readonly DumpObject[];
  /** Rows by object; tables that are not here stay empty. */
  readonly pieces: ReadonlyMap<number, readonly PieceOfRows[]>;
  readonly folder: PrivateFolder;
  readonly signal: AbortSignal | undefined;
}

/** A schema file with parts of a dump. */
export interface ScratchSchema {
  readonly schema: DumpSchema;
  readonly path: string;
  /** Why objects are not there, by folded name. */
  readonly problems: ReadonlyMap<string, readonly ErrorLine[]>;
  /** Rows that are not there since they violate a key, as they did in the source. */
  readonly warnings: readonly (readonly ErrorLine[])[];
}

/**
 * Makes the file: definitions are proven and tables loaded exactly as by an import.
 * @throws ORA-31693 with the cause for a piece that is damaged
 */
export async function buildScratch(request: ScratchRequest): Promise<ScratchSchema> {
  const { schema, objects, folder } = request;
  const problems = new Map<string, readonly ErrorLine[]>();
  const proven = proveSchema(objects, schema.settings.encoding);
  try {
    const plan = planScratch(request, proven, problems);
    const path = folder.newFile();
    const connection = openDatabase(path, { mustExist: true });
    try {
      // Nothing of it has to outlive this process.
      connection.pragma("journal_mode = memory");
      prepareLoading(connection, false);
      applySettings(connection, { ...schema.settings, pageSize: PAGE_SIZE, autoVacuum: 0 });
      const warnings = await load(connection, plan, request);
      publish(connection, false, plan, (event) => {
        if ("lines" in event) problems.set(foldName(event.object.name), event.lines);
      });
      return { schema, path, problems, warnings };
    } finally {
      connection.close();
    }
  } finally {
    proven.close();
  }
}

function planScratch(
  { dump, schema, objects }: ScratchRequest,
  proven: ProvenSchema,
  problems: Map<string, readonly ErrorLine[]>,
): PublishPlan {
  const refuse = (name: string, reason: string) => problems.set(foldName(name), [{ code: "TSDP-00010", text: reason }]);
  for (const { object, reason } of proven.rejected) refuse(object.name, reason);
  const rejected = new Set(proven.rejected.map(({ object }) => object));
  const taken = objects.filter((object) => !rejected.has(object));
  const isVirtual = ({ name }: DumpObject) => proven.tables.get(name)?.kind === "virtual";
  const tables: PublishTable[] = [];
  for (const object of taken.filter((one) => one.objectType === "TABLE" && !isVirtual(one))) {
    const table = stagedTable(object, proven, dump.set.header.guid);
    if (table === null) refuse(object.name, "its rows do not fit its definition");
    else tables.push(table);
  }
  const definitions = taken.filter((object) => object.objectType === "VIEW" || isVirtual(object));
  const owners = new Set([...tables.map(({ definition }) => definition), ...definitions].map(({ name }) => foldName(name)));
  const dependents = taken.filter(({ tableName }) => owners.has(foldName(tableName)));
  return {
    encoding: schema.settings.encoding,
    progress: progressName(dump.set.header.guid),
    drops: [],
    renames: [],
    tables,
    creations: [],
    definitions: [...definitions, ...dependents.filter(({ objectType }) => objectType === "TRIGGER")],
    indexes: dependents.filter(({ objectType }) => objectType === "INDEX"),
    rejected: null,
    validates: false,
  };
}

/** Null for a table whose stated rows are not of its definition. */
function stagedTable(object: DumpObject, proven: ProvenSchema, guid: string): PublishTable | null {
  const shape = proven.shape(object.name);
  if (object.shape === null || !sameColumns(object.shape, shape)) return null;
  const raw = sameShape(object.shape, shape) && hasKnownCollations(shape);
  const staged = { staging: stagingName(guid, object.id), shape: splitAs(object.shape, shape), raw };
  return { ...staged, definition: object, action: "create", truncate: false };
}

async function load(
  connection: Connection,
  { tables, progress }: PublishPlan,
  request: ScratchRequest,
): Promise<readonly (readonly ErrorLine[])[]> {
  const { schema, objects, pieces, folder } = request;
  createProgressTable(connection, progress);
  for (const table of tables) createStagingTable(connection, table);
  const warnings: (readonly ErrorLine[])[] = [];
  const imagePath = folder.newFile();
  for (const table of tables) {
    const object = objects.find((one) => one === table.definition);
    const name = qualifiedName(schema.name, table.definition.name);
    let rejected = 0;
    for (const piece of object === undefined ? [] : (pieces.get(object.id) ?? []))
      rejected += await loadOne(connection, { table, piece, name, progress, imagePath }, request);
    if (rejected > 0)
      warnings.push(
        pumpError([
          ["ORA-31693", name],
          ["ORA-39224", rejected],
          ["TSDP-00010", "they violate a key"],
        ]).lines,
      );
  }
  return warnings;
}

interface LoadRequest {
  readonly table: PublishTable;
  readonly piece: PieceOfRows;
  readonly name: string;
  readonly progress: string;
  readonly imagePath: string;
}

/** @returns rows that a key left out */
async function loadOne(
  connection: Connection,
  { table, piece: { location, second, rows }, name, progress, imagePath }: LoadRequest,
  { dump, signal }: ScratchRequest,
): Promise<number> {
  signal?.throwIfAborted();
  const { object, piece } = location;
  try {
    const raw = await readPiece(location, dump.openFile);
    const rawSecond = second === null ? null : await readPiece(second, dump.openFile);
    return badImageAs(location.segments[0]?.path ?? "", () => {
      writePieceImage(imagePath, raw, pieceLayout(table.shape));
      if (rawSecond !== null) writePieceImage(secondImagePath(imagePath), rawSecond, pieceLayout(table.shape, 1));
      return loadPiece(connection, imagePath, table, rows, { progress, object, piece, rejected: null });
    });
  } catch (error) {
    throw pumpError([["ORA-31693", name], ...causeLines(error)], undefined, error);
  } finally {
    removePieceImages(imagePath);
  }
}
