// Example 6-5: Table Mode Export to Object Store.
// The database is $TSDP_DATABASE, a SQLite file with a table FOO. The directory object WORK and the credential BMCTEST are there:
//   tsdp directory create WORK /a/folder/for/logs
//   tsdp credential create BMCTEST --username KEY

import { connect, KU, type LogEntry } from "tsdp";

const datapump = await connect();

const dumpType = KU.FILE_TYPE_URIDUMP_FILE;
const dumpFile = process.env["DUMP_FILE"] ?? "https://example.oraclecloud.com/test/den02ten_foo3b_split_%u.dat";
const credName = "BMCTEST";
const logFile = "tkopc_export3b_cdb2.log";
const logDir = "WORK";
const logType = KU.FILE_TYPE_LOG_FILE;

let hdl = 0;
try {
  // Open a table mode export job and perform defining-phase initialization.

  hdl = await datapump.open("EXPORT", "TABLE");
  await datapump.setParameter(hdl, "COMPRESSION", "ALL");
  await datapump.setParameter(hdl, "CHECKSUM", 1);
  await datapump.addFile(hdl, logFile, logDir, null, logType);
  await datapump.addFile(hdl, dumpFile, credName, "3MB", dumpType, 1);
  await datapump.dataFilter(hdl, "INCLUDE_ROWS", 1);
  await datapump.metadataFilter(hdl, "TABLE_FILTER", "FOO", "");

  // Start the job.

  await datapump.startJob(hdl);

  // Now grab output from the job and write to standard out.

  let jobState = "UNDEFINED";
  while (jobState !== "COMPLETED" && jobState !== "STOPPED") {
    const report = await datapump.getStatus(hdl, KU.STATUS_JOB_ERROR + KU.STATUS_JOB_STATUS + KU.STATUS_WIP, -1);
    jobState = report.jobState;
    const sts = report.status;

    // If we received any WIP or error messages for the job, display them.

    if ((sts.mask & KU.STATUS_WIP) !== 0) {
      display(sts.wip);
    } else if ((sts.mask & KU.STATUS_JOB_ERROR) !== 0) {
      display(sts.error);
    }
  }

  // Detach from job.

  await datapump.detach(hdl);
} catch (error) {
  // Any exceptions that propagated to this point will be captured. The details are retrieved from getStatus and displayed.

  console.log(String(error));
  if (hdl !== 0) await explain(hdl);
  process.exitCode = 1;
}

async function explain(handle: number): Promise<void> {
  const { status } = await datapump.getStatus(handle, KU.STATUS_JOB_ERROR, 0);
  display(status.error);
  await datapump.stopJob(handle, 1, 0, 0).catch(() => undefined);
}

function display(le: LogEntry | null): void {
  for (const line of le ?? []) {
    console.log(line.logText);
  }
}
