// Example 6-2: Ensure You Have EXP_FULL_DATABASE and IMP_FULL_DATABASE Roles.
// The first argument is a connect string, such as hr@/a/folder; without one it is SYSTEM, in $TSDP_DATABASE or the current directory.
// Review the roles that are displayed. Without these two ask whoever administers the database:
//   tsdp role grant DATAPUMP_EXP_FULL_DATABASE hr

import { connect } from "tsdp";

const datapump = await connect(process.argv[2]);

for (const { ROLE } of await datapump.query("SELECT role AS ROLE FROM SESSION_ROLES")) console.log(ROLE);
await datapump.close();
