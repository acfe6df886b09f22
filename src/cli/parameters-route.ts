import type { JobParameter } from "./parameter.ts";

/** Where a job leads other than from a dump into schemas. */
export const ROUTE_PARAMETERS: readonly JobParameter[] = [
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
