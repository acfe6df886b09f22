import { existsSync } from "node:fs";
import { codeOf } from "../base/errors.ts";
import { openDatabase } from "../sqlite/database.ts";
import { ControlTable, type JobRow, type JobSession } from "./control-table.ts";
import type { JobDefinition, WorkerStatus } from "./definition.ts";
import { liveSessions } from "./sessions.ts";

/** What its control table says of a job. */
export interface ReadJob {
  readonly definition: JobDefinition;
  readonly row: JobRow;
  /** Sessions whose process lives. */
  readonly sessions: readonly JobSession[];
  readonly workers: readonly WorkerStatus[];
}

/**
 * What is at the path of a control table. `half made`: a session has died inside OPEN. `damaged`: it is no control table any more;
 * `unreadable`: it can't be read now, which says nothing of the job.
 */
export type JobCondition =
  | { readonly kind: "absent" | "half made" | "damaged" }
  | { readonly kind: "unreadable"; readonly error: unknown }
  | ({ readonly kind: "readable" } & ReadJob);

/** Reads a control table, and writes nothing: its disk may be full. */
export function inspectJob(path: string): JobCondition {
  if (!existsSync(path)) return { kind: "absent" };
  try {
    return isHalfMade(path) ? { kind: "half made" } : { kind: "readable", ...readJob(path) };
  } catch (error) {
    if (!existsSync(path)) return { kind: "absent" };
    // ControlTable.open tells it as the cause of ORA-31626.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return isDamage(cause) ? { kind: "damaged" } : { kind: "unreadable", error: cause };
  }
}

/** Whether a control table whose lock nobody holds is only what a session left behind that ended while it was defining. */
export function isReplaceable(condition: JobCondition): boolean {
  if (condition.kind !== "readable") return condition.kind === "absent" || condition.kind === "half made";
  const { row, sessions } = condition;
  return row.state === "UNDEFINED" || (row.state === "DEFINING" && sessions.length === 0);
}

/** Whether a job without a control process lives by its sessions. */
export function isHeldBySessions({ row, sessions }: ReadJob): boolean {
  return (row.state === "DEFINING" || row.state === "IDLING") && sessions.length > 0;
}

/** A session that was killed inside OPEN leaves a file without a schema version. */
function isHalfMade(path: string): boolean {
  const connection = openDatabase(path, { mustExist: true });
  try {
    return connection.pragma("user_version", { simple: true }) === 0;
  } finally {
    connection.close();
  }
}

function readJob(path: string): ReadJob {
  const table = ControlTable.open(path);
  try {
    return { definition: table.definition(), row: table.job(), sessions: liveSessions(table), workers: table.workers() };
  } finally {
    table.close();
  }
}

/** Only what no later attempt can read. */
function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT") || error instanceof SyntaxError) return true;
  return code === "SQLITE_ERROR" && error instanceof Error && error.message.startsWith("no such table");
}
