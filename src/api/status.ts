import { endianness, hostname } from "node:os";
import { basename } from "node:path";
import { platformName } from "../base/product.ts";
import { dumpFilePath, isTemplate, isUrl, patternPath } from "../dump/names.ts";
import { jobDatabaseVersion } from "../job/control-table.ts";
import { formatLogtime } from "../base/sizes.ts";
import { errorNumber, formatLine, type PumpError } from "../base/errors.ts";
import type { ControlTable, JobRow } from "../job/control-table.ts";
import { dumpFilesOf, hasLogtime, type JobDefinition, type JobFile, type JobMessage, type Outcome } from "../job/definition.ts";
import type { JobState } from "../job/states.ts";
import { KU } from "./constants.ts";
import type { DumpFile, JobDesc, JobStatus, LogEntry, ParamValue, Status, WorkerStatus } from "./status-types.ts";

const TERM_REASONS: Readonly<Record<Outcome, number>> = {
  COMPLETE: KU.JOB_COMPLETE,
  COMPLETE_ERRORS: KU.JOB_COMPLETE_ERRORS,
  STOPPED: KU.JOB_STOPPED,
  ABORTED: KU.JOB_ABORTED,
};

/** States without workers: what their rows say is of an earlier run. */
const IDLE_STATES: ReadonlySet<JobState> = new Set(["DEFINING", "IDLING", "STOPPED", "COMPLETED"]);

/** A status that says nothing. */
export const EMPTY_STATUS: Status = { mask: 0, wip: null, jobDescription: null, jobStatus: null, error: null };

/** The status of a failed call: its stack. */
export function errorStatus(error: PumpError): Status {
  return { ...EMPTY_STATUS, mask: KU.STATUS_JOB_ERROR, error: logEntry({ kind: "error", lines: error.lines }) };
}

/** The parts that `mask` asks for, with one message of the queue or none. */
export function assembleStatus(
  table: ControlTable,
  row: JobRow,
  state: JobState,
  mask: number,
  message: Told | undefined,
): Status {
  const definition = table.definition();
  const status = {
    wip: message?.kind === "wip" ? logEntry(message, timeOf(definition, message)) : null,
    error: message?.kind === "error" ? logEntry(message, timeOf(definition, message)) : null,
    jobDescription: (mask & KU.STATUS_JOB_DESC) === 0 ? null : jobDescription(table, definition, row),
    jobStatus: (mask & KU.STATUS_JOB_STATUS) === 0 ? null : jobStatus(table, definition, row, state),
  };
  return { ...status, mask: messageBit(message) | (mask & (KU.STATUS_JOB_DESC | KU.STATUS_JOB_STATUS)) };
}

/** The mask bit that asks for this kind of message; 0 for none. */
export function messageBit(message: JobMessage | undefined): number {
  if (message === undefined) return 0;
  return message.kind === "wip" ? KU.STATUS_WIP : KU.STATUS_JOB_ERROR;
}

/** A message of a job, or the stack of a call, which has no time. */
type Told = JobMessage & { readonly time?: string };

/** What LOGTIME puts before a message: before the first line of an error only. */
function timeOf(definition: JobDefinition, { time }: Told): string {
  return time !== undefined && hasLogtime(definition, "STATUS") ? `${formatLogtime(new Date(time))}: ` : "";
}

function logEntry({ lines }: JobMessage, time = ""): LogEntry {
  return lines.map((line, index) => ({
    logLineNumber: index + 1,
    errorNumber: line.code === null ? null : errorNumber(line.code),
    logText: `${index === 0 ? time : ""}${line.code === null ? line.text : formatLine(line)}`,
  }));
}

function jobStatus(table: ControlTable, definition: JobDefinition, row: JobRow, state: JobState): JobStatus {
  return {
    jobName: definition.name,
    operation: definition.operation,
    jobMode: definition.mode,
    bytesProcessed: row.bytesProcessed,
    totalBytes: row.totalBytes,
    percentDone: row.percentDone,
    degree: row.state === "EXECUTING" ? row.degree : (definition.degree ?? row.degree),
    errorCount: row.errorCount,
    state,
    restartCount: row.restartCount,
    heartbeat: row.heartbeat,
    rowsProcessed: row.rowsProcessed,
    workerStatusList: IDLE_STATES.has(row.state) ? [] : workerStatuses(table, definition),
    files: dumpFileStatuses(table, definition),
  };
}

