import { pumpError, type PumpError, type StackEntry } from "../../base/errors.ts";
import { upperName } from "../../base/identifiers.ts";
import { homeFolder } from "../../catalog/home.ts";
import { missingPrivilege, Privileges } from "../../catalog/privileges.ts";
import { listSchemas } from "../../catalog/schemas.ts";
import { catalogObjects, type CatalogObject } from "../../metadata/catalog-objects.ts";
import type { DumpObject, DumpSchema } from "../../metadata/dump-object.ts";
import { isPartialDump, objectNumbers } from "../../metadata/master-facts.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import type { LeftOut } from "../../metadata/object-choice.ts";
import type { ExportMode } from "../../metadata/object-paths.ts";
import { absentOf, absentSchemas, nothingLeft } from "../../metadata/select.ts";
import { proveSchema } from "../../sqlite/scratch.ts";
import type { TableFacts } from "../../sqlite/table-facts.ts";
import { contentOf, type Content } from "../content.ts";
import { dataRemapsOf, planRemaps, type RemapsOfTables } from "../data-remaps.ts";
import { datafilesOf } from "../datafile-remaps.ts";
import type { JobDefinition } from "../definition.ts";
import type { SavedTarget } from "./import-state.ts";
import { RowFilters } from "../row-filters.ts";
import { selectionOf } from "../selection.ts";
import { placeNewSchema, type SchemaPlace } from "./schema-place.ts";
import { transformedSettings } from "./transforms.ts";
import { absentRemaps, remapTables } from "./table-remaps.ts";
import { transformTables, type TransformedObjects } from "./table-transforms.ts";

/** A schema of the dump and what is taken of it. */
export interface ChosenObjects extends TransformedObjects {
  readonly source: DumpSchema;
  /** Name of the schema that they are for, upper case. */
  readonly target: string;
  /** Whether only some objects are taken. */
  readonly partial: boolean;
  /** Numbers of the tables whose rows don't come: the job leaves them out, or the export has. */
  readonly withoutRows: ReadonlySet<number>;
}

/** A schema of the dump and where it goes. */
export interface ChosenSchema extends ChosenObjects, SchemaPlace {
  /** Null when the job makes the schema. */
  readonly existingPath: string | null;
}

