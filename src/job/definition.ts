import { join } from "node:path";
import type { ErrorLine } from "../base/errors.ts";
import type { ModuleFunction } from "../mask/module-function.ts";

export type Operation = "EXPORT" | "IMPORT" | "SQL_FILE";
export type JobMode = "FULL" | "SCHEMA" | "TABLE" | "TABLESPACE" | "TRANSPORTABLE";

/** What a session has told a job before it starts; frozen from START_JOB on. */
export interface JobDefinition {
  readonly owner: string;
  readonly name: string;
  readonly operation: Operation;
  readonly mode: JobMode;
  /** 32 hex digits, upper case. */
  readonly guid: string;
  readonly version: string;
  readonly remoteLink: string | null;
  /** Absolute real path of the folder of schemas, or of the one SQLite file. */
  readonly database: string;
  readonly files: readonly JobFile[];
  readonly metadataFilters: readonly MetadataFilter[];
  readonly metadataRemaps: readonly MetadataRemap[];
  /** Undefined: none. */
  readonly metadataTransforms?: readonly MetadataTransform[];
  readonly dataFilters: readonly DataFilter[];
  readonly dataRemaps?: readonly DataRemap[];
  /** Tells the key of the remaps under which the job has begun from every other. */
  readonly remapKeyCheck?: string;
  /** SET_PARAMETER values by name. CLIENT_COMMAND is the masked command line. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** SET_PARALLEL; null until it is called: then the default is the number of cores, at most 4. */
  readonly degree: number | null;
}

/**
 * A file named by ADD_FILE. The directory object is resolved when it is added, so that the job records a path, not a name.
 * Of a file in an object store the directory is a credential, which is resolved at each start: the job records no secret.
 */
export interface JobFile {
  readonly type: "dump" | "log" | "sql";
  /** The name as given, with the default extension added (`.dmp`, `.log`, `.sql`). */
  readonly name: string;
  /** The directory object, or the credential: empty for a URL that is entered without one. */
  readonly directory: string;
  /** Absolute path of the directory object, or the URL without its last part. */
  readonly directoryPath: string;
  /** The URL has a query string, which is a secret and not part of the name. */
  readonly isPreAuthenticated?: boolean;
  /** Bytes; null: no limit. */
  readonly fileSize: number | null;
  readonly reuse: boolean;
}

/** The dump files of a job, in the order in which they were added. */
export function dumpFilesOf({ files }: Pick<JobDefinition, "files">): readonly JobFile[] {
  return files.filter(({ type }) => type === "dump");
}

/** Where a SQL_FILE job writes its script; empty for a job that has none. */
export function sqlFilePath({ files }: Pick<JobDefinition, "files">): string {
  const file = files.find(({ type }) => type === "sql");
  return file === undefined ? "" : join(file.directoryPath, file.name);
}

/** LOGTIME: whether a time stands before the lines of the log file (LOGFILE) or of what GET_STATUS tells (STATUS). */
export function hasLogtime({ parameters }: Pick<JobDefinition, "parameters">, place: "LOGFILE" | "STATUS"): boolean {
  return parameters["LOGTIME"] === place || parameters["LOGTIME"] === "ALL";
}

export interface MetadataFilter {
  readonly name: string;
  readonly value: string;
  readonly objectPath: string | null;
}

export interface MetadataRemap {
  readonly name: string;
  readonly oldValue: string;
  readonly value: string;
  readonly objectType: string | null;
}

/** METADATA_TRANSFORM: name and text value in upper case. */
export interface MetadataTransform {
  readonly name: string;
  readonly value: string | number;
}

export interface DataFilter {
  readonly name: string;
  readonly value: string | number;
  readonly tableName: string | null;
  readonly schemaName: string | null;
}

/** A column whose values a function replaces. */
export interface DataRemap {
  /** Null: the default schema of an export; of an import the only schema of the dump that has the table. */
  readonly schemaName: string | null;
  readonly tableName: string;
  readonly column: string;
  /** `package.function`, with arguments where it takes some. */
  readonly remapFunction: string;
  /** Of a function of a module: where it was found. */
  readonly module?: ModuleFunction;
}

/** How a job ended (`term_reason` of ku$_JobDesc). */
export type Outcome = "COMPLETE" | "COMPLETE_ERRORS" | "STOPPED" | "ABORTED";

/** A line for the clients and the log file: work in progress, or an error's whole stack (outermost line first). */
export interface JobMessage {
  readonly kind: "wip" | "error";
  /** One entry a line; an error's further lines are its causes. */
  readonly lines: readonly (ErrorLine | { readonly code: null; readonly text: string })[];
  readonly logFileOnly?: boolean;
}

/** What one worker is doing; rows and bytes are of the object that it is working on. */
export interface WorkerStatus {
  readonly number: number;
  readonly state: "IDLE" | "EXECUTING" | "STOPPED";
  readonly schema: string | null;
  readonly name: string | null;
  /** Object path, such as `SCHEMA_EXPORT/TABLE/TABLE_DATA`. */
  readonly objectType: string | null;
  readonly completedObjects: number;
  readonly totalObjects: number;
  readonly completedRows: number;
  readonly completedBytes: number;
  /** 0 to 100, of the current data object. */
  readonly percentDone: number;
  /** ISO timestamps: when the current object was begun, and when this was last true. */
  readonly objectStartTime: string | null;
  readonly objectStatusTime: string | null;
  /** How rows move: DIRECT_PATH as pages of b-trees, CONVENTIONAL through typed INSERTs. */
  readonly accessMethod: "DIRECT_PATH" | "CONVENTIONAL" | null;
}

/** A file of the dump set as the status shows it. */
export interface DumpFileStatus {
  readonly path: string;
  readonly bytesWritten: number;
  /** Maximal size in bytes, 0: no limit. */
  readonly size: number;
}
