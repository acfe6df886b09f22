import type { JobParameter } from "./parameter.ts";

const BOTH = ["export", "import"] as const;
const YES_NO = ["YES", "NO"] as const;

/** The parameters that say which objects a job takes, besides its mode. */
export const SELECTION_PARAMETERS: readonly JobParameter[] = [
  {
    status: "supported",
    name: "include",
    commands: BOTH,
    type: "filter",
    list: true,
    call: { procedure: "METADATA_FILTER", argument: "INCLUDE_PATH_EXPR; NAME_EXPR with the object path" },
    description: [
      "Kinds of objects to take and nothing else, each an object path with names or",
      "without: names with * and ?, or a predicate in double quotes.",
      "`tsdp paths` lists the object paths. What depends on a table comes with it.",
      "Predicates on one path must all hold; of plain names one is enough.",
      "Example: INCLUDE=TABLE:EMP*,VIEW or INCLUDE=TABLE:\"IN ('EMP','DEPT')\".",
    ],
  },
  {
    status: "supported",
    name: "exclude",
    commands: BOTH,
    type: "filter",
    list: true,
    call: { procedure: "METADATA_FILTER", argument: "EXCLUDE_PATH_EXPR; NAME_EXPR with the object path" },
    description: [
      "Kinds of objects to leave out, written as with INCLUDE.",
      "What depends on a table is left out with it; views that read it stay.",
      "With INCLUDE as well, what INCLUDE takes is left out of.",
      "Example: EXCLUDE=STATISTICS,INDEX:*_tmp or EXCLUDE=TABLE_DATA:LOG*.",
    ],
  },
  {
    status: "supported",
    name: "tablespaces",
    commands: BOTH,
    type: "name",
    list: true,
    call: { procedure: "METADATA_FILTER", argument: "TABLESPACE_EXPR" },
    description: [
      "Tablespaces to process: the files of schemas, by the names of the schemas.",
      "Their tables come with what depends on them; views don't.",
      "Example: TABLESPACES=HR,OE.",
    ],
  },
  {
    status: "supported",
    name: "views_as_tables",
    commands: BOTH,
    type: "table",
    list: true,
    call: { procedure: "METADATA_FILTER", argument: "VIEWS_AS_TABLES" },
    description: [
      "Export: views whose rows are to be exported as tables, each [schema.]view.",
      "Import: the tables that an export has made of these views.",
      "Example: VIEWS_AS_TABLES=HR.EMP_DETAILS_VIEW.",
    ],
  },
  {
    status: "supported",
    name: "query",
    commands: BOTH,
    type: "query",
    list: true,
    call: { procedure: "DATA_FILTER", argument: "SUBQUERY" },
    description: [
      "Rows to take, each [[schema.]table:]clause; the clause is [WHERE condition]",
      "[ORDER BY terms]. Without a table it is for all that have none of their own.",
      "It can read tables of the same schema; KU$ is the table that it is about.",
      "'now' is the moment at which the job is defined. Of exports only, so far.",
      'Example: QUERY=EMP:"WHERE sal > 10",OE.ORDERS:"WHERE id IN (SELECT ...)".',
    ],
  },
  {
    status: "supported",
    name: "sample",
    commands: ["export"],
    type: "sample",
    list: true,
    call: { procedure: "DATA_FILTER", argument: "SAMPLE" },
    description: [
      "Percentage of rows to take, each [[schema.]table:]percent, from 0.000001 up to",
      "100. Without a table it is for all that have none of their own.",
      "With QUERY as well, rows are taken that are in both.",
      "Example: SAMPLE=10 or SAMPLE=ORDERS:0.5,HR.EMP:20.",
    ],
  },
  {
    status: "supported",
    name: "sample_seed",
    commands: ["export"],
    type: "text",
    call: { procedure: "SET_PARAMETER", argument: "SAMPLE_SEED" },
    description: [
      "A text that decides which rows SAMPLE takes: the same text, the same rows.",
      "By default each job has a number of its own, which its log tells.",
      "Example: SAMPLE_SEED=2024.",
    ],
  },
  {
    status: "supported",
    name: "subset",
    commands: ["export"],
    type: "yes-no",
    values: YES_NO,
    default: "NO",
    call: { procedure: "SET_PARAMETER", argument: "SUBSET" },
    description: [
      "Follow foreign keys from the rows that QUERY and SAMPLE choose: what they",
      "refer to comes with them, and what refers to rows that are left out doesn't.",
    ],
  },
  {
    status: "supported",
    name: "dry_run",
    commands: BOTH,
    type: "yes-no",
    values: YES_NO,
    default: "NO",
    call: { procedure: "client" },
    description: [
      "Start no job and write nothing: list what would be taken with its rows and",
      "bytes (estimated for an export), and what would be left out and why.",
    ],
  },
  {
    status: "supported",
    name: "exclude_tables",
    commands: BOTH,
    type: "yes-no",
    values: YES_NO,
    call: { procedure: "METADATA_FILTER", argument: "EXCLUDE_TABLES" },
    description: [
      "Take no tables but those that VIEWS_AS_TABLES names.",
      "The default is YES with VIEWS_AS_TABLES and without TABLES, else NO.",
    ],
  },
];
