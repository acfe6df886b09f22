import { foldName } from "../../base/identifiers.ts";
import type { Keyring } from "../../dump/set-key.ts";
import { groupPieces } from "../../inspect/master.ts";
import type { StackEntry } from "../../base/errors.ts";
import { rowsOfTables } from "../../metadata/master-facts.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import type { DumpObject } from "../../metadata/dump-object.ts";
import { definitionsNamed, readObjects, type SchemaObject } from "../../sqlite/schema.ts";
import { listExisting, nameKey, type ExistingObject } from "../../sqlite/target.ts";
import { openPlaces, type PlaceKeys } from "../../storage/place-keys.ts";
import { importDataOptions } from "../data-options.ts";
import type { JobDefinition } from "../definition.ts";
import {
  isShown,
  missingProblems,
  refusalsOf,
  rowRefusals,
  sumWithShadows,
  takenCatalogObject,
  type DryRunFindings,
  type DryRunObject,
  type DryRunRefusal,
} from "./dry-run-object.ts";
import { previewCatalog } from "../catalog-transfer.ts";
import { OpenSources } from "./dry-run-sources.ts";
import { contentOf } from "../content.ts";
import { Estimates } from "./dry-run-estimates.ts";
import { estimateMethod } from "../export/export-estimate.ts";
import { chooseSources } from "../export/export-plan.ts";
import { assertStateOfTime } from "../export/flashback.ts";
import { planLink } from "../import/link-plan.ts";
import { accessMethodOf, importAction, importContent } from "../import/import-content.ts";
import { planSchemaImport, type SchemaImport } from "../import/import-plan.ts";
import type { SchemaImportRequest } from "../import/import-request.ts";
import { chooseTargets, remapsOfImport, rowFiltersOf, type ChosenSchema } from "../import/import-targets.ts";
import { isOpenDatabase } from "../jobs.ts";
import { withMaster } from "../open-set.ts";
import { assertNewSchemas, importsPages } from "../import/page-import.ts";

/** What an import would do with a dump and the schemas as they are now. */
export async function dryRunImport(definition: JobDefinition, keyring: Keyring, places: PlaceKeys): Promise<DryRunFindings> {
  return withMaster(definition, openPlaces(places, isOpenDatabase), keyring, async (master, set) => {
    const { chosen, catalog, missing, leftOut } = await chooseTargets(definition, master, new Map());
    const ofCatalog = previewCatalog(definition, catalog);
    const takenOfCatalog = ofCatalog.taken.map((object) => takenCatalogObject(object, "create"));
    if (importsPages(definition, master)) {
      const pages = pageFindings(chosen, missing, master);
      return { ...pages, taken: [...takenOfCatalog, ...pages.taken], problems: [...pages.problems, ...ofCatalog.problems] };
    }
    const content = importContent(definition, master);
    const remapped = remapsOfImport(definition, chosen, master, content);
    const rowFilters = rowFiltersOf(definition, chosen, content);
    const pieceOrder = groupPieces(master);
    const sizeOf = ({ id }: DumpObject, bytes: number) => {
      return { rows: (pieceOrder.get(id) ?? []).reduce((sum, piece) => sum + piece.rows, 0), bytes };
    };
    const found = findingsOf(definition, chosen, { content, remapped, rowFilters, pieceOrder, pieces: set.pieces, sizeOf });
    return {
      ...found,
      taken: [...takenOfCatalog, ...found.taken],
      leftOut: [...refusalsOf(leftOut), ...found.leftOut],
      problems: [...missingProblems(missing), ...ofCatalog.problems, ...found.problems],
    };
  });
}

/** What an import over a link would do with the schemas of both databases as they are now. */
export async function dryRunLinkedImport(definition: JobDefinition): Promise<DryRunFindings> {
  const available = chooseSources(definition);
  assertStateOfTime(definition, available.sources);
  const sources = new OpenSources(available.sources);
  try {
    const { plan, chosen, master, missing } = await planLink(definition, available, sources, new Map());
    const content = contentOf(definition);
    const estimates = new Estimates(plan, sources, estimateMethod(definition));
    const dump: Dump = {
      content,
      remapped: remapsOfImport(definition, chosen, master, content),
      // The plan of the link has them.
      rowFilters: null,
      pieceOrder: new Map(),
      pieces: new Map(),
      sizeOf: (object) => {
        const estimate = estimates.of(object);
        return estimate === undefined ? NO_ROWS : { rows: estimate.rows, bytes: Math.round(estimate.bytes) };
      },
    };
    const ofCatalog = previewCatalog(definition, plan.catalog);
    const { taken, leftOut, problems, notes } = findingsOf(definition, chosen, dump);
    return {
      taken: [...ofCatalog.taken.map((object) => takenCatalogObject(object, "create")), ...taken],
      leftOut: [...refusalsOf(plan.leftOut), ...leftOut],
      problems: [...missingProblems(missing), ...ofCatalog.problems, ...plan.problems, ...problems],
      notes,
    };
  } finally {
    sources.close();
  }
}

