// Example 6-6: Importing the dump file and remapping all schema objects.
// The database is $TSDP_DATABASE, else the current directory; the directory object DMPDIR holds the dump file of example 6-4.

import { connect, KU, type LogEntry } from "tsdp";

const datapump = await connect();

// Create a (user-named) Data Pump job to do a "full" import (everything in the dump file without filtering).

const h1 = await datapump.open("IMPORT", "FULL", null, "EXAMPLE2");

// Specify the single dump file for the job (using the handle just returned) and a directory object, which must exist already.
// This is the dump file created by the export operation in the first example.

await datapump.addFile(h1, "example1.dmp", "DMPDIR");

// A metadata remap will map all schema objects from HR to BLAKE.

await datapump.metadataRemap(h1, "REMAP_SCHEMA", "HR", "BLAKE");

// If a table already exists in the destination schema, skip it (leave the preexisting table alone).
// This is the default, but it does not hurt to specify it explicitly.

await datapump.setParameter(h1, "TABLE_EXISTS_ACTION", "SKIP");

// Start the job. An exception is raised if something is not set up properly.

await datapump.startJob(h1);

// The import job is running now. In the following loop, the job is monitored until it completes.
// In the meantime, progress information is displayed. Note: this is identical to the export example.

let percentDone = 0;
let jobState = "UNDEFINED";
while (jobState !== "COMPLETED" && jobState !== "STOPPED") {
  const report = await datapump.getStatus(h1, KU.STATUS_JOB_ERROR + KU.STATUS_JOB_STATUS + KU.STATUS_WIP, -1);
  jobState = report.jobState;
  const sts = report.status;
  const js = sts.jobStatus;

  // If the percentage done changed, display the new value.

  if (js !== null && js.percentDone !== percentDone) {
    console.log(`*** Job percent done = ${js.percentDone}`);
    percentDone = js.percentDone;
  }

  // If any work-in-progress (WIP) or error messages were received for the job, display them.

  let le: LogEntry | null;
  if ((sts.mask & KU.STATUS_WIP) !== 0) {
    le = sts.wip;
  } else if ((sts.mask & KU.STATUS_JOB_ERROR) !== 0) {
    le = sts.error;
  } else {
    le = null;
  }
  if (le !== null) {
    for (const line of le) {
      console.log(line.logText);
    }
  }
}

// Indicate that the job finished and gracefully detach from it.

console.log("Job has completed");
console.log(`Final job state = ${jobState}`);
await datapump.detach(h1);
