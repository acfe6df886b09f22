import type { JobParameter } from "./parameter.ts";

/** Where a job comes from and leads to, other than schemas of the database and dump files. */
export const ROUTE_PARAMETERS: readonly JobParameter[] = [
  {
    status: "supported",
    name: "network_link",
    commands: ["export", "import"],
    type: "name",
    call: { procedure: "OPEN", argument: "remote_link" },
    description: [
      "Database link whose database is the source (tsdp link create NAME CONNECT).",
      "An export writes dump files of it; an import copies its rows without any,",
      "and takes the schema of the user unless SCHEMAS, TABLES or FULL say more.",
    ],
  },
  {
    status: "supported",
    name: "sqlfile",
    commands: ["import"],
    type: "file",
    call: { procedure: "ADD_FILE", argument: "filetype" },
    description: [
      "Write the definitions that the import would make into a script, and change",
      "nothing: [directory:]file, .sql is added. A file that exists is overwritten.",
      "Run it with sqlite3 NEW.db < FILE; of several schemas, with sqlite3 < FILE.",
    ],
  },
];
