// Example 6-10, its job part: a script that starts a job and exits at once. The job goes on; `tsdp attach EXAMPLE_LEFT_RUNNING`
// watches it. It imports the dump file of example 6-4; over a network link it would be the same but for the file.
// The database is $TSDP_DATABASE, else the current directory; it has the directory object DMPDIR.

import { connect } from "tsdp";

const datapump = await connect();
console.log("Starting import job");

const h1 = await datapump.open("IMPORT", "SCHEMA", null, "EXAMPLE_LEFT_RUNNING");
await datapump.addFile(h1, "example1.dmp", "DMPDIR");
await datapump.metadataFilter(h1, "SCHEMA_EXPR", "IN ('HR')");
await datapump.metadataRemap(h1, "REMAP_SCHEMA", "HR", "LEFT");
await datapump.setParameter(h1, "KEEP_MASTER", 1);

// Start the job, and leave: no detach, no waiting.

await datapump.startJob(h1);
process.exit(0);
