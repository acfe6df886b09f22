import { pumpError } from "../base/errors.ts";
import { contentOf } from "../job/content.ts";
import { skipsConstraintErrors } from "../job/data-options.ts";
import { dataRemapsOf } from "../job/data-remaps.ts";
import { sqlFilePath, type JobDefinition, type Operation } from "../job/definition.ts";
import { assertSelectable } from "../job/selection.ts";
import { includesAnyRows } from "../job/row-inclusion.ts";
import { isNetworkImport, readsDump } from "../job/source-database.ts";
import { SHORTEST_KEY } from "../mask/mask-key.ts";
import { dataOptions } from "./data-options.ts";
import { flashbackTime } from "./flashback-time.ts";
import { assertApplicable } from "./inapplicable.ts";
import { assertFormatHolds } from "../job/format-version.ts";
import { assertWholeSchemas, isTransportable } from "../job/transportable.ts";
import { invalidArgument, invalidOperation } from "./refusals.ts";

interface TextRule {
  readonly type: "text" | "flag" | "time" | "bits";
  readonly operations: readonly Operation[];
  readonly values?: readonly string[];
  /** Further values of an import. */
  readonly importValues?: readonly string[];
}

type ParameterRule = { readonly type: "secret"; readonly operations: readonly Operation[]; readonly shortest: number } | TextRule;

/** What the control table keeps of a secret: that there is one. */
export const MASKED = "********";

const EVERY: readonly Operation[] = ["EXPORT", "IMPORT", "SQL_FILE"];

/** Every name of SET_PARAMETER that has a meaning here. */
const PARAMETERS: Readonly<Record<string, ParameterRule>> = {
  CHECKSUM: { type: "flag", operations: ["EXPORT"] },
  CHECKSUM_ALGORITHM: { type: "text", operations: ["EXPORT"], values: ["CRC32", "SHA256", "SHA384", "SHA512"] },
  CLIENT_COMMAND: { type: "text", operations: EVERY },
  COMPRESSION: { type: "text", operations: ["EXPORT"], values: ["DATA_ONLY", "METADATA_ONLY", "ALL", "NONE"] },
  COMPRESSION_ALGORITHM: { type: "text", operations: ["EXPORT"], values: ["BASIC", "LOW", "MEDIUM", "HIGH"] },
  DATA_OPTIONS: { type: "bits", operations: ["EXPORT", "IMPORT"] },
  DATA_ACCESS_METHOD: {
    type: "text",
    operations: ["EXPORT", "IMPORT"],
    values: ["AUTOMATIC", "DIRECT_PATH"],
    importValues: ["CONVENTIONAL_PATH"],
  },
  ENCRYPTION: {
    type: "text",
    operations: ["EXPORT"],
    values: ["ALL", "DATA_ONLY", "METADATA_ONLY", "ENCRYPTED_COLUMNS_ONLY", "NONE"],
  },
  ENCRYPTION_ALGORITHM: { type: "text", operations: ["EXPORT"], values: ["AES128", "AES192", "AES256"] },
  ENCRYPTION_MODE: { type: "text", operations: ["EXPORT"], values: ["PASSWORD", "TRANSPARENT", "DUAL"] },
  ENCRYPTION_PASSWORD: { type: "secret", operations: EVERY, shortest: 1 },
  ESTIMATE: { type: "text", operations: ["EXPORT", "IMPORT"], values: ["BLOCKS", "STATISTICS"] },
  ESTIMATE_ONLY: { type: "flag", operations: ["EXPORT"] },
  FLASHBACK_TIME: { type: "time", operations: ["EXPORT", "IMPORT"] },
  INCLUDE_METADATA: { type: "flag", operations: ["EXPORT", "IMPORT"] },
  REMAP_DATA_KEY: { type: "secret", operations: ["EXPORT", "IMPORT"], shortest: SHORTEST_KEY },
  KEEP_MASTER: { type: "flag", operations: EVERY },
  SAMPLE_SEED: { type: "text", operations: ["EXPORT"] },
  SKIP_UNUSABLE_INDEXES: { type: "flag", operations: ["IMPORT"] },
  LOGTIME: { type: "text", operations: EVERY, values: ["NONE", "STATUS", "LOGFILE", "ALL"] },
  MASTER_ONLY: { type: "flag", operations: ["IMPORT"] },
  METRICS: { type: "flag", operations: EVERY },
  SUBSET: { type: "flag", operations: ["EXPORT"] },
  VERIFY_CHECKSUM: { type: "flag", operations: ["IMPORT"] },
  VERIFY_ONLY: { type: "flag", operations: ["IMPORT"] },
  TABLE_EXISTS_ACTION: { type: "text", operations: ["IMPORT"], values: ["SKIP", "APPEND", "TRUNCATE", "REPLACE"] },
  TRANSPORTABLE: { type: "text", operations: ["EXPORT"], values: ["ALWAYS", "NEVER"] },
  USER_METADATA: { type: "flag", operations: ["EXPORT"] },
};

