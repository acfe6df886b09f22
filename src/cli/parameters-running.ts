import type { JobParameter } from "./parameter.ts";

const BOTH = ["export", "import"] as const;
const YES_NO = ["YES", "NO"] as const;

/** How a job runs, what it tells, and of which state it is. */
export const RUNNING_PARAMETERS: readonly JobParameter[] = [
  {
    status: "supported",
    name: "abort_step",
    commands: BOTH,
    type: "step",
    default: "0",
    call: { procedure: "START_JOB", argument: "abort_step" },
    description: [
      "-1: stop the job when it is prepared. n: stop it before the object with number",
      "n in the dump (`tsdp ls`). The job can be attached to and started again.",
    ],
  },
  {
    status: "supported",
    name: "access_method",
    commands: BOTH,
    type: "keyword",
    values: ["AUTOMATIC", "DIRECT_PATH", "CONVENTIONAL_PATH"],
    otherValues: "access method",
    default: "AUTOMATIC",
    call: { procedure: "SET_PARAMETER", argument: "DATA_ACCESS_METHOD" },
    description: [
      "How rows move: as pages of b-trees, or by INSERT under the types and",
      "constraints of the table (CONVENTIONAL_PATH, imports only). Rows for tables",
      "that exist always come by INSERT.",
    ],
  },
  {
    status: "supported",
    name: "estimate",
    commands: ["export"],
    type: "keyword",
    values: ["BLOCKS", "STATISTICS"],
    default: "BLOCKS",
    call: { procedure: "SET_PARAMETER", argument: "ESTIMATE" },
    description: [
      "Estimate each table before it is exported: by its pages, or by what ANALYZE",
      "has found. Row filters and compression are not considered.",
    ],
  },
  {
    status: "supported",
    name: "estimate_only",
    commands: ["export"],
    type: "yes-no",
    values: YES_NO,
    default: "NO",
    call: { procedure: "SET_PARAMETER", argument: "ESTIMATE_ONLY" },
    description: ["Estimate the tables and write no dump file."],
  },
  {
    status: "supported",
    name: "flashback_time",
    commands: ["export"],
    type: "text",
    call: { procedure: "SET_PARAMETER", argument: "FLASHBACK_TIME" },
    description: [
      "Time of the state to export: SYSTIMESTAMP, YYYY-MM-DD HH24:MI:SS, or",
      "TO_TIMESTAMP('text','format'). SQLite keeps no older states: the export is",
      "refused when a schema has been changed since.",
      'Example: FLASHBACK_TIME="2026-11-30 02:00:00".',
    ],
  },
  {
    status: "supported",
    name: "logtime",
    commands: BOTH,
    type: "keyword",
    values: ["NONE", "STATUS", "LOGFILE", "ALL"],
    default: "NONE",
    call: { procedure: "SET_PARAMETER", argument: "LOGTIME" },
    description: ["Put the time before each line: of the screen (STATUS), of the log file."],
  },
  {
    status: "supported",
    name: "master_only",
    commands: ["import"],
    type: "yes-no",
    values: YES_NO,
    default: "NO",
    call: { procedure: "SET_PARAMETER", argument: "MASTER_ONLY" },
    description: ["Read and check the control table of the dump file set, and import nothing.", "`tsdp ls` shows what it says."],
  },
  {
    status: "supported",
    name: "metrics",
    commands: BOTH,
    type: "yes-no",
    values: YES_NO,
    default: "NO",
    call: { procedure: "SET_PARAMETER", argument: "METRICS" },
    description: ["Say which worker does what, how many objects there are, how long they take."],
  },
  {
    status: "supported",
    name: "version",
    commands: ["export"],
    type: "text",
    default: "COMPATIBLE",
    call: { procedure: "OPEN", argument: "version" },
    description: [
      "Version of the dump file format, 1.0 or 1.1, for an older tsdp to read;",
      "COMPATIBLE and LATEST are the newest. What 1.0 can't hold is refused.",
    ],
  },
];