/** Those that have been begun, then those that the job may go on with: templates, and files that it has not come to. */
function dumpFileStatuses(table: ControlTable, definition: JobDefinition): DumpFile[] {
  const status = (path: string, fileSize: number, fileBytesWritten: number): DumpFile => ({
    fileName: path,
    fileType: isUrl(path) ? KU.DUMPFILE_TYPE_URIDISK : KU.DUMPFILE_TYPE_DISK,
    fileSize,
    fileBytesWritten,
  });
  const begun = table.dumpFiles().map(({ path, size, bytesWritten }) => status(path, size, bytesWritten));
  const names = new Set(begun.map(({ fileName }) => fileName));
  const others = dumpFilesOf(definition).flatMap((file): DumpFile[] => {
    const size = file.fileSize ?? 0;
    if (isTemplate(file.name)) return [{ ...status(patternPath(file), size, 0), fileType: KU.DUMPFILE_TYPE_TEMPLATE }];
    const path = dumpFilePath(file, 1);
    return path === undefined || names.has(path) ? [] : [status(path, size, 0)];
  });
  return [...begun, ...others];
}

function workerStatuses(table: ControlTable, definition: JobDefinition): WorkerStatus[] {
  return table
    .workers()
    .filter(({ state }) => state === "EXECUTING")
    .map(({ number, objectStartTime, objectStatusTime, ...worker }) => ({
      ...worker,
      workerNumber: number,
      processName: `DW${String(number).padStart(2, "0")}`,
      partition: null,
      degree: 1,
      instanceId: 1,
      instanceName: instanceName(definition),
      hostName: hostname(),
      objStartTime: date(objectStartTime),
      objStatus: date(objectStatusTime),
    }));
}

function jobDescription(table: ControlTable, definition: JobDefinition, row: JobRow): JobDesc {
  const facts = table.exportFacts();
  const fact = (name: string) => facts.get(name) ?? null;
  return {
    jobName: definition.name,
    guid: definition.guid,
    operation: definition.operation,
    jobMode: definition.mode,
    remoteLink: definition.remoteLink,
    owner: definition.owner,
    platform: platformName(),
    globalName: definition.database,
    instance: instanceName(definition),
    dbVersion: jobDatabaseVersion(),
    jobVersion: definition.version,
    creatorPrivs: definition.owner,
    startTime: date(row.startTime),
    termReason: row.outcome === null ? null : TERM_REASONS[row.outcome],
    maxDegree: definition.degree ?? row.degree,
    // Node takes 25 ms to find it out, and hardly anyone asks.
    get timezone() {
      return Intl.DateTimeFormat().resolvedOptions().timeZone;
    },
    endianness: endianness() === "LE" ? "LITTLE" : "BIG",
    expPlatform: fact("PLATFORM"),
    expGlobalName: fact("INSTANCE"),
    expDbVersion: fact("DATABASE_VERSION"),
    expStartTime: date(fact("START_TIME")),
    expTimezone: fact("TIMEZONE"),
    expEndianness: fact("ENDIANNESS"),
    logFile: filePath(definition, "log"),
    sqlFile: filePath(definition, "sql"),
    params: [
      ...Object.entries(exportParameters(fact("PARAMETERS"))).map(([name, value]) => paramValue(name, "EXPORT", value)),
      ...Object.entries(definition.parameters).map(([name, value]) => paramValue(name, definition.operation, value)),
    ],
  };
}

/** A dump is not to be trusted: only texts and numbers are shown. */
function exportParameters(json: string | null): Readonly<Record<string, string | number>> {
  try {
    const parameters = JSON.parse(json ?? "{}") as unknown;
    if (typeof parameters !== "object" || parameters === null) return {};
    return Object.fromEntries(
      Object.entries(parameters).filter(
        (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
      ),
    );
  } catch {
    return {}; // Not what we write: there is nothing to show.
  }
}

function paramValue(name: string, operation: string, value: string | number): ParamValue {
  const text = typeof value === "string";
  return {
    paramName: name,
    paramOp: operation,
    paramType: text ? "TEXT" : "NUMBER",
    paramLength: String(value).length,
    paramValueN: text ? null : value,
    paramValueT: text ? value : null,
  };
}

function filePath({ files }: JobDefinition, type: JobFile["type"]): string | null {
  const file = files.find((candidate) => candidate.type === type);
  return file === undefined ? null : patternPath(file);
}

function instanceName({ database }: JobDefinition): string {
  return basename(database);
}

function date(timestamp: string | null): Date | null {
  return timestamp === null ? null : new Date(timestamp);
}
