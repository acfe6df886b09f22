import { pumpError, type PumpError } from "../base/errors.ts";
import type { Explanation } from "./explanation.ts";
import {
  INAPPLICABLE_DATA_OPTIONS,
  INAPPLICABLE_FILE_PARAMETERS,
  INAPPLICABLE_IMPORT_PARAMETERS,
  INAPPLICABLE_REMAPS,
  INAPPLICABLE_TRANSFORMS,
  INAPPLICABLE_VALUES,
} from "./inapplicable-names.ts";

const EDITIONS: readonly [why: string, instead: string] = [
  "Editions are versions of views and code in a database; SQLite has none.",
  "Keep each version as a schema; SCHEMAS and REMAP_SCHEMA choose between them.",
];
const INSTANCES = "A SQLite database is files of one machine; it has no instances.";
const PARTITIONS = "A SQLite table has no partitions; parts of it are rows.";
const DATA_FILES: Explanation = [
  "Files of tablespaces that were copied beside the dump and are plugged in.",
  "A dump with TRANSPORTABLE holds the pages of the files itself.",
  "Import its dump files; REMAP_SCHEMA says under which names.",
];
const CLOSURE: Explanation = [
  "Checks that nothing in a set of tablespaces refers to what is outside of it.",
  "A SQLite file can't refer to another one, so every schema stands alone.",
  "Leave it out; TRANSPORT_TABLESPACES takes any schemas.",
];
const TRACES: Explanation = [
  "Flags that have the processes of Data Pump write Oracle's trace files.",
  "tsdp has none of these processes, and no trace files.",
  "Use METRICS=Y and LOGTIME=ALL: they tell what a job does, and when.",
];

