import { pumpError } from "../base/errors.ts";
import { contentOf } from "./content.ts";
import { dataRemapsOf } from "./data-remaps.ts";
import type { JobDefinition } from "./definition.ts";
import { selectionOf } from "./selection.ts";

/** Whether a job is told to move the pages of schema files instead of rows. */
export function isTransportable({ mode, parameters }: Pick<JobDefinition, "mode" | "parameters">): boolean {
  return mode === "TRANSPORTABLE" || parameters["TRANSPORTABLE"] === "ALWAYS";
}

/** What the log calls the moving of pages, as Data Pump does. */
export const TRANSPORT_PATH = "TRANSPORTABLE_EXPORT/PLUGTS_BLK";

/** Parameters that are about single objects or rows, or give a meaning to what is there already. */
const OF_OBJECTS = [
  "TABLE_EXISTS_ACTION",
  "ESTIMATE",
  "ESTIMATE_ONLY",
  "DATA_ACCESS_METHOD",
  "DATA_OPTIONS",
  "SAMPLE_SEED",
  "SUBSET",
];
/** Remaps that are about whole schemas and their files. */
const OF_SCHEMAS = ["REMAP_SCHEMA", "REMAP_TABLESPACE", "REMAP_DATAFILE", "REMAP_DIRECTORY"];

/**
 * Pages are moved as they are, all of a schema or none: nothing in them can be chosen or changed.
 * @throws ORA-39002 with ORA-39050 or ORA-39202 inside
 */
export function assertWholeSchemas(definition: JobDefinition): void {
  if (definition.dataFilters.some(({ name, tableName }) => name !== "INCLUDE_ROWS" || tableName !== null))
    throw pumpError([["ORA-39002"], ["ORA-39202", "TRANSPORTABLE"]], HINT);
  const [obstacle] = obstaclesOf(definition);
  if (obstacle !== undefined) throw pumpError([["ORA-39002"], ["ORA-39050", obstacle, "TRANSPORTABLE"]], HINT);
}

/** A mode that picks tables, that TRANSPORTABLE=NEVER contradicts, or that copies rows over a link. */
function isOtherMode({ operation, mode, parameters, remoteLink }: JobDefinition): boolean {
  if (mode === "TABLE" || (operation === "IMPORT" && (mode === "TABLESPACE" || remoteLink !== null))) return true;
  return mode === "TRANSPORTABLE" && parameters["TRANSPORTABLE"] === "NEVER";
}

function transformsOf({ metadataTransforms = [] }: JobDefinition): readonly string[] {
  return metadataTransforms.map(({ name }) => `TRANSFORM=${name}`);
}

function obstaclesOf(definition: JobDefinition): readonly string[] {
  const { mode, parameters, metadataRemaps } = definition;
  if (isOtherMode(definition)) return [`mode ${mode}`];
  // TABLESPACES names whole schemas here.
  const whole = { ...definition, mode: mode === "TABLESPACE" ? "TRANSPORTABLE" : mode } as const;
  return [
    ...(contentOf(definition) === "ALL" ? [] : ["CONTENT"]),
    ...(selectionOf(whole, null).isPartial ? ["INCLUDE, EXCLUDE or a name filter"] : []),
    ...(parameters["ENCRYPTION"] === "ENCRYPTED_COLUMNS_ONLY" ? ["ENCRYPTION=ENCRYPTED_COLUMNS_ONLY"] : []),
    ...(dataRemapsOf(definition).length > 0 ? ["REMAP_DATA"] : []),
    ...OF_OBJECTS.filter((name) => parameters[name] !== undefined),
    ...transformsOf(definition),
    ...metadataRemaps.map(({ name }) => name).filter((name) => !OF_SCHEMAS.includes(name)),
  ];
}

const HINT =
  "The pages of a schema are moved whole, as they are; export rows (without transportable) to choose or change objects.";
