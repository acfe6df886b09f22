export { EXCEPTIONS, KU } from "./api/constants.ts";
export { connect, type ConnectOptions, type DataPump } from "./api/data-pump.ts";
export type { StoppedJob } from "./api/attachment.ts";
export type { FileArguments } from "./api/files.ts";
export {
  listDump,
  queryDump,
  readDumpTable,
  UndecodableText,
  type CellValue,
  type DumpListing,
  type DumpOptions,
  type DumpRows,
  type ListedObject,
  type ListFilter,
  type ObjectState,
  type Row,
  type RowChoice,
} from "./api/inspect.ts";
export type {
  DumpFile,
  DumpfileInfo,
  DumpfileItem,
  JobDesc,
  JobStatus,
  LogEntry,
  LogLine,
  ParamValue,
  Status,
  StatusReport,
  WorkerStatus,
} from "./api/status-types.ts";
export { PumpError, type ErrorLine } from "./base/errors.ts";
export type { Credential, CredentialOptions } from "./catalog/credentials.ts";
export type { DatabaseLink } from "./catalog/links.ts";
export type { DirectoryGrant, DirectoryPrivilege } from "./catalog/directory-grants.ts";
export type { RoleGrant } from "./catalog/roles.ts";
export type { User } from "./catalog/users.ts";
export type { Directory } from "./catalog/directories.ts";
export type { JobMode, Operation } from "./job/definition.ts";
export type { DryRun } from "./job/dry-run/dry-run.ts";
export type { DryRunObject, DryRunRefusal } from "./job/dry-run/dry-run-object.ts";
export type { JobSummary } from "./job/jobs.ts";
export type { JobState } from "./job/states.ts";
