// Example 6-8: Using Exception Handling During a Simple Schema Export.
// The database is $TSDP_DATABASE, else the current directory; it holds HR.db and the directory object DMPDIR.

import { connect, EXCEPTIONS, KU, PumpError, type LogEntry } from "tsdp";

const datapump = await connect();
let h1: number | null = null;

try {
  // Create a (user-named) Data Pump job to do a schema export.

  h1 = await datapump.open("EXPORT", "SCHEMA", null, "EXAMPLE3", "LATEST");

  // Specify a single dump file for the job (using the handle just returned) and a directory object, which must exist already.

  await datapump.addFile(h1, "example3.dmp", "DMPDIR");

  // A metadata filter is used to specify the schema that will be exported.

  await datapump.metadataFilter(h1, "SCHEMA_EXPR", process.argv[2] ?? "IN ('HR')");

  // Start the job. An exception is raised if something is not set up properly. One is handled differently: SUCCESS_WITH_INFO
  // means that the job runs, and that getStatus has more to say of its start.

  try {
    await datapump.startJob(h1);
    console.log("Data Pump job started successfully");
  } catch (error) {
    if (!(error instanceof PumpError) || error.sqlcode !== EXCEPTIONS.SUCCESS_WITH_INFO_NUM) throw error;
    console.log("Data Pump job started with info available:");
    const { status: sts } = await datapump.getStatus(h1, KU.STATUS_JOB_ERROR, 0);
    if ((sts.mask & KU.STATUS_JOB_ERROR) !== 0) for (const line of sts.error ?? []) console.log(line.logText);
  }

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

    // Display any work-in-progress (WIP) or error messages that were received for the job.

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
} catch {
  // Any exceptions that propagated to this point are captured. The details are retrieved from getStatus and displayed;
  // h1 is null when the job could not be opened.

  console.log("Exception in Data Pump job");
  const { status: sts } = await datapump.getStatus(h1, KU.STATUS_JOB_ERROR, 0);
  if ((sts.mask & KU.STATUS_JOB_ERROR) !== 0) {
    for (const { logText } of sts.error ?? []) {
      for (let spos = 0; spos < logText.length; spos += 255) console.log(logText.slice(spos, spos + 255));
    }
  }
  await datapump.close();
}
