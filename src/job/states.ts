import { pumpError } from "../base/errors.ts";

/** States of a job (seed, section 6.2). NOT RUNNING is shown by the job views only, never by getStatus. */
export type JobState =
  | "UNDEFINED"
  | "DEFINING"
  | "EXECUTING"
  | "COMPLETING"
  | "COMPLETED"
  | "STOP PENDING"
  | "STOPPING"
  | "STOPPED"
  | "IDLING"
  | "NOT RUNNING";

export type Procedure =
  | "ADD_FILE"
  | "ATTACH"
  | "DATA_FILTER"
  | "DETACH"
  | "GET_DUMPFILE_INFO"
  | "GET_STATUS"
  | "LOG_ENTRY"
  | "METADATA_FILTER"
  | "METADATA_REMAP"
  | "METADATA_TRANSFORM"
  | "OPEN"
  | "SET_PARALLEL"
  | "SET_PARAMETER"
  /** SET_PARAMETER of ENCRYPTION_PASSWORD or REMAP_DATA_KEY. */
  | "SET_PASSWORD"
  | "START_JOB"
  | "STOP_JOB"
  | "STOP_WORKER"
  | "WAIT_FOR_JOB";

const ALL: readonly JobState[] = [
  "UNDEFINED",
  "DEFINING",
  "EXECUTING",
  "COMPLETING",
  "COMPLETED",
  "STOP PENDING",
  "STOPPING",
  "STOPPED",
  "IDLING",
  "NOT RUNNING",
];
const LIVE = ALL.filter((state) => !["COMPLETED", "NOT RUNNING", "STOPPED", "UNDEFINED"].includes(state));

/** Table 6-1 of the seed: the states in which a procedure may be called. */
export const VALID_STATES: Readonly<Record<Procedure, readonly JobState[]>> = {
  ADD_FILE: ["DEFINING", "EXECUTING", "IDLING"],
  ATTACH: ["DEFINING", "EXECUTING", "IDLING", "STOPPED", "COMPLETED", "COMPLETING", "NOT RUNNING"],
  DATA_FILTER: ["DEFINING"],
  DETACH: ALL,
  GET_DUMPFILE_INFO: ALL,
  GET_STATUS: LIVE,
  LOG_ENTRY: ["DEFINING", "EXECUTING", "IDLING", "STOP PENDING", "COMPLETING"],
  METADATA_FILTER: ["DEFINING"],
  METADATA_REMAP: ["DEFINING"],
  METADATA_TRANSFORM: ["DEFINING"],
  OPEN: ["UNDEFINED"],
  SET_PARALLEL: ["DEFINING", "EXECUTING", "IDLING"],
  SET_PARAMETER: ["DEFINING"],
  /** Not in the table: a job that is started again needs its password again. */
  SET_PASSWORD: ["DEFINING", "IDLING"],
  START_JOB: ["DEFINING", "IDLING"],
  /** Not in the table: there are workers only while a job is EXECUTING. */
  STOP_WORKER: ["EXECUTING"],
  STOP_JOB: ["DEFINING", "EXECUTING", "IDLING", "STOP PENDING"],
  WAIT_FOR_JOB: LIVE,
};

/**
 * Checks a call against Table 6-1.
 * @throws ORA-39004 with ORA-39016 inside when the procedure is not valid in the state.
 */
export function assertValidState(procedure: Procedure, state: JobState): void {
  if (!VALID_STATES[procedure].includes(state)) throw pumpError([["ORA-39004"], ["ORA-39016", state]]);
}
