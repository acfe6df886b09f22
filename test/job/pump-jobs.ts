import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { expect } from "vitest";
import { EXCEPTIONS, KU } from "../../src/api/constants.ts";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import { PumpError, toPumpError } from "../../src/base/errors.ts";
import { homeFolder } from "../../src/catalog/home.ts";
import { NO_KEYS, type Keyring } from "../../src/dump/set-key.ts";
import { ControlProcess } from "../../src/job/control-process.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import type { JobDefinition, JobFile, JobMode, Operation } from "../../src/job/definition.ts";
import { createJob } from "../../src/job/jobs.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { NO_PLACE_KEYS } from "../../src/job/place-access.ts";
import type { WorkerPool } from "../../src/job/worker-thread.ts";
import { KeptWorkers } from "./kept-workers.ts";
import { inThisProcess } from "./launch-here.ts";

/** What a test asks of a job; what is left out is left to the product's defaults. */
export interface JobRequest {
  readonly mode?: JobMode;
  /** Where the files of the job are; the folder of the database unless given. */
  readonly folder?: string;
  readonly jobName?: string;
  readonly version?: string;
  /** Names in DATA_PUMP_DIR, or URLs. */
  readonly dumpFiles?: readonly string[];
  /** For URLs. */
  readonly credential?: string;
  readonly fileSize?: string;
  readonly reuse?: boolean;
  readonly logFile?: string;
  /** Of a SQL_FILE job. */
  readonly sqlFile?: string;
  /** Database link of the source; an import over one has no dump files. */
  readonly link?: string;
  /** SCHEMA_EXPR */
  readonly schemas?: string;
  readonly tables?: string;
  /** Further metadata filters. */
  readonly filters?: readonly (readonly [name: string, value: string, objectPath?: string])[];
  readonly dataFilters?: readonly (readonly [name: string, value: string | number, table?: string, schema?: string])[];
  /** Schema of the dump and where it goes. */
  readonly remap?: readonly (readonly [string, string])[];
  /** REMAP_TABLE */
  readonly tableRemaps?: readonly (readonly [string, string])[];
  readonly pathRemaps?: readonly (readonly [name: "REMAP_DIRECTORY" | "REMAP_DATAFILE", from: string, to: string])[];
  /** METADATA_TRANSFORM */
  readonly transforms?: readonly (readonly [name: string, value: string | number])[];
  /** Columns, and the functions that replace their values. */
  readonly remapData?: readonly (readonly [table: string, column: string, remapFunction: string, schema?: string])[];
  readonly parallel?: number;
  readonly content?: "DATA_ONLY" | "METADATA_ONLY";
  readonly parameters?: Readonly<Record<string, string | number>>;
  /** What `runInProcess` opens an encrypted set with. */
  readonly keyring?: Keyring;
}

/** How a job went: as a client of the API sees it. */
export interface JobReport {
  readonly state: string;
  readonly errorCount: number;
  /** Every line that the job said, in order. */
  readonly lines: readonly string[];
  /** Stacks of its errors, one text each. */
  readonly errors: readonly string[];
}

const SUCCESS: Pick<JobReport, "state" | "errorCount" | "errors"> = { state: "COMPLETED", errorCount: 0, errors: [] };

/** Expects a job that completed without an error. */
export function expectSuccess(report: JobReport): void {
  expect(report).toMatchObject(SUCCESS);
}

/** Runs an export of the database to its end, its control process in this process. @throws the error of START_JOB or of a call before it */
export async function runExport(database: string, request: JobRequest): Promise<JobReport> {
  return runJob("EXPORT", database, request);
}

/** Runs an import into the database to its end, likewise. @throws the error of START_JOB or of a call before it */
export async function runImport(database: string, request: JobRequest): Promise<JobReport> {
  return runJob("IMPORT", database, request);
}

/** Writes a script to its end. @throws the error of START_JOB or of a call before it */
export async function runSqlFile(database: string, request: JobRequest): Promise<JobReport> {
  return runJob("SQL_FILE", database, request);
}

async function runJob(operation: Operation, database: string, request: JobRequest): Promise<JobReport> {
  const pump = await connect(database, { currentDirectory: request.folder ?? dirname(homeFolder(database)) });
  try {
    const handle = await defineJob(pump, operation, request);
    await inThisProcess(() => startJob(pump, handle));
    return await followJob(pump, handle);
  } finally {
    await pump.close();
  }
}