/** Parameters of an import that say something about dump files. */
const OF_DUMPS: ReadonlySet<string> = new Set(["ENCRYPTION_PASSWORD", "MASTER_ONLY", "VERIFY_CHECKSUM", "VERIFY_ONLY"]);

/** Parameters that say something about schemas that are read. */
const OF_SCHEMAS: ReadonlySet<string> = new Set(["ESTIMATE", "FLASHBACK_TIME"]);

/**
 * SET_PARAMETER as a change of the definition. Flags are numbers: 0 is off, any other whole number is on (stored as 1).
 * @throws ORA-39001 with ORA-31667 (no name), ORA-39049 (unknown name), ORA-39051 (set before), ORA-39207 (bad value),
 * ORA-39208 (not for this operation) or TSDP-00002 (no meaning on SQLite) inside.
 */
export function setParameter(definition: JobDefinition, name: string | null, value: string | number): Partial<JobDefinition> {
  if (!name) throw invalidArgument(["ORA-31667"]);
  const key = name.toUpperCase();
  assertParameterApplicable(key, definition.operation);
  const rule = Object.hasOwn(PARAMETERS, key) ? PARAMETERS[key] : undefined;
  if (rule === undefined) throw invalidArgument(["ORA-39049", name]);
  if (!rule.operations.includes(definition.operation)) throw invalidArgument(["ORA-39208", key, definition.operation]);
  if (readsDump(definition) && OF_SCHEMAS.has(key))
    throw pumpError(
      [["ORA-39001"], ["ORA-39208", key, definition.operation]],
      "It is about schemas that are read: give network_link, too.",
    );
  if (isNetworkImport(definition) && OF_DUMPS.has(key)) throw invalidArgument(["ORA-39115", key]);
  // A secret is asked for again at each start.
  if (Object.hasOwn(definition.parameters, key) && rule.type !== "secret") throw invalidArgument(["ORA-39051", key]);
  return { parameters: { ...definition.parameters, [key]: checkedValue(key, rule, value, definition) } };
}

function assertParameterApplicable(key: string, operation: Operation): void {
  assertApplicable("parameter", key);
  if (operation !== "EXPORT") assertApplicable("import parameter", key);
}

/**
 * SET_PARAMETER of a secret for a job that is started again. It changes no definition, so that one which is not needed spoils no later start.
 * @throws as `setParameter`, and ORA-39002 with ORA-39053 for a key of a job that replaces no values
 */
export function checkSecret(definition: JobDefinition, name: string | null, value: string | number): void {
  assertRemaps({ ...definition, ...setParameter(definition, name, value) });
}

/**
 * SET_PARALLEL as a change of the definition.
 * @throws ORA-39001 with ORA-39206 inside unless the degree is a whole number from 1 to 64; ORA-39002 with ORA-39047 for a job
 * without workers.
 */
export function setParallel({ operation }: JobDefinition, degree: number): Partial<JobDefinition> {
  if (operation === "SQL_FILE") throw invalidOperation(["ORA-39047", operation]);
  if (!Number.isInteger(degree) || degree < 1 || degree > 64) throw invalidArgument(["ORA-39206", String(degree)]);
  return { degree };
}

/**
 * What START_JOB demands of a definition.
 * @throws ORA-39002 with ORA-39053 (no dump file, no tablespace, nothing to sample or follow), ORA-39054 (no SQL file), ORA-39050 (parameters that contradict each other) or ORA-39137 (an action that needs metadata) inside.
 */
