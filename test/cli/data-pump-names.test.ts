import { expect, it } from "vitest";
import { DATA_OPTION_BITS } from "../../src/api/data-options.ts";
import { dataFilter } from "../../src/api/data-filters.ts";
import { metadataFilter } from "../../src/api/filters.ts";
import { metadataRemap } from "../../src/api/remaps.ts";
import { metadataTransform } from "../../src/api/transforms.ts";
import { explanationsOf, type InapplicableKind } from "../../src/api/inapplicable.ts";
import { setParameter } from "../../src/api/parameters.ts";
import { toPumpError, type PumpError } from "../../src/base/errors.ts";
import { readCommandLine } from "../../src/cli/command-line.ts";
import { helpLines } from "../../src/cli/help.ts";
import { PARAMETERS as PARAMETER_ROWS } from "../../src/cli/parameters/parameters.ts";
import type { JobDefinition } from "../../src/job/definition.ts";
import { jobDefinition } from "../job/job-definition.ts";

/** The parameters of expdp and impdp, 19c to 23ai. */
const PARAMETERS = `
  abort_step access_method attach checksum checksum_algorithm cluster compression compression_algorithm content credential data_options
  directory dumpfile enable_secure_roles encryption encryption_algorithm encryption_mode encryption_password encryption_pwd_prompt
  estimate estimate_only exclude filesize flashback_scn flashback_time full help include index_threshold job_name keep_master logfile
  logtime master_only metrics network_link nologfile onestep_index parallel parallel_threshold parfile partition_options query
  remap_data remap_datafile remap_directory remap_schema remap_table remap_tablespace reuse_datafiles reuse_dumpfiles sample schemas
  service_name skip_unusable_indexes source_edition sqlfile status streams_configuration table_exists_action tables tablespaces
  target_edition trace transform transport_datafiles transport_full_check transport_tablespaces transportable tts_closure_check userid
  verify_checksum verify_only version views_as_tables`;

/** The names of SET_PARAMETER, and of the filters and remaps. */
const SET_PARAMETERS = `
  CHECKSUM CHECKSUM_ALGORITHM CLIENT_COMMAND COMPRESSION COMPRESSION_ALGORITHM DATA_ACCESS_METHOD DATA_OPTIONS ENCRYPTION
  ENCRYPTION_ALGORITHM ENCRYPTION_MODE ENCRYPTION_PASSWORD ESTIMATE ESTIMATE_ONLY FLASHBACK_SCN FLASHBACK_TIME INCLUDE_METADATA
  KEEP_MASTER LOGTIME MASTER_ONLY METRICS PARTITION_OPTIONS REUSE_DATAFILES SKIP_UNUSABLE_INDEXES SOURCE_EDITION
  STREAMS_CONFIGURATION TABLESPACE_DATAFILE TABLE_EXISTS_ACTION TARGET_EDITION TRACE TRANSPORTABLE TTS_FULL_CHECK USER_METADATA
  VERIFY_CHECKSUM VERIFY_ONLY`;
const METADATA_FILTERS = `
  NAME_EXPR NAME_LIST SCHEMA_EXPR SCHEMA_LIST TABLESPACE_EXPR TABLESPACE_LIST INCLUDE_PATH_EXPR INCLUDE_PATH_LIST EXCLUDE_PATH_EXPR
  EXCLUDE_PATH_LIST EXCLUDE_TABLES VIEWS_AS_TABLES TABLE_FILTER`;
const DATA_FILTERS = "INCLUDE_ROWS PARTITION_EXPR PARTITION_LIST SAMPLE SUBQUERY";
const METADATA_REMAPS = "REMAP_SCHEMA REMAP_TABLESPACE REMAP_DATAFILE REMAP_TABLE REMAP_DIRECTORY";

const METADATA_TRANSFORMS = `
  CONSTRAINT_NAME_FROM_INDEX CONSTRAINT_NOVALIDATE CONSTRAINT_USE_DEFAULT_INDEX DISABLE_ARCHIVE_LOGGING DWCS_CVT_CONSTRAINTS DWCS_CVT_IOTS
  INDEX_COMPRESSION_CLAUSE INMEMORY INMEMORY_CLAUSE LOB_STORAGE OID OMIT_ACDR_METADATA OMIT_ENCRYPTION_CLAUSE PCTSPACE SEGMENT_ATTRIBUTES
  SEGMENT_CREATION STORAGE TABLE_COMPRESSION_CLAUSE XMLTYPE_STORAGE_CLAUSE`;

const words = (text: string) => text.trim().split(/\s+/);

function definition(operation: "EXPORT" | "IMPORT"): JobDefinition {
  return jobDefinition({ operation, mode: "TABLE", database: "/d" });
}

/** The error of a call; null when it took the name. */
function refusal(call: (job: JobDefinition) => unknown, operation: "EXPORT" | "IMPORT"): PumpError | null {
  try {
    call(definition(operation));
    return null;
  } catch (error) {
    return toPumpError(error);
  }
}