/** What of Data Pump can't mean anything here, by what it is and its name. */
const EXPLANATIONS = {
  parameter: {
    ...INAPPLICABLE_FILE_PARAMETERS,
    ...INAPPLICABLE_REMAPS,
    CLUSTER: ["Spreads the workers over the instances of a cluster.", INSTANCES, "Use PARALLEL for the number of workers."],
    ENABLE_SECURE_ROLES: [
      "Switches on, for the job, the roles of the user that need a password.",
      "Roles of tsdp have no passwords: a role that is granted is always on.",
      "Leave it out; `tsdp role` shows and grants roles.",
    ],
    FLASHBACK_SCN: [
      "Number of the committed state that is exported.",
      "SQLite gives its states no numbers that last, and keeps no older ones.",
      "Leave it out: an export is of one frozen state. FLASHBACK_TIME names a time.",
    ],
    INDEX_THRESHOLD: [
      "Size from which one index is built by several processes.",
      "SQLite has one writer a file, so an index is built by one worker.",
      "PARALLEL does several schemas side by side; EXCLUDE=INDEX makes no index.",
    ],
    ONESTEP_INDEX: [
      "Chooses one of two ways in which processes share the building of indexes.",
      "SQLite has one writer a file, so an index is built by one worker.",
      "PARALLEL does several schemas side by side; EXCLUDE=INDEX makes no index.",
    ],
    PARALLEL_THRESHOLD: [
      "Size from which one table is unloaded or loaded by several processes.",
      "Every table is cut into pieces of about 4 MiB, which all workers share.",
      "Use PARALLEL for the number of workers.",
    ],
    PARTITION_OPTIONS: [
      "Says whether partitions become tables of their own or one table.",
      PARTITIONS,
      "Use QUERY to take parts of a table, and REMAP_TABLE to keep them apart.",
    ],
    SERVICE_NAME: [
      "Limits the workers to the instances that offer a service.",
      INSTANCES,
      "Start the job on the machine that is to do the work, with PARALLEL workers.",
    ],
    SOURCE_EDITION: ["Edition whose objects are exported.", ...EDITIONS],
    STREAMS_CONFIGURATION: [
      "Says whether metadata of Oracle Streams in the dump is imported.",
      "There are no Streams here, and so no metadata of them.",
      "Leave it out; triggers of the schema are imported unless EXCLUDE=TRIGGER.",
    ],
    TABLESPACE_DATAFILE: DATA_FILES,
    TARGET_EDITION: ["Edition that the objects are imported into.", ...EDITIONS],
    TRACE: TRACES,
    TRANSPORT_DATAFILES: DATA_FILES,
    TRANSPORT_FULL_CHECK: CLOSURE,
    TTS_CLOSURE_CHECK: CLOSURE,
    TTS_FULL_CHECK: CLOSURE,
  },
  "import parameter": INAPPLICABLE_IMPORT_PARAMETERS,
  "access method": {
    EXTERNAL_TABLE: [
      "Rows move through an external table, for what the direct path can't do.",
      "SQLite has no external tables, and the direct path moves all rows.",
      "Use AUTOMATIC, which takes CONVENTIONAL_PATH where it has to.",
    ],
    INSERT_AS_SELECT: [
      "Rows of a network job move by INSERT ... SELECT over a database link.",
      "Rows of a dump file come as pages of b-trees, not from a database.",
      "Use AUTOMATIC; a job with NETWORK_LINK moves its rows so by itself.",
    ],
  },
  "data option": INAPPLICABLE_DATA_OPTIONS,
  command: {
    TRACE: TRACES,
  },
  "legacy parameter": {
    "CONSTRAINTS=N": [
      "Leaves the constraints of tables out.",
      "In SQLite constraints are part of the definition of their table.",
      "Leave it out. Foreign keys are off during an import and checked at its end.",
    ],
    DATAFILES: DATA_FILES,
    "DESTROY=Y": INAPPLICABLE_FILE_PARAMETERS.REUSE_DATAFILES,
    TTS_FULL_CHECK: CLOSURE,
  },
  argument: {
    CLUSTER_OK: [
      "Spreads the workers over the instances of a cluster.",
      INSTANCES,
      "Use SET_PARALLEL for the number of workers.",
    ],
    SERVICE_NAME: [
      "Limits the workers to the instances that offer a service.",
      INSTANCES,
      "Start the job on the machine that is to do the work.",
    ],
  },
  transform: INAPPLICABLE_TRANSFORMS,
  value: INAPPLICABLE_VALUES,
  "metadata remap": INAPPLICABLE_REMAPS,
  "data filter": {
    PARTITION_EXPR: ["Chooses partitions of tables by a predicate.", PARTITIONS, "Use SUBQUERY to choose rows."],
    PARTITION_LIST: ["Chooses partitions of tables by their names.", PARTITIONS, "Use SUBQUERY to choose rows."],
  },
} as const satisfies Record<string, Record<string, Explanation>>;

export type InapplicableKind = keyof typeof EXPLANATIONS;

/** The three sentences on every name of a kind that has no meaning here. */
export function explanationsOf(kind: InapplicableKind): Readonly<Record<string, Explanation>> {
  return EXPLANATIONS[kind];
}

/** TSDP-00002 with what the name is and why it can't mean anything here; what to use instead is the hint. */
export function inapplicable(kind: InapplicableKind, name: string, [what, why, instead]: Explanation): PumpError {
  return pumpError([["TSDP-00002", `${kind} ${name}`, what, why]], instead);
}

function refusalOf(kind: InapplicableKind, name: string): PumpError | null {
  const key = name.toUpperCase();
  const explanations = explanationsOf(kind);
  const explanation = Object.hasOwn(explanations, key) ? explanations[key] : undefined;
  return explanation === undefined ? null : inapplicable(kind, key, explanation);
}

/** @throws TSDP-00002 for a name that has no meaning here */
export function assertMeaning(kind: InapplicableKind, name: string): void {
  const refusal = refusalOf(kind, name);
  if (refusal !== null) throw refusal;
}

/** @throws ORA-39001 with TSDP-00002 inside for a name that has no meaning here */
export function assertApplicable(kind: InapplicableKind, name: string): void {
  const refusal = refusalOf(kind, name);
  if (refusal !== null) throw pumpError([["ORA-39001"], ...refusal.lines], refusal.hint);
}