/** START_JOB. A job that runs but has information leaves it to its messages. */
export async function startJob(pump: DataPump, handle: number): Promise<void> {
  try {
    await pump.startJob(handle);
  } catch (error) {
    if (toPumpError(error).sqlcode !== EXCEPTIONS.SUCCESS_WITH_INFO_NUM) throw error;
    await pump.getStatus(handle, KU.STATUS_JOB_ERROR, 0);
  }
}

/** OPEN and everything up to START_JOB. */
export async function defineJob(pump: DataPump, operation: Operation, request: JobRequest): Promise<number> {
  const handle = await pump.open(operation, modeOf(request), request.link ?? null, request.jobName ?? null, request.version);
  await addFiles(pump, handle, request);
  await addFilters(pump, handle, request);
  await addRemaps(pump, handle, request);
  for (const [name, value] of Object.entries(request.parameters ?? {})) await pump.setParameter(handle, name, value);
  if (request.parallel !== undefined) await pump.setParallel(handle, request.parallel);
  return handle;
}

async function addRemaps(pump: DataPump, handle: number, request: JobRequest): Promise<void> {
  for (const [from, to] of request.remap ?? []) await pump.metadataRemap(handle, "REMAP_SCHEMA", from, to);
  for (const [name, from, to] of request.pathRemaps ?? []) await pump.metadataRemap(handle, name, from, to);
  for (const [from, to] of request.tableRemaps ?? []) await pump.metadataRemap(handle, "REMAP_TABLE", from, to);
  for (const [name, value] of request.transforms ?? []) await pump.metadataTransform(handle, name, value);
  for (const [table, column, remapFunction, schema] of request.remapData ?? [])
    await pump.dataRemap(handle, "COLUMN_FUNCTION", table, column, remapFunction, schema ?? null);
}

function modeOf({ mode, schemas, tables }: JobRequest): JobMode {
  return mode ?? (tables !== undefined ? "TABLE" : schemas !== undefined ? "SCHEMA" : "FULL");
}

async function addFiles(pump: DataPump, handle: number, request: JobRequest): Promise<void> {
  const { credential, fileSize, reuse, logFile, sqlFile, link } = request;
  const dumpFiles = request.dumpFiles ?? (link === undefined ? ["test.dmp"] : []);
  for (const file of dumpFiles) {
    const isUrl = file.includes("://");
    const type = isUrl ? KU.FILE_TYPE_URIDUMP_FILE : KU.FILE_TYPE_DUMP_FILE;
    const directory = isUrl ? (credential ?? null) : "DATA_PUMP_DIR";
    await pump.addFile(handle, file, directory, fileSize ?? null, type, reuse === true ? 1 : 0);
  }
  if (logFile !== undefined) await pump.addFile(handle, logFile, "DATA_PUMP_DIR", null, KU.FILE_TYPE_LOG_FILE);
  if (sqlFile !== undefined) await pump.addFile(handle, sqlFile, "DATA_PUMP_DIR", null, KU.FILE_TYPE_SQL_FILE);
}

async function addFilters(pump: DataPump, handle: number, request: JobRequest): Promise<void> {
  const { schemas, tables, filters, content } = request;
  if (schemas !== undefined) await pump.metadataFilter(handle, "SCHEMA_EXPR", schemas);
  if (tables !== undefined) await pump.metadataFilter(handle, "TABLE_FILTER", tables);
  for (const filter of filters ?? []) await pump.metadataFilter(handle, ...filter);
  for (const filter of request.dataFilters ?? []) await pump.dataFilter(handle, ...filter);
  if (content === "METADATA_ONLY") await pump.dataFilter(handle, "INCLUDE_ROWS", 0);
  if (content === "DATA_ONLY") await pump.setParameter(handle, "INCLUDE_METADATA", 0);
}

/** Reads everything that a started job says, until it is over. */
export async function followJob(pump: DataPump, handle: number): Promise<JobReport> {
  const lines: string[] = [];
  const errors: string[] = [];
  for (let errorCount = 0; ;) {
    const { jobState, status } = await pump.getStatus(handle, KU.STATUS_JOB_ERROR + KU.STATUS_JOB_STATUS + KU.STATUS_WIP, -1);
    errorCount = status.jobStatus?.errorCount ?? errorCount;
    const texts = (entry: typeof status.wip) => (entry ?? []).map(({ logText }) => logText);
    lines.push(...texts(status.wip), ...texts(status.error));
    if (status.error !== null) errors.push(texts(status.error).join("\n"));
    if (jobState === "COMPLETED" || jobState === "STOPPED") return { state: jobState, errorCount, lines, errors };
  }
}