/** What a job takes of a dump. */
export interface Chosen<T> {
  readonly chosen: readonly T[];
  /** What of the catalog of the exported database. */
  readonly catalog: readonly CatalogObject[];
  /** What was asked for and is not in the dump. */
  readonly missing: readonly StackEntry[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Which objects of a dump go where. What an earlier run has decided stays: `saved`, by the name of the schema.
 * @throws as `chooseFromDump`, ORA-39146 for a schema that is not there, and ORA-39002 when REMAP_DATAFILE can't be done
 */
export async function chooseTargets(
  definition: JobDefinition,
  master: MasterTable,
  saved: ReadonlyMap<string, SavedTarget>,
): Promise<Chosen<ChosenSchema>> {
  const { chosen, ...rest } = await chooseFromDump(definition, master);
  const names = master.schemas.map(({ name }) => name);
  const place = placeSchemas(definition, saved, names);
  return { chosen: chosen.map((choice) => ({ ...choice, ...place(choice) })), ...rest };
}

/**
 * Where schemas of a link go.
 * @throws ORA-39146 for a schema that is not there, ORA-39002 when REMAP_DATAFILE can't be done, ORA-31631 with ORA-39109 for one that its owner may not work on, or when REMAP_TABLE
 * can't be done
 */
export async function placeTargets(
  definition: JobDefinition,
  master: MasterTable,
  choices: readonly Pick<ChosenObjects, "source" | "partial" | "withoutRows" | "objects">[],
  saved: ReadonlyMap<string, SavedTarget>,
): Promise<readonly ChosenSchema[]> {
  const names = choices.map(({ source }) => source.name);
  const place = placeSchemas(definition, saved, names);
  const targets = remapSchemas(definition, names);
  assertApart([...targets.values()]);
  const privileges = Privileges.of(homeFolder(definition.database), definition.owner);
  if (choices.some(({ source: { name } }) => !privileges.mayWorkOn(targets.get(name) ?? name, "IMPORT")))
    throw missingPrivilege("IMPORT", ["ORA-39109"]);
  return Promise.all(
    choices.map(async ({ objects, ...choice }) => {
      const target = targets.get(choice.source.name) ?? upperName(choice.source.name);
      const changed = await changeTables(definition, master, { source: choice.source, target, objects });
      const source = { ...choice.source, settings: transformedSettings(definition, choice.source.settings) };
      return { ...choice, source, target, ...changed, ...place({ source, target }) };
    }),
  );
}

/**
 * Which objects of a dump a job takes, and for which schemas. Those for schemas that its owner may not work on stay behind (ORA-39154).
 * @throws ORA-39002 with ORA-31655 when nothing is selected, ORA-39146 for a schema to remap that the dump does not hold, or when
 * REMAP_TABLE can't be done
 */
export async function chooseFromDump(definition: JobDefinition, master: MasterTable): Promise<Chosen<ChosenObjects>> {
  const selection = selectionOf(definition, null);
  const found = selection.schemas(master.schemas.map(({ name }) => name));
  const { schemas } = found;
  const offeredCatalog = definition.mode === "FULL" && contentOf(definition) !== "DATA_ONLY" ? catalogObjects(master.job) : [];
  const own = master.objects.filter(({ schema }) => schemas.includes(schema));
  const selected = selection.objects(own, offeredCatalog);
  const absent = [...absentSchemas(found), ...absentOf(selected), ...absentRemaps(definition, master)];
  if (selected.objects.length + selected.catalog.length === 0 && selection.isPartial) throw nothingLeft(absent);
  const partial = selection.isPartial || isPartialDump(master.job);
  const withoutRows = new Set([...selected.withoutRows, ...objectNumbers(master.job.get("WITHOUT_ROWS"))]);
  const targets = remapSchemas(
    definition,
    master.schemas.map(({ name }) => name),
  );
  const privileges = Privileges.of(homeFolder(definition.database), definition.owner);
  const offered = master.schemas
    .map((source) => ({
      source: { ...source, settings: transformedSettings(definition, source.settings) },
      target: targets.get(source.name) ?? upperName(source.name),
      partial,
      withoutRows,
      objects: selected.objects.filter(({ schema }) => schema === source.name),
    }))
    .filter(({ source, objects }) => objects.length > 0 || (!partial && schemas.includes(source.name)));
  assertApart(offered.map(({ target }) => target));
  const chosen = offered.filter(({ target }) => privileges.mayWorkOn(target, definition.operation));
  const catalog = privileges.mayWorkOnAll(definition.operation) ? selected.catalog : [];
  const missing =
    chosen.length === offered.length && catalog.length === selected.catalog.length ? absent : [...absent, ["ORA-39154"] as const];
  if (chosen.length === 0 && offered.length > 0) throw nothingLeft(missing);
  const changed = await Promise.all(
    chosen.map(async (choice) => ({ ...choice, ...(await changeTables(definition, master, choice)) })),
  );
  return { chosen: changed, catalog, missing, leftOut: selected.leftOut };
}

/** REMAP_TABLE, and the transforms of tables. @throws ORA-39002 when REMAP_TABLE can't be done */
async function changeTables(
  definition: JobDefinition,
  master: MasterTable,
  choice: Pick<ChosenObjects, "source" | "target" | "objects">,
): Promise<TransformedObjects> {
  return transformTables(definition, choice.source, choice.target, await remapTables(definition, master, choice));
}

/** Which rows of a dump are taken. @throws ORA-39001 with ORA-39034 for a filter of a table that the job does not take */
export function rowFiltersOf(definition: JobDefinition, chosen: readonly ChosenObjects[], content: Content): RowFilters {
  const withoutRows = new Set(chosen.flatMap((choice) => [...choice.withoutRows]));
  // A query names a table as the dump does: one that takes the name of another does not get the other's.
  const objects = chosen.flatMap((choice) => choice.objects.map((object) => choice.originals.get(object.id) ?? object));
  const hasRows = ({ id, shape }: DumpObject) => content !== "METADATA_ONLY" && shape !== null && !withoutRows.has(id);
  const rowFilters = new RowFilters(definition);
  rowFilters.assertTables(objects.filter(hasRows), objects);
  return rowFilters;
}

/**
 * The columns of the dump whose values are replaced, by the names that its tables have there: a table that takes the name of another
 * does not get the other's functions.
 * @throws ORA-39002 with the reason why they can't be
 */
export function remapsOfImport(
  definition: JobDefinition,
  chosen: readonly ChosenSchema[],
  master: MasterTable,
  content: Content,
): RemapsOfTables {
  const withoutRows = new Set(chosen.flatMap((choice) => [...choice.withoutRows]));
  const taken = new Set(chosen.flatMap(({ objects }) => objects.map(({ id }) => id)));
  return planRemaps(dataRemapsOf(definition), {
    operation: "IMPORT",
    objects: master.objects.filter(({ id }) => taken.has(id)),
    hasRows: ({ id, shape }) => content !== "METADATA_ONLY" && shape !== null && !withoutRows.has(id),
    defaultSchema: null,
    factsOf: (table) => factsOf(table, chosen),
  });
}

/** Of a definition that SQLite refuses nothing is known; its table is not made either. */
function factsOf(table: DumpObject, chosen: readonly ChosenSchema[]): TableFacts | undefined {
  const source = chosen.find(({ source: { name } }) => name === table.schema)?.source;
  if (source === undefined) return undefined;
  const proven = proveSchema([table], source.settings.encoding);
  try {
    return proven.facts(table.name);
  } finally {
    proven.close();
  }
}

/** The mode in which a dump was exported: its object paths begin with it. */
export function exportModeOf({ job }: MasterTable): ExportMode {
  const mode = job.get("MODE");
  return mode === "FULL" || mode === "TABLE" || mode === "TABLESPACE" ? mode : "SCHEMA";
}

/** Finds the file of a schema's target, or the place of a new one; with CONTENT=DATA_ONLY it has to exist. */
function placeSchemas(
  definition: JobDefinition,
  saved: ReadonlyMap<string, SavedTarget>,
  names: readonly string[],
): (choice: Pick<ChosenObjects, "source" | "target">) => SchemaPlace & Pick<ChosenSchema, "existingPath"> {
  const { database } = definition;
  const files = new Map(listSchemas(database).map((file) => [file.name, file.path]));
  const datafiles = datafilesOf(definition.metadataRemaps, names);
  return ({ source, target }) => {
    const known = saved.get(target);
    if (known !== undefined) {
      const { path, existing, link = null } = known;
      return { path, link, existingPath: existing === null ? null : path };
    }
    const existingPath = files.get(target);
    const datafile = datafiles.get(source.name);
    if (existingPath !== undefined) {
      if (datafile !== undefined) throw notMoved(target, existingPath);
      return { path: existingPath, link: null, existingPath };
    }
    if (contentOf(definition) === "DATA_ONLY") throw pumpError([["ORA-39002"], ["ORA-39146", target]]);
    return { ...placeNewSchema(database, target, datafile), existingPath: null };
  };
}

function notMoved(target: string, path: string): PumpError {
  const reason = `schema ${target} exists in "${path}", and REMAP_DATAFILE is for a schema that the import makes`;
  return pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Leave it out, or import under another name with remap_schema.");
}

/** REMAP_SCHEMA. @throws ORA-39146 for a schema that the dump does not hold */
function remapSchemas({ metadataRemaps }: JobDefinition, names: readonly string[]): ReadonlyMap<string, string> {
  const targets = new Map(names.map((name) => [name, upperName(name)]));
  for (const { oldValue, value } of metadataRemaps.filter(({ name }) => name === "REMAP_SCHEMA")) {
    const source = upperName(oldValue);
    if (!targets.has(source)) throw pumpError([["ORA-39002"], ["ORA-39146", oldValue]], `The dump holds ${names.join(", ")}.`);
    targets.set(source, upperName(value));
  }
  return targets;
}

/** @throws ORA-39002 when two of the schemas that are taken are for the same one */
function assertApart(targets: readonly string[]): void {
  const twice = targets.find((target, i) => targets.indexOf(target) !== i);
  if (twice === undefined) return;
  const reason = `two schemas of the dump would be loaded into ${twice}`;
  throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Import them one after the other.");
}
