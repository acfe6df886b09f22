// Example 6-3: Turn on Server Display Output.
// In SQL*Plus what a job says is displayed after SET SERVEROUTPUT ON. Here a session reads it by GET_STATUS and displays it itself;
// what was said before the session attached is in the log file only.
// The database is $TSDP_DATABASE, else the current directory; it holds HR.db. Nothing is written: the export estimates only.

import { connect, KU } from "tsdp";

const datapump = await connect();
const h1 = await datapump.open("EXPORT", "SCHEMA", null, "EXAMPLE_OUTPUT");
await datapump.metadataFilter(h1, "SCHEMA_EXPR", "IN ('HR')");
await datapump.setParameter(h1, "ESTIMATE_ONLY", 1);
await datapump.startJob(h1);

let jobState = "UNDEFINED";
while (jobState !== "COMPLETED" && jobState !== "STOPPED") {
  const { jobState: state, status } = await datapump.getStatus(h1, KU.STATUS_JOB_ERROR | KU.STATUS_WIP, -1);
  jobState = state;
  for (const { logText } of status.wip ?? status.error ?? []) console.log(logText);
}
await datapump.detach(h1);
await datapump.close();
