import type { JobParameter } from "./parameter.ts";

const IMPORT = ["import"] as const;

/** The parameters that bring objects of a dump to another place, or under another name. */
export const REMAP_PARAMETERS: readonly JobParameter[] = [
  {
    status: "supported",
    name: "remap_schema",
    commands: IMPORT,
    type: "remap",
    list: true,
    call: { procedure: "METADATA_REMAP", argument: "REMAP_SCHEMA" },
    description: ["Load the objects of one schema into another, source:target.", "Example: REMAP_SCHEMA=HR:BLAKE."],
  },
  {
    status: "supported",
    name: "remap_table",
    commands: IMPORT,
    type: "remap",
    list: true,
    call: { procedure: "METADATA_REMAP", argument: "REMAP_TABLE" },
    description: [
      "Load a table under another name, [schema.]table:name. Its indexes, triggers",
      "and all views, triggers and foreign keys that name it follow.",
      "Filters mean the old name, TABLE_EXISTS_ACTION the new one.",
      "Example: REMAP_TABLE=HR.EMPLOYEES:EMPLOYEES_OLD.",
    ],
  },
];