/** The error that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<PumpError> {
  try {
    await call;
  } catch (error) {
    return toPumpError(error);
  }
  throw new Error("the call succeeded");
}

/** Codes of an error, outermost first. */
export function codesOf(error: PumpError): string[] {
  return error.lines.map(({ code }) => code);
}

/** As `runInProcess`, of a job that starts. @throws the error for which it did not */
export async function reportOf(operation: Operation, database: string, request: JobRequest): Promise<JobReport> {
  const report = await runInProcess(operation, database, request);
  if (report instanceof PumpError) throw report;
  return report;
}

/**
 * Runs a job without a client: for the very many jobs of one test. Nothing else is different.
 * @returns how it ended, or the error for which it did not start.
 */
export async function runInProcess(operation: Operation, database: string, request: JobRequest): Promise<JobReport | PumpError> {
  const home = homeFolder(database);
  const { table, session } = createJob(home, definitionOf(operation, database, request, home));
  const reader = ControlTable.open(table.path);
  const workers = new KeptWorkers();
  try {
    const lock = LivenessLock.acquire(lockPath(table.path), 1000);
    const control = new ControlProcess(table, lock, workers as unknown as WorkerPool);
    await control.run(table.definition().guid, request.keyring ?? NO_KEYS, NO_PLACE_KEYS, null);
    const { state, errorCount, startError } = reader.job();
    if (startError !== null) return PumpError.fromJSON(JSON.parse(startError) as Parameters<typeof PumpError.fromJSON>[0]);
    const messages = reader.messagesAfter(0);
    const texts = messages.map((message) =>
      message.lines.map((line) => (line.code === null ? line.text : `${line.code}: ${line.text}`)).join("\n"),
    );
    return { state, errorCount, lines: texts, errors: texts.filter((_, i) => messages[i]?.kind === "error") };
  } finally {
    await workers.close();
    session.end();
    const left = LivenessLock.acquire(lockPath(reader.path), 1000);
    reader.drop();
    left.remove();
  }
}

function dataFiltersOf({ dataFilters = [] }: JobRequest): JobDefinition["dataFilters"] {
  return dataFilters.map(([name, value, tableName = null, schemaName = null]) => ({ name, value, tableName, schemaName }));
}

function definitionOf(operation: Operation, database: string, request: JobRequest, home: string): JobDefinition {
  const place = { directory: "DATA_PUMP_DIR", directoryPath: request.folder ?? dirname(home), fileSize: null };
  const dumps = (request.dumpFiles ?? ["test.dmp"]).map((name): JobFile => ({
    ...place,
    type: "dump",
    name,
    reuse: request.reuse === true,
  }));
  const logs = [request.logFile ?? []].flat().map((name): JobFile => ({ ...place, type: "log", name, reuse: true }));
  const scripts = [request.sqlFile ?? []].flat().map((name): JobFile => ({ ...place, type: "sql", name, reuse: true }));
  return {
    owner: "SYSTEM",
    name: request.jobName ?? "IN_PROCESS",
    operation,
    mode: modeOf(request),
    guid: randomBytes(16).toString("hex").toUpperCase(),
    version: "COMPATIBLE",
    remoteLink: request.link ?? null,
    database,
    files: [...dumps, ...logs, ...scripts],
    metadataFilters: [
      ...(request.schemas === undefined ? [] : [["SCHEMA_EXPR", request.schemas] as const]),
      ...(request.tables === undefined ? [] : [["TABLE_FILTER", request.tables] as const]),
      ...(request.filters ?? []),
    ].map(([name, value, objectPath = null]) => ({ name, value, objectPath })),
    metadataRemaps: remapsOf(request),
    dataFilters: dataFiltersOf(request),
    parameters: request.parameters ?? {},
    degree: request.parallel ?? 1,
  };
}

function remapsOf({ remap, tableRemaps, pathRemaps }: JobRequest): JobDefinition["metadataRemaps"] {
  return [
    ...(remap ?? []).map((pair) => ["REMAP_SCHEMA", ...pair] as const),
    ...(tableRemaps ?? []).map((pair) => ["REMAP_TABLE", ...pair] as const),
    ...(pathRemaps ?? []),
  ].map(([name, oldValue, value]) => ({ name, oldValue, value, objectType: null }));
}
