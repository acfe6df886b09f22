import { randomBytes } from "node:crypto";
import { homeFolder } from "../catalog/home.ts";
import { DatabaseLinks } from "../catalog/links.ts";
import { isPrintableName } from "../catalog/names.ts";
import type { JobDefinition, JobMode, Operation } from "../job/definition.ts";
import { formatVersion } from "../job/format-version.ts";
import { createJob, defaultJobName, type AttachedJob } from "../job/jobs.ts";
import { pumpError, PumpError } from "../base/errors.ts";
import { invalidArgument } from "./refusals.ts";

/** The arguments of OPEN and who calls it. */
export interface OpenArguments {
  readonly operation: string;
  readonly jobMode: string | null;
  readonly remoteLink: string | null;
  readonly jobName: string | null;
  readonly version: string;
  readonly user: string;
  readonly database: string;
  readonly home: string;
}

const MODES: readonly JobMode[] = ["FULL", "SCHEMA", "TABLE", "TABLESPACE", "TRANSPORTABLE"];
const MAX_DEFAULT_NAMES = 99;
const MAX_JOB_NAME_BYTES = 128;
const JOB_NAME_RULE = "A job name has printable characters, and at most 128 bytes in UTF-8.";

/**
 * OPEN: a new job in state DEFINING, held by the caller.
 * @throws ORA-39001 with ORA-39200 and ORA-02019 (link), ORA-39019, ORA-39020, ORA-31665, ORA-39023, ORA-39208 (version) or ORA-39207 (job name) inside; ORA-31634 when the job exists.
 */
export function openJob(request: OpenArguments): AttachedJob {
  const operation = checkedOperation(request.operation);
  const mode = checkedMode(operation, request.jobMode);
  const link = checkedLink(request);
  const version = checkedVersion(request.version, operation);
  const create = (name: string) =>
    createJob(request.home, { ...definition({ ...request, version }, operation, mode, name), remoteLink: link });
  if (request.jobName === null || request.jobName === "") return createUnderDefaultName(request, operation, mode, create);
  if (!isPrintableName(request.jobName) || Buffer.byteLength(request.jobName) > MAX_JOB_NAME_BYTES)
    throw pumpError([["ORA-39001"], ["ORA-39207", request.jobName, "JOB_NAME"]], JOB_NAME_RULE);
  return create(request.jobName);
}

/** Another session may take the name between the look and the creation: then the next one is tried. */
function createUnderDefaultName(
  { home, user }: OpenArguments,
  operation: Operation,
  mode: JobMode,
  create: (name: string) => AttachedJob,
): AttachedJob {
  for (let attempt = 1; ; attempt++) {
    try {
      return create(defaultJobName(home, user, operation, mode));
    } catch (error) {
      const taken = error instanceof PumpError && error.code === "ORA-31634" && !error.has("ORA-31664");
      if (!taken || attempt >= MAX_DEFAULT_NAMES) throw error;
    }
  }
}

/** The name of the link as the catalog has it. */
function checkedLink({ remoteLink, user, database }: OpenArguments): string | null {
  if (remoteLink === null || remoteLink === "") return null;
  return new DatabaseLinks(homeFolder(database)).resolve(user, remoteLink).name;
}

function checkedOperation(operation: string): Operation {
  switch (operation.toUpperCase()) {
    case "EXPORT":
      return "EXPORT";
    case "IMPORT":
      return "IMPORT";
    case "SQL_FILE":
      return "SQL_FILE";
    default:
      throw invalidArgument(["ORA-39019", operation]);
  }
}

/** A job that reads a dump file set takes all that it holds unless a mode is said. */
function checkedMode(operation: Operation, jobMode: string | null): JobMode {
  if (jobMode === null || jobMode === "") {
    if (operation !== "EXPORT") return "FULL";
    throw invalidArgument(["ORA-31665"]);
  }
  const mode = MODES.find((known) => known === jobMode.toUpperCase());
  if (mode === undefined) throw invalidArgument(["ORA-39020", jobMode]);
  return mode;
}

/** A number is a version of the dump file format: only an export writes one. */
function checkedVersion(version: string, operation: Operation): string {
  const word = version.toUpperCase();
  if (word === "COMPATIBLE" || word === "LATEST") return word;
  const format = /^\d{1,9}(?:\.\d{1,9}){0,4}$/.test(version) ? formatVersion(version) : undefined;
  if (format === undefined)
    throw pumpError(
      [["ORA-39001"], ["ORA-39023", version]],
      "VERSION is that of the dump file format here, 1.0 or 1.1, or COMPATIBLE or LATEST. SQLite files have no version as a database of Oracle has one.",
    );
  if (operation !== "EXPORT") throw invalidArgument(["ORA-39208", "VERSION", operation]);
  return format;
}

function definition(request: OpenArguments, operation: Operation, mode: JobMode, name: string): JobDefinition {
  return {
    owner: request.user,
    name,
    operation,
    mode,
    guid: randomBytes(16).toString("hex").toUpperCase(),
    version: request.version,
    remoteLink: null,
    database: request.database,
    files: [],
    metadataFilters: [],
    metadataRemaps: [],
    dataFilters: [],
    parameters: {},
    degree: null,
  };
}
