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
  {
    status: "supported",
    name: "remap_directory",
    commands: IMPORT,
    type: "path-remap",
    list: true,
    call: { procedure: "METADATA_REMAP", argument: "REMAP_DIRECTORY" },
    description: [
      "Change the beginning of the paths of directory objects that a FULL import",
      "makes, source:target, two absolute paths. Whole folders are compared, and the",
      "longest source that fits counts.",
      "Example: REMAP_DIRECTORY='/old/':'/new/'.",
    ],
  },
  {
    status: "supported",
    name: "remap_datafile",
    commands: IMPORT,
    type: "path-remap",
    list: true,
    call: { procedure: "METADATA_REMAP", argument: "REMAP_DATAFILE" },
    description: [
      "Put the file of a schema that the import makes elsewhere, 'source':'target';",
      "the folder of the database gets a symbolic link to it.",
      "Paths that are not of schema files: a directory object with exactly the",
      "source gets the target; with a slash at the end of both: REMAP_DIRECTORY.",
      "Example: REMAP_DATAFILE='HR.db':'/disk2/HR.db'.",
    ],
  },
  {
    status: "supported",
    name: "transform",
    commands: IMPORT,
    type: "transform",
    list: true,
    call: { procedure: "METADATA_TRANSFORM", argument: "name and value" },
    description: [
      "What the files of new schemas, and new tables, are made with, name:value.",
      "SEGMENT_ATTRIBUTES:N takes SQLite's own page size, auto_vacuum and journal",
      "mode instead of those of the source; STORAGE:N only the first two.",
      "PAGE_SIZE:n and AUTO_VACUUM:NONE, FULL or INCREMENTAL say them.",
      "DISABLE_ARCHIVE_LOGGING:Y is how a new schema is loaded anyway.",
      "STRICT:Y and WITHOUT_ROWID:Y give these options to the tables that are made,",
      "N takes them away.",
      "Example: TRANSFORM=PAGE_SIZE:8192,STRICT:Y.",
    ],
  },
];