function findingsOf(definition: JobDefinition, chosen: readonly ChosenSchema[], dump: Dump): DryRunFindings {
  const works = chosen.map((choice) => {
    const target = readTarget(choice);
    return { choice, target, plan: planWork(definition, choice, target, dump) };
  });
  return {
    taken: works.flatMap(({ choice, plan }) => takenObjects(choice, plan, dump)),
    leftOut: [
      ...works.flatMap(({ choice }) => rowRefusals(choice.objects, choice.withoutRows)),
      ...works.flatMap(({ choice, plan, target }) => refused(choice, plan, target)),
    ],
    problems: works.flatMap(({ plan }) => [...plan.problems, ...plan.dependentProblems.map(({ lines }) => lines)]),
    notes: works.flatMap(({ plan }) => plan.notes),
  };
}

/** Schemas that come as pages come whole, or not at all. */
function pageFindings(chosen: readonly ChosenSchema[], missing: readonly StackEntry[], { job }: MasterTable): DryRunFindings {
  assertNewSchemas(chosen);
  const counted = rowsOfTables(job);
  const taken = chosen.flatMap(({ target: schema, objects }) =>
    objects.filter(isShown).map(({ id, objectType: type, name }): DryRunObject => {
      return { schema, type, name, action: "create", rows: counted.get(id) ?? null, bytes: null };
    }),
  );
  return { taken, leftOut: [], problems: missingProblems(missing), notes: [] };
}

/** A target as it is; null: there is none. */
interface Target {
  readonly existing: readonly ExistingObject[];
  readonly objects: readonly SchemaObject[];
}

function readTarget({ target, existingPath }: ChosenSchema): Target | null {
  if (existingPath === null) return null;
  const source = new OpenSources([{ schema: target, path: existingPath }]);
  try {
    const connection = source.connection(target);
    return { existing: listExisting(connection), objects: readObjects(connection).objects };
  } finally {
    source.close();
  }
}

/** What the plans of all schemas have of the dump. */
interface Dump extends Pick<SchemaImportRequest, "content" | "pieceOrder" | "pieces" | "remapped" | "rowFilters"> {
  /** Of a table whose rows come. @param bytes of its pieces */
  readonly sizeOf: (object: DumpObject, bytes: number) => Pick<DryRunObject, "rows" | "bytes">;
}

function planWork(definition: JobDefinition, choice: ChosenSchema, target: Target | null, dump: Dump): SchemaImport {
  return planSchemaImport({
    ...choice,
    ...dump,
    existing: target?.existing ?? null,
    definitionsOf: (names) => definitionsNamed(target?.objects ?? [], names),
    action: importAction(definition, dump.content),
    accessMethod: accessMethodOf(definition),
    ...importDataOptions(definition),
    guid: definition.guid,
  });
}

function takenObjects(
  { target, objects, withoutRows }: ChosenSchema,
  { plan, loads }: SchemaImport,
  { sizeOf }: Dump,
): DryRunObject[] {
  const bytesOf = (object: DumpObject) => {
    const load = loads.find((candidate) => candidate.object === object);
    return load === undefined ? 0 : (sizeOf(object, load.bytes).bytes ?? 0);
  };
  const made = madeBy(plan);
  return objects.filter(isShown).flatMap((object): DryRunObject[] => {
    const load = loads.find((candidate) => candidate.object === object);
    const entry = { schema: target, type: object.objectType, name: object.name };
    if (load === undefined) {
      if (!made.has(object)) return [];
      const bytes = object.kind === "virtual" && !withoutRows.has(object.id) ? sumWithShadows(object, objects, bytesOf) : null;
      return [{ ...entry, action: isReplaced(object, plan.drops) ? "replace" : "create", rows: null, bytes }];
    }
    const isKnown = !load.withoutRows && load.filter === null;
    return [{ ...entry, action: actionOf(load, plan.drops), ...(isKnown ? sizeOf(object, load.bytes) : NO_ROWS) }];
  });
}

/** What is made besides the tables with rows of their own. */
function madeBy({ creations, definitions, indexes }: SchemaImport["plan"]): ReadonlySet<SchemaObject> {
  return new Set([...creations, ...definitions, ...indexes]);
}

const NO_ROWS = { rows: null, bytes: null } as const;

function actionOf({ table }: SchemaImport["loads"][number], drops: readonly string[]): DryRunObject["action"] {
  if (table.action === "append") return table.truncate ? "truncate" : "append";
  return isReplaced(table.definition, drops) ? "replace" : "create";
}

function isReplaced({ type, name }: SchemaObject, drops: readonly string[]): boolean {
  return type === "table" && drops.some((dropped) => foldName(dropped) === foldName(name));
}

/** What was chosen and the target is in the way of. */
function refused(
  { target: schema, objects }: ChosenSchema,
  { plan, loads }: SchemaImport,
  target: Target | null,
): DryRunRefusal[] {
  const made = new Set([...madeBy(plan), ...loads.map(({ object }) => object)]);
  const there = new Map((target?.existing ?? []).map((object) => [nameKey(object), object]));
  const reasonOf = (object: DumpObject) => {
    if (there.has(nameKey(object))) return "it exists in the target";
    const base = there.get(nameKey({ type: "table", name: object.tableName }));
    return base === undefined ? "it can't be made" : `its ${base.type} ${base.name} exists in the target`;
  };
  const left = objects.filter((object) => isShown(object) && !made.has(object));
  return left.map((object) => ({ schema, type: object.objectType, name: object.name, reason: reasonOf(object) }));
}
