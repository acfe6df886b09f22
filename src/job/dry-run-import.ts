import { existsSync } from "node:fs";
import { foldName } from "../base/identifiers.ts";
import { loadCodec } from "../dump/piece.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { DumpFileSet } from "../dump/reader.ts";
import type { Keyring } from "../dump/set-key.ts";
import { groupPieces, readMaster } from "../inspect/master.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import { openSource, recoverSource } from "../sqlite/source.ts";
import { readObjects, type SchemaObject } from "../sqlite/schema.ts";
import { listExisting, type ExistingObject } from "../sqlite/target.ts";
import { openPlaces, type PlaceKeys } from "../storage/place-keys.ts";
import { dumpFilesOf, type JobDefinition } from "./definition.ts";
import {
  isShown,
  missingProblems,
  refusalsOf,
  rowRefusals,
  sumWithShadows,
  type DryRunFindings,
  type DryRunObject,
  type DryRunRefusal,
} from "./dry-run-object.ts";
import { importAction, importContent } from "./import-content.ts";
import { directoriesOf } from "./import-job.ts";
import { planSchemaImport, type SchemaImport } from "./import-plan.ts";
import { chooseTargets, type ChosenSchema } from "./import-targets.ts";
import { isOpenDatabase } from "./jobs.ts";

/** What an import would do with a dump and the schemas as they are now. */
export async function dryRunImport(definition: JobDefinition, keyring: Keyring, places: PlaceKeys): Promise<DryRunFindings> {
  await loadCodec();
  const storage = openPlaces(places, isOpenDatabase);
  const set = await DumpFileSet.open(dumpFilesOf(definition), storage, keyring, directoriesOf(definition));
  const files = new OpenFiles(storage);
  try {
    const master = await readMaster(set, files.open);
    const { chosen, missing, leftOut } = chooseTargets(definition, master, new Map());
    const works = chosen.map((choice) => {
      const target = readTarget(choice);
      return { choice, target, plan: planWork(definition, choice, target, { master, set }) };
    });
    return {
      taken: works.flatMap(({ choice, plan }) => takenObjects(choice, plan, master)),
      leftOut: [
        ...refusalsOf(leftOut),
        ...works.flatMap(({ choice }) => rowRefusals(choice.objects, choice.withoutRows)),
        ...works.flatMap(({ choice, plan, target }) => refused(choice, plan, target)),
      ],
      problems: [...missingProblems(missing), ...works.flatMap(({ plan }) => plan.problems)],
      notes: works.flatMap(({ plan }) => plan.notes),
    };
  } finally {
    await files.close();
  }
}

/** A target as it is; null: there is none. */
interface Target {
  readonly existing: readonly ExistingObject[];
  readonly objects: readonly SchemaObject[];
}

function readTarget({ target, existingPath }: ChosenSchema): Target | null {
  if (existingPath === null) return null;
  const hadWal = existsSync(`${existingPath}-wal`);
  const connection = openSource(target, existingPath);
  try {
    return { existing: listExisting(connection), objects: readObjects(connection).objects };
  } finally {
    connection.close();
    if (!hadWal && existsSync(`${existingPath}-wal`)) recoverSource(target, existingPath);
  }
}

interface OpenedDump {
  readonly master: MasterTable;
  readonly set: DumpFileSet;
}

function planWork(definition: JobDefinition, choice: ChosenSchema, target: Target | null, dump: OpenedDump): SchemaImport {
  const { master, set } = dump;
  const content = importContent(definition, master);
  return planSchemaImport({
    ...choice,
    existing: target?.existing ?? null,
    definitionsOf: (names) =>
      (target?.objects ?? []).filter(({ type, name }) => (type === "table" || type === "view") && names.includes(foldName(name))),
    action: importAction(definition, content),
    content,
    guid: definition.guid,
    pieceOrder: groupPieces(master),
    pieces: set.pieces,
  });
}

function takenObjects(
  { target, objects, withoutRows }: ChosenSchema,
  { plan, loads }: SchemaImport,
  master: MasterTable,
): DryRunObject[] {
  const pieces = groupPieces(master);
  const bytesOf = (object: DumpObject) => loads.find((load) => load.object === object)?.bytes ?? 0;
  const made = new Set<SchemaObject>([...plan.creations, ...plan.definitions, ...plan.indexes]);
  return objects.filter(isShown).flatMap((object): DryRunObject[] => {
    const load = loads.find((candidate) => candidate.object === object);
    const entry = { schema: target, type: object.objectType, name: object.name };
    if (load === undefined) {
      if (!made.has(object)) return [];
      const bytes = object.kind === "virtual" && !withoutRows.has(object.id) ? sumWithShadows(object, objects, bytesOf) : null;
      return [{ ...entry, action: plan.drops.includes(object.name) ? "replace" : "create", rows: null, bytes }];
    }
    const rows = (pieces.get(object.id) ?? []).reduce((sum, piece) => sum + piece.rows, 0);
    return [{ ...entry, action: actionOf(load, plan.drops), ...(load.withoutRows ? NO_ROWS : { rows, bytes: load.bytes }) }];
  });
}

const NO_ROWS = { rows: null, bytes: null } as const;

function actionOf({ table }: SchemaImport["loads"][number], drops: readonly string[]): DryRunObject["action"] {
  if (table.action === "append") return table.truncate ? "truncate" : "append";
  return drops.some((name) => foldName(name) === foldName(table.definition.name)) ? "replace" : "create";
}

/** What was chosen and the target is in the way of. */
function refused(
  { target: schema, objects }: ChosenSchema,
  { plan, loads }: SchemaImport,
  target: Target | null,
): DryRunRefusal[] {
  const made = new Set<SchemaObject>([
    ...plan.creations,
    ...plan.definitions,
    ...plan.indexes,
    ...loads.map(({ object }) => object),
  ]);
  const there = new Set((target?.existing ?? []).map(({ name }) => foldName(name)));
  const reasonOf = ({ name, tableName }: DumpObject) => {
    if (there.has(foldName(name))) return "it exists in the target";
    return there.has(foldName(tableName)) ? `its table ${tableName} exists in the target` : "it can't be made";
  };
  const left = objects.filter((object) => isShown(object) && !made.has(object));
  return left.map((object) => ({ schema, type: object.objectType, name: object.name, reason: reasonOf(object) }));
}