export function assertStartable(definition: JobDefinition): void {
  assertDumpFiles(definition);
  assertTablespaces(definition);
  assertSelectable(definition);
  if (definition.operation === "SQL_FILE") assertScript(definition);
  assertRowsWanted(definition);
  assertDataOptions(definition);
  assertRemaps(definition);
  if (isTransportable(definition)) assertWholeSchemas(definition);
  assertAlgorithms(definition);
  assertUsersWanted(definition);
  assertFormatHolds(definition, !["NONE", undefined].includes(definition.parameters["ENCRYPTION"] as string | undefined));
  assertVerifiesAll(definition);
  const action = definition.parameters["TABLE_EXISTS_ACTION"];
  if (definition.parameters["INCLUDE_METADATA"] === 0 && (action === "SKIP" || action === "REPLACE")) {
    throw invalidOperation(["ORA-39137", action]);
  }
}

/** A dry run tells what a job would take. @throws ORA-39002 with ORA-39050 for one that takes nothing */
export function assertDryRun({ parameters }: JobDefinition): void {
  const only = ["VERIFY_ONLY", "MASTER_ONLY", "ESTIMATE_ONLY"].find((name) => parameters[name] === 1);
  if (only === undefined) return;
  const hint = `A job with ${only} makes no object anyway: run it as it is, or leave it out of the dry run.`;
  throw pumpError([["ORA-39002"], ["ORA-39050", "DRY_RUN", only]], hint);
}

function assertScript(definition: JobDefinition): void {
  if (sqlFilePath(definition) === "") throw invalidOperation(["ORA-39054"]);
  if (contentOf(definition) === "DATA_ONLY") throw invalidOperation(["ORA-39050", "SQLFILE", "CONTENT=DATA_ONLY"]);
}

/** Without rows there is nothing for a filter of rows. */
function assertRowsWanted(definition: JobDefinition): void {
  const filter = definition.dataFilters.find(({ name }) => name !== "INCLUDE_ROWS");
  if (filter !== undefined && contentOf(definition) === "METADATA_ONLY")
    throw invalidOperation(["ORA-39050", filter.name, "CONTENT=METADATA_ONLY"]);
  if (definition.parameters["SAMPLE_SEED"] !== undefined && !definition.dataFilters.some(({ name }) => name === "SAMPLE"))
    throw pumpError(
      [["ORA-39002"], ["ORA-39053", "SAMPLE", definition.operation]],
      "SAMPLE_SEED decides which rows SAMPLE takes: say what is to be sampled, or leave the seed out.",
    );
  if (definition.parameters["SUBSET"] === 1 && filter === undefined)
    throw pumpError(
      [["ORA-39002"], ["ORA-39053", "QUERY or SAMPLE", definition.operation]],
      "SUBSET follows the foreign keys of the rows that these choose: choose some, or leave SUBSET out.",
    );
}

/** Rows that are kept apart come to a file beside the log. */
function assertDataOptions(definition: JobDefinition): void {
  if (definition.parameters["DATA_OPTIONS"] !== undefined && contentOf(definition) === "METADATA_ONLY")
    throw invalidOperation(["ORA-39050", "DATA_OPTIONS", "CONTENT=METADATA_ONLY"]);
  if (!skipsConstraintErrors(definition)) return;
  if (definition.files.some(({ type }) => type === "log")) return;
  throw pumpError(
    [["ORA-39002"], ["ORA-39053", "LOGFILE", definition.operation]],
    "The rows that SKIP_CONSTRAINT_ERRORS leaves out are kept in a file beside the log: give the job a log file.",
  );
}

/** An export of schemas takes users along; a FULL one takes all of them anyway. */
function assertUsersWanted({ mode, parameters }: JobDefinition): void {
  if (parameters["USER_METADATA"] === 1 && mode !== "SCHEMA")
    throw invalidOperation(["ORA-39050", "USER_METADATA", `mode ${mode}`]);
}

/** An algorithm of what is not to be done. */
function assertAlgorithms({ parameters }: JobDefinition): void {
  const { CHECKSUM, CHECKSUM_ALGORITHM, COMPRESSION, COMPRESSION_ALGORITHM } = parameters;
  if (CHECKSUM === 0 && CHECKSUM_ALGORITHM !== undefined)
    throw invalidOperation(["ORA-39050", "CHECKSUM=NO", "CHECKSUM_ALGORITHM"]);
  if (COMPRESSION === "NONE" && COMPRESSION_ALGORITHM !== undefined)
    throw invalidOperation(["ORA-39050", "COMPRESSION=NONE", "COMPRESSION_ALGORITHM"]);
}