it("every parameter of Data Pump works, or is refused with the reason", () => {
  for (const name of words(PARAMETERS)) {
    const rows = PARAMETER_ROWS.filter((row) => row.name === name);
    expect(rows, name).not.toEqual([]);
    for (const [parameter, command] of rows.flatMap((row) => row.commands.map((of) => [row, of] as const))) {
      const help = helpLines(command);
      const isShown = help.some((line) => new RegExp(`^${name.toUpperCase()}(?: \\[|$)`).test(line));
      expect(isShown, `help of ${name}`).toBe(true);
      if (parameter.status !== "inapplicable") continue;
      const error = refused(() => readCommandLine(command, [`${name}=y`]));
      const [what, why, instead] = parameter.description;
      expect(error.message).toBe(`TSDP-00002: parameter ${name.toUpperCase()} has no meaning on SQLite. ${what} ${why}`);
      expect(error.hint).toBe(instead);
    }
  }
});

it.each([
  ["SET_PARAMETER", SET_PARAMETERS, (name: string) => (job: JobDefinition) => setParameter(job, name, ""), "ORA-39049"],
  [
    "METADATA_FILTER",
    METADATA_FILTERS,
    (name: string) => (job: JobDefinition) => metadataFilter(job, name, "?", null),
    "ORA-39036",
  ],
  ["DATA_FILTER", DATA_FILTERS, (name: string) => (job: JobDefinition) => dataFilter(job, name, "", null, null), "ORA-39031"],
  [
    "METADATA_REMAP",
    METADATA_REMAPS,
    (name: string) => (job: JobDefinition) => metadataRemap(job, name, "a", "b", null),
    "ORA-39045",
  ],
  [
    "METADATA_TRANSFORM",
    METADATA_TRANSFORMS,
    (name: string) => (job: JobDefinition) => metadataTransform(job, name, "", null),
    "ORA-39042",
  ],
] as const)("%s knows every name of Data Pump and no other", (_procedure, names, call, unknown) => {
  for (const name of words(names)) {
    for (const operation of ["EXPORT", "IMPORT"] as const) {
      expect(refusal(call(name), operation)?.has(unknown) ?? false, name).toBe(false);
    }
  }
  expect(refusal(call("NO_SUCH_NAME"), "EXPORT")?.has(unknown)).toBe(true);
});

it("the procedures say why a name has no meaning", () => {
  const kinds: readonly (readonly [InapplicableKind, (job: JobDefinition, name: string) => unknown])[] = [
    ["parameter", (job, name) => setParameter(job, name.toLowerCase(), 1)],
    ["import parameter", (job, name) => setParameter(job, name.toLowerCase(), 1)],
    ["metadata remap", (job, name) => metadataRemap(job, name, "x", "y", null)],
    ["transform", (job, name) => metadataTransform(job, name, 1, null)],
    ["data filter", (job, name) => dataFilter(job, name, "x", "T", null)],
  ];
  for (const [kind, call] of kinds) {
    for (const [name, [what, why, instead]] of Object.entries(explanationsOf(kind))) {
      const error = refusal((job) => call(job, name), "IMPORT");
      expect(error?.message).toBe(
        `ORA-39001: invalid argument value\nTSDP-00002: ${kind} ${name} has no meaning on SQLite. ${what} ${why}`,
      );
      expect(error?.hint).toBe(instead);
    }
  }
});

it.each([
  ["PROCEDURE", "SQLite stores no procedures"],
  ["PACKAGE_BODY", "SQLite stores no procedures"],
  ["SYNONYM", "SQLite has no synonyms"],
  ["SCHEMA_EXPORT/TABLE/COMMENT", "SQLite keeps comments only inside of definitions"],
  ["JOB", "SQLite has no scheduler"],
  ["TABLE/CONSTRAINT/REF_CONSTRAINT", "In SQLite a constraint is part"],
  ["ROLE", "Jobs of mode FULL know it"],
  ["USER", "Jobs of mode FULL, SCHEMA know it"],
  ["VIEW", "Jobs of mode FULL, SCHEMA know it"],
])("a filter of the object path %s says why there is none", (path, why) => {
  for (const name of ["INCLUDE_PATH_EXPR", "EXCLUDE_PATH_EXPR"]) {
    const error = refusal((job) => metadataFilter(job, name, `IN ('${path}')`, null), "EXPORT");
    expect(error?.hint).toContain(why);
  }
});

function refused(call: () => unknown): PumpError {
  try {
    call();
  } catch (error) {
    return toPumpError(error);
  }
  throw new Error("it was taken");
}

it("every option of DATA_OPTIONS works, or is refused with the reason", () => {
  const working = Object.entries(DATA_OPTION_BITS).filter(([name, bit = 0]) => {
    const error = refusal((job) => setParameter(job, "DATA_OPTIONS", bit), "IMPORT");
    if (error !== null) expect(error.message, name).toMatch(new RegExp(`TSDP-00002: data option ${name} has no meaning`));
    const ofExport = refusal((job) => setParameter(job, "DATA_OPTIONS", bit), "EXPORT");
    expect(ofExport?.hint, name).toBe(error === null ? `${name} is for imports only: leave it out here.` : error.hint);
    return error === null;
  });
  expect(working.map(([name]) => name)).toEqual(["SKIP_CONSTRAINT_ERRORS", "VALIDATE_TABLE_DATA"]);
  for (const value of ["SKIP_CONSTRAINT_ERRORS", -1, 0.5, 4096])
    expect(refusal((job) => setParameter(job, "DATA_OPTIONS", value), "IMPORT")?.has("ORA-39207"), String(value)).toBe(true);
});
