import { KU } from "../api/constants.ts";
import type { DataPump } from "../api/data-pump.ts";
import type { Status } from "../api/status-types.ts";
import { jobErrorEvent, type JobScreen } from "./events.ts";
import type { Interruption } from "./interruption.ts";

/** What following a job needs of a session. */
export type Follower = Pick<DataPump, "getStatus">;

/** How following ended. */
export type Following =
  | { readonly kind: "ended"; readonly state: "COMPLETED" | "STOPPED"; readonly errorCount: number; readonly hint: string | null }
  | { readonly kind: "interrupted"; readonly interruption: Interruption; readonly state: string; readonly errorCount: number };

/** Seconds in which a signal is noticed at the latest; messages come as they are written. */
const PATIENCE = 0.25;
const MASK = KU.STATUS_WIP | KU.STATUS_JOB_ERROR | KU.STATUS_JOB_STATUS;

/**
 * Shows all that a job says until it has ended or the client is interrupted.
 * @param statusPeriod seconds between two reports of the status, 0: none
 */
export async function followJob(
  pump: Follower,
  handle: number,
  screen: JobScreen,
  interrupted: () => Interruption | undefined,
  statusPeriod = 0,
): Promise<Following> {
  let nextReport = performance.now() + statusPeriod * 1000;
  let errorCount = 0;
  let hint: string | null = null;
  for (;;) {
    const { jobState, status } = await pump.getStatus(handle, MASK, PATIENCE);
    hint = unsaid(showStatus(status, screen) ?? hint, status);
    errorCount = status.jobStatus?.errorCount ?? errorCount;
    if (statusPeriod > 0 && performance.now() >= nextReport && status.jobStatus !== null) {
      nextReport += statusPeriod * 1000;
      screen.show({ event: "report", status: status.jobStatus });
    }
    if (jobState === "COMPLETED" || jobState === "STOPPED") return { kind: "ended", state: jobState, errorCount, hint };
    const interruption = interrupted();
    if (interruption !== undefined) return { kind: "interrupted", interruption, state: jobState, errorCount };
  }
}

/** An advice, unless the log of the job has given it by itself. */
function unsaid(hint: string | null, { wip }: Status): string | null {
  return wip?.some(({ logText }) => logText === hint) === true ? null : hint;
}

/** @returns the advice for an error that came, if any */
function showStatus({ wip, error, jobStatus }: Status, screen: JobScreen): string | null {
  if (jobStatus !== null) screen.show({ event: "status", status: jobStatus });
  for (const { logText } of wip ?? []) screen.show({ event: "log", text: logText });
  if (error === null || error.length === 0) return null;
  const event = jobErrorEvent(error);
  screen.show(event);
  return event.hint;
}

/** 0 done, 5 done with errors, 1 failed. */
export function exitCodeOf({ state, errorCount }: { readonly state: string; readonly errorCount: number }): number {
  if (state !== "COMPLETED") return 1;
  return errorCount > 0 ? 5 : 0;
}