/** What is verified are the files: nothing of what is in them can be left out. */
function assertVerifiesAll({ parameters, metadataFilters, metadataRemaps, dataFilters, dataRemaps = [] }: JobDefinition): void {
  const { VERIFY_ONLY, VERIFY_CHECKSUM, MASTER_ONLY } = parameters;
  if (VERIFY_ONLY !== 1) return;
  if (VERIFY_CHECKSUM !== undefined) throw invalidOperation(["ORA-39050", "VERIFY_ONLY", "VERIFY_CHECKSUM"]);
  if (MASTER_ONLY === 1) throw invalidOperation(["ORA-39050", "VERIFY_ONLY", "MASTER_ONLY"]);
  const other = [...metadataFilters, ...dataFilters, ...metadataRemaps].at(0)?.name;
  if (other !== undefined) throw invalidOperation(["ORA-39050", "VERIFY_ONLY", other]);
  if (dataRemaps.length > 0) throw invalidOperation(["ORA-39050", "VERIFY_ONLY", "REMAP_DATA"]);
}

/** Values are replaced where rows move, and a key is for that only. */
function assertRemaps(definition: JobDefinition): void {
  const { REMAP_DATA_KEY: key } = definition.parameters;
  if (dataRemapsOf(definition).length === 0) {
    if (key !== undefined) throw invalidOperation(["ORA-39053", "REMAP_DATA", definition.operation]);
    return;
  }
  if (contentOf(definition) === "METADATA_ONLY") throw invalidOperation(["ORA-39050", "REMAP_DATA", "CONTENT=METADATA_ONLY"]);
}

/** An estimate and an import over a link need none; an estimate takes none. Row filters are not considered by it. */
function assertDumpFiles(definition: JobDefinition): void {
  const { files, operation, parameters, dataFilters } = definition;
  const hasDump = files.some(({ type }) => type === "dump");
  if (parameters["ESTIMATE_ONLY"] !== 1) {
    if (!hasDump && !isNetworkImport(definition)) throw invalidOperation(["ORA-39053", "DUMPFILE", operation]);
    return;
  }
  if (hasDump) throw invalidOperation(["ORA-39201"]);
  if (!includesAnyRows(definition)) throw invalidOperation(["ORA-39178"]);
  const filter = dataFilters.find(({ name }) => name !== "INCLUDE_ROWS");
  if (filter !== undefined) throw invalidOperation(["ORA-39050", "ESTIMATE_ONLY", filter.name]);
}

/** What reads schemas has no default for their tablespaces. */
function assertTablespaces(definition: JobDefinition): void {
  const { mode, metadataFilters } = definition;
  if (readsDump(definition) || (mode !== "TABLESPACE" && mode !== "TRANSPORTABLE")) return;
  if (metadataFilters.some(({ name }) => name.startsWith("TABLESPACE_"))) return;
  throw invalidOperation(["ORA-39053", "TABLESPACE_EXPR", mode]);
}

function checkedValue(name: string, rule: ParameterRule, value: string | number, { operation }: JobDefinition): string | number {
  switch (rule.type) {
    case "flag":
      if (typeof value !== "number" || !Number.isInteger(value)) throw invalidArgument(["ORA-39207", String(value), name]);
      if (value === 0) assertApplicable("value", `${name}=N`);
      return value === 0 ? 0 : 1;
    case "secret":
      if (typeof value !== "string" || value.length < rule.shortest)
        throw pumpError([["ORA-39001"], ["ORA-39207", MASKED, name]], `Give at least ${rule.shortest} characters.`);
      return MASKED;
    case "time":
      return flashbackTime(value);
    case "bits":
      return dataOptions(value, operation);
    case "text":
      return checkedText(name, valuesOf(rule, operation), value);
  }
}

function valuesOf(
  { values, importValues = [] }: Pick<TextRule, "values" | "importValues">,
  operation: Operation,
): readonly string[] | undefined {
  return operation === "IMPORT" && values !== undefined ? [...values, ...importValues] : values;
}

function checkedText(name: string, values: readonly string[] | undefined, value: string | number): string {
  if (name === "DATA_ACCESS_METHOD") assertApplicable("access method", String(value));
  const text = typeof value === "string" && values !== undefined ? value.toUpperCase() : value;
  if (typeof text !== "string" || text === "" || values?.includes(text) === false)
    throw invalidArgument(["ORA-39207", String(value), name]);
  return text;
}
