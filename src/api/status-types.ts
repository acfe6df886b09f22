import type { JobMode, Operation } from "../job/definition.ts";
import type { JobState } from "../job/states.ts";

/** ku$_LogLine. */
export interface LogLine {
  /** From 1, within its entry. */
  readonly logLineNumber: number;
  /** 39001 of `ORA-39001: ...`; null for information. */
  readonly errorNumber: number | null;
  readonly logText: string;
}

/** ku$_LogEntry: one message, or one error stack with the outermost line first. */
export type LogEntry = readonly LogLine[];

/** ku$_DumpFile. */
export interface DumpFile {
  /** Absolute path or URL, or a template of them (KU.DUMPFILE_TYPE_TEMPLATE). */
  readonly fileName: string;
  /** KU.DUMPFILE_TYPE_... */
  readonly fileType: number;
  /** Maximal size in bytes, 0: no limit. */
  readonly fileSize: number;
  readonly fileBytesWritten: number;
}

/** ku$_WorkerStatus: what a busy worker is doing. */
export interface WorkerStatus {
  readonly workerNumber: number;
  readonly processName: string;
  readonly state: string;
  readonly schema: string | null;
  readonly name: string | null;
  /** Object path, such as `SCHEMA_EXPORT/TABLE/TABLE_DATA`. */
  readonly objectType: string | null;
  readonly partition: string | null;
  readonly completedObjects: number;
  readonly totalObjects: number;
  /** Rows, bytes and percent of the current object. */
  readonly completedRows: number;
  readonly completedBytes: number;
  readonly percentDone: number;
  readonly degree: number;
  readonly instanceId: number;
  readonly instanceName: string;
  readonly hostName: string;
  /** DIRECT_PATH or CONVENTIONAL while rows move, else null. */
  readonly accessMethod: string | null;
  readonly objStartTime: Date | null;
  readonly objStatus: Date | null;
}

/** ku$_JobStatus. */
export interface JobStatus {
  readonly jobName: string;
  readonly operation: Operation;
  readonly jobMode: JobMode;
  readonly bytesProcessed: number;
  readonly totalBytes: number;
  /** 0 to 100, of the data bytes. Not a sign of the end: that is the job state. */
  readonly percentDone: number;
  readonly degree: number;
  readonly errorCount: number;
  readonly state: JobState;
  readonly restartCount: number;
  /** Rises every few seconds while the control process lives. */
  readonly heartbeat: number;
  /** Rows moved so far; not in Oracle's type. */
  readonly rowsProcessed: number;
  /** Busy workers only. */
  readonly workerStatusList: readonly WorkerStatus[];
  readonly files: readonly DumpFile[];
}

/** ku$_ParamValue. */
export interface ParamValue {
  readonly paramName: string;
  /** The operation whose parameter it is: an import shows those of its export, too. */
  readonly paramOp: string;
  readonly paramType: "TEXT" | "NUMBER";
  readonly paramLength: number;
  readonly paramValueN: number | null;
  readonly paramValueT: string | null;
}

/** ku$_JobDesc. */
export interface JobDesc {
  readonly jobName: string;
  /** 32 hex digits. */
  readonly guid: string;
  readonly operation: Operation;
  readonly jobMode: JobMode;
  readonly remoteLink: string | null;
  readonly owner: string;
  readonly platform: string;
  /** Absolute path of the database. */
  readonly globalName: string;
  readonly instance: string;
  /** Version of the SQLite library. */
  readonly dbVersion: string;
  readonly jobVersion: string;
  readonly creatorPrivs: string;
  readonly startTime: Date | null;
  /** KU.JOB_COMPLETE, ..., null while the job goes on. */
  readonly termReason: number | null;
  readonly maxDegree: number;
  readonly timezone: string;
  readonly endianness: "BIG" | "LITTLE";
  /** What the dump says of the export that has written it; null for an export, and while an import has not read its dump. */
  readonly expPlatform: string | null;
  readonly expGlobalName: string | null;
  readonly expDbVersion: string | null;
  readonly expStartTime: Date | null;
  readonly expTimezone: string | null;
  readonly expEndianness: string | null;
  /** Absolute paths, null when the job writes none. */
  readonly logFile: string | null;
  readonly sqlFile: string | null;
  readonly params: readonly ParamValue[];
}

/** ku$_Status: what `mask` says is there, null for the rest. */
export interface Status {
  /** Sum of KU.STATUS_... bits. */
  readonly mask: number;
  readonly wip: LogEntry | null;
  readonly jobDescription: JobDesc | null;
  readonly jobStatus: JobStatus | null;
  readonly error: LogEntry | null;
}

/** What GET_STATUS returns. */
export interface StatusReport {
  readonly jobState: JobState;
  readonly status: Status;
}

/** ku$_dumpfile_item. */
export interface DumpfileItem {
  /** KU.DFHDR_... */
  readonly itemCode: number;
  readonly value: string;
}

/** What GET_DUMPFILE_INFO returns. */
export interface DumpfileInfo {
  readonly infoTable: readonly DumpfileItem[];
  /** 0 no dump file, 1 Data Pump, 2 original Export, 3 external table. */
  readonly filetype: number;
}
