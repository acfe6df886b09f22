// Example 6-1: Create a Directory Object and Grant READ AND WRITE Access.
// The database is $TSDP_DATABASE, else the current directory. The folder is the first argument, else ./work.

import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { connect } from "tsdp";

const folder = resolve(process.argv[2] ?? "work");
mkdirSync(folder, { recursive: true });

const datapump = await connect();

// CREATE DIRECTORY dmpdir AS '/rdbms/work'; whoever may write the catalog of the database may use it.

await datapump.createDirectory("DMPDIR", folder, { replace: true });
for (const { name, path } of await datapump.directories()) console.log(`${name} = ${path}`);
await datapump.close();
