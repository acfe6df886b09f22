// Example 6-1: Create a Directory Object and Grant READ AND WRITE Access.
// The database is $TSDP_DATABASE, else the current directory. The folder is the first argument, else ./work; the user the second one,
// else whoever is connected.

import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { connect } from "tsdp";

const folder = resolve(process.argv[2] ?? "work");
mkdirSync(folder, { recursive: true });

const datapump = await connect();

// CREATE DIRECTORY dmpdir AS '/rdbms/work';

await datapump.createDirectory("DMPDIR", folder, { replace: true });
for (const { name, path } of await datapump.directories()) console.log(`${name} = ${path}`);

// GRANT READ, WRITE ON DIRECTORY dmpdir TO user;

const user = process.argv[3] ?? datapump.user;
await datapump.grantDirectory(["READ", "WRITE"], "DMPDIR", user);
for (const { directory, grantee, privilege } of await datapump.directoryGrants())
  console.log(`${privilege} ON DIRECTORY ${directory} TO ${grantee}`);
await datapump.close();
