// Example 6-4: Performing a Simple Schema Export.
// The database is $TSDP_DATABASE, else the current directory; it holds HR.db and the directory object DMPDIR:
//   tsdp directory create DMPDIR /a/folder/for/dumps

import { connect, KU, type LogEntry } from "tsdp";

const datapump = await connect();

// Create a (user-named) Data Pump job to do a schema export.

const h1 = await datapump.open("EXPORT", "SCHEMA", null, "EXAMPLE1", "LATEST");

// Specify a single dump file for the job (using the handle just returned) and a directory object, which must exist already.

await datapump.addFile(h1, "example1.dmp", "DMPDIR");

// A metadata filter is used to specify the schema that will be exported.

await datapump.metadataFilter(h1, "SCHEMA_EXPR", "IN ('HR')");

// Start the job. An exception is raised if something is not set up properly.

await datapump.startJob(h1);

// The export job is running now. In the following loop, the job is monitored until it completes.
// In the meantime, progress information is displayed.

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

// Indicate that the job finished and detach from it.

console.log("Job has completed");
console.log(`Final job state = ${jobState}`);
await datapump.detach(h1);
