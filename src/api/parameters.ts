import type { JobDefinition, Operation } from "../job/definition.ts";
import { invalidArgument, invalidOperation, notSupported } from "./refusals.ts";

type ParameterRule =
  | { readonly type: "text" | "flag"; readonly operations: readonly Operation[]; readonly values?: readonly string[] }
  | "not supported yet";

const LATER = "not supported yet";
const EVERY: readonly Operation[] = ["EXPORT", "IMPORT", "SQL_FILE"];

/** Every name of SET_PARAMETER. */
const PARAMETERS: Readonly<Record<string, ParameterRule>> = {
  CLIENT_COMMAND: { type: "text", operations: EVERY },
  COMPRESSION: { type: "text", operations: ["EXPORT"], values: ["DATA_ONLY", "METADATA_ONLY", "ALL", "NONE"] },
  COMPRESSION_ALGORITHM: { type: "text", operations: ["EXPORT"], values: ["BASIC", "LOW", "MEDIUM", "HIGH"] },
  INCLUDE_METADATA: { type: "flag", operations: ["EXPORT", "IMPORT"] },
  KEEP_MASTER: { type: "flag", operations: ["EXPORT", "IMPORT"] },
  TABLE_EXISTS_ACTION: { type: "text", operations: ["IMPORT"], values: ["SKIP", "APPEND", "TRUNCATE", "REPLACE"] },
  CHECKSUM: LATER,
  CHECKSUM_ALGORITHM: LATER,
  DATA_ACCESS_METHOD: LATER,
  DATA_OPTIONS: LATER,
  ENCRYPTION: LATER,
  ENCRYPTION_ALGORITHM: LATER,
  ENCRYPTION_MODE: LATER,
  ENCRYPTION_PASSWORD: LATER,
  ESTIMATE: LATER,
  ESTIMATE_ONLY: LATER,
  FLASHBACK_SCN: LATER,
  FLASHBACK_TIME: LATER,
  LOGTIME: LATER,
  MASTER_ONLY: LATER,
  METRICS: LATER,
  PARTITION_OPTIONS: LATER,
  REUSE_DATAFILES: LATER,
  SKIP_UNUSABLE_INDEXES: LATER,
  SOURCE_EDITION: LATER,
  STREAMS_CONFIGURATION: LATER,
  TABLESPACE_DATAFILE: LATER,
  TARGET_EDITION: LATER,
  TRACE: LATER,
  TRANSPORTABLE: LATER,
  TTS_FULL_CHECK: LATER,
  USER_METADATA: LATER,
  VERIFY_CHECKSUM: LATER,
  VERIFY_ONLY: LATER,
};

/**
 * SET_PARAMETER as a change of the definition. Flags are numbers: 0 is off, any other whole number is on (stored as 1).
 * @throws ORA-39001 with ORA-31667 (no name), ORA-39049 (unknown name), ORA-39051 (set before), ORA-39207 (bad value) or
 * ORA-39208 (not for this operation) inside.
 */
export function setParameter(definition: JobDefinition, name: string, value: string | number): Partial<JobDefinition> {
  if (!name) throw invalidArgument(["ORA-31667"]);
  const key = name.toUpperCase();
  const rule = Object.hasOwn(PARAMETERS, key) ? PARAMETERS[key] : undefined;
  if (rule === undefined) throw invalidArgument(["ORA-39049", name]);
  if (rule === "not supported yet") throw notSupported(`parameter ${key}`);
  if (!rule.operations.includes(definition.operation)) throw invalidArgument(["ORA-39208", key, definition.operation]);
  if (Object.hasOwn(definition.parameters, key)) throw invalidArgument(["ORA-39051", key]);
  return { parameters: { ...definition.parameters, [key]: checkedValue(key, rule, value) } };
}

/**
 * SET_PARALLEL as a change of the definition.
 * @throws ORA-39001 with ORA-39206 inside unless the degree is a whole number from 1 to 64.
 */
export function setParallel(degree: number): Partial<JobDefinition> {
  if (!Number.isInteger(degree) || degree < 1 || degree > 64) throw invalidArgument(["ORA-39206", String(degree)]);
  return { degree };
}

/**
 * What START_JOB demands of a definition.
 * @throws ORA-39002 with ORA-39053 (no dump file) or ORA-39137 (an action that needs metadata) inside.
 */
export function assertStartable(definition: JobDefinition): void {
  if (!definition.files.some(({ type }) => type === "dump")) {
    throw invalidOperation(["ORA-39053", "DUMPFILE", definition.operation]);
  }
  const action = definition.parameters["TABLE_EXISTS_ACTION"];
  if (definition.parameters["INCLUDE_METADATA"] === 0 && (action === "SKIP" || action === "REPLACE")) {
    throw invalidOperation(["ORA-39137", action]);
  }
}

function checkedValue(name: string, rule: Exclude<ParameterRule, string>, value: string | number): string | number {
  const invalid = invalidArgument(["ORA-39207", String(value), name]);
  if (rule.type === "flag") {
    if (typeof value !== "number" || !Number.isInteger(value)) throw invalid;
    return value === 0 ? 0 : 1;
  }
  if (typeof value !== "string" || value === "") throw invalid;
  if (rule.values === undefined) return value;
  const keyword = value.toUpperCase();
  if (!rule.values.includes(keyword)) throw invalid;
  return keyword;
}
