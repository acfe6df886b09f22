import { pumpError, type StackEntry } from "../base/errors.ts";
import { upperName } from "../base/identifiers.ts";
import { listSchemas, newSchemaPath } from "../catalog/schemas.ts";
import type { DumpObject, DumpSchema } from "../metadata/dump-object.ts";
import { isPartialDump, objectNumbers } from "../metadata/master-facts.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import type { LeftOut } from "../metadata/object-choice.ts";
import type { ExportMode } from "../metadata/object-paths.ts";
import { absentOf, absentSchemas, nothingLeft } from "../metadata/select.ts";
import { contentOf } from "./content.ts";
import type { JobDefinition } from "./definition.ts";
import type { SavedTarget } from "./import-state.ts";
import { selectionOf } from "./selection.ts";

/** A schema of the dump and where it goes. */
export interface ChosenSchema {
  readonly source: DumpSchema;
  readonly objects: readonly DumpObject[];
  /** Name of the schema to load into, upper case. */
  readonly target: string;
  readonly path: string;
  /** Null when the job makes the schema. */
  readonly existingPath: string | null;
  /** Whether only some objects are taken. */
  readonly partial: boolean;
  /** Numbers of the tables whose rows don't come: the job leaves them out, or the export has. */
  readonly withoutRows: ReadonlySet<number>;
}

/** What an import does with a dump. */
export interface ChosenTargets {
  readonly chosen: readonly ChosenSchema[];
  /** What was asked for and is not in the dump. */
  readonly missing: readonly StackEntry[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Which objects of a dump go where. What an earlier run has decided stays: `saved`, by the name of the schema.
 * @throws ORA-39002 with ORA-31655 when nothing is selected, ORA-39146 for a schema that is not there
 */
export function chooseTargets(
  definition: JobDefinition,
  master: MasterTable,
  saved: ReadonlyMap<string, SavedTarget>,
): ChosenTargets {
  const selection = selectionOf(definition, null);
  const found = selection.schemas(master.schemas.map(({ name }) => name));
  const { schemas } = found;
  const selected = selection.objects(master.objects.filter(({ schema }) => schemas.includes(schema)));
  const absent = [...absentSchemas(found), ...absentOf(selected)];
  if (selected.objects.length === 0 && selection.isPartial) throw nothingLeft(absent);
  const partial = selection.isPartial || isPartialDump(master.job);
  const withoutRows = new Set([...selected.withoutRows, ...objectNumbers(master.job.get("WITHOUT_ROWS"))]);
  const place = placeSchemas(definition, master, saved);
  const chosen = master.schemas
    .map((source) => ({ source, partial, withoutRows, objects: selected.objects.filter(({ schema }) => schema === source.name) }))
    .filter(({ source, objects }) => objects.length > 0 || (!partial && schemas.includes(source.name)))
    .map((choice) => ({ ...choice, ...place(choice.source) }));
  return { chosen, missing: absent, leftOut: selected.leftOut };
}

/** The mode in which a dump was exported: its object paths begin with it. */
export function exportModeOf({ job }: MasterTable): ExportMode {
  const mode = job.get("MODE");
  return mode === "FULL" || mode === "TABLE" || mode === "TABLESPACE" ? mode : "SCHEMA";
}

/** Finds the file of a schema's target; with CONTENT=DATA_ONLY it has to exist. */
function placeSchemas(
  definition: JobDefinition,
  master: MasterTable,
  saved: ReadonlyMap<string, SavedTarget>,
): (source: DumpSchema) => Pick<ChosenSchema, "target" | "path" | "existingPath"> {
  const { database } = definition;
  const targets = remapSchemas(
    definition,
    master.schemas.map(({ name }) => name),
  );
  const files = new Map(listSchemas(database).map((file) => [file.name, file.path]));
  return ({ name }) => {
    const target = targets.get(name) ?? upperName(name);
    const known = saved.get(target);
    if (known !== undefined) return { target, path: known.path, existingPath: known.existing === null ? null : known.path };
    const existingPath = files.get(target) ?? null;
    if (existingPath === null && contentOf(definition) === "DATA_ONLY") throw pumpError([["ORA-39002"], ["ORA-39146", target]]);
    return { target, existingPath, path: existingPath ?? newSchemaPath(database, target) };
  };
}

/** REMAP_SCHEMA. @throws ORA-39146 for a schema that the dump does not hold */
function remapSchemas({ metadataRemaps }: JobDefinition, names: readonly string[]): ReadonlyMap<string, string> {
  const targets = new Map(names.map((name) => [name, upperName(name)]));
  for (const { oldValue, value } of metadataRemaps.filter(({ name }) => name === "REMAP_SCHEMA")) {
    const source = upperName(oldValue);
    if (!targets.has(source)) throw pumpError([["ORA-39002"], ["ORA-39146", oldValue]], `The dump holds ${names.join(", ")}.`);
    targets.set(source, upperName(value));
  }
  const twice = [...targets.values()].find((target, i, all) => all.indexOf(target) !== i);
  if (twice === undefined) return targets;
  const reason = `two schemas of the dump would be loaded into ${twice}`;
  throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Import them one after the other.");
}
