import { setImmediate } from "node:timers/promises";
import { POLL_MS, type Attachment } from "./attachment.ts";
import { KU } from "./constants.ts";
import { invalidArgument } from "./refusals.ts";
import { assembleStatus } from "./status.ts";
import type { StatusReport } from "./status-types.ts";

const MESSAGES = KU.STATUS_WIP | KU.STATUS_JOB_ERROR;

/**
 * GET_STATUS of a valid handle: waits for a message of a kind that `mask` asks for, for the end of the job, or for the timeout.
 * One message a call; the end is reported when no asked-for message is left.
 */
export async function nextStatus(attachment: Attachment, mask: number, timeout: number | null): Promise<StatusReport> {
  let deadline = (mask & MESSAGES) === 0 ? 0 : deadlineAfter(timeout);
  for (;;) {
    // Lets timers and signals through when the caller asks in a tight loop.
    await setImmediate();
    const version = attachment.table.dataVersion();
    // The state is read before the messages: what belongs to a final state has been written by then.
    const row = attachment.row();
    const message = attachment.takeMessage(mask);
    const state = attachment.reportableState(row.state, mask);
    const over = state === "COMPLETED" || state === "STOPPED";
    if (message === undefined && !over) attachment.assertAlive(performance.now() < deadline);
    // The timeout does not count while the job is ending: that takes a moment only.
    if (state === "COMPLETING") deadline = Math.min(deadline, performance.now() + POLL_MS);
    if (message !== undefined || over || performance.now() >= deadline) {
      attachment.reported(state);
      return { jobState: state, status: assembleStatus(attachment.table, row, state, mask, message) };
    }
    await attachment.change(version, deadline);
  }
}

/** WAIT_FOR_JOB: resolves to the final state. */
export async function jobEnd(attachment: Attachment): Promise<"COMPLETED" | "STOPPED"> {
  for (;;) {
    const version = attachment.table.dataVersion();
    const { state } = attachment.row();
    if (state === "COMPLETED" || state === "STOPPED") return state;
    attachment.assertAlive(true);
    await attachment.change(version, Infinity);
  }
}

function deadlineAfter(timeout: number | null): number {
  if (timeout === null || timeout === 0) return 0;
  if (timeout === -1) return Infinity;
  if (!(timeout > 0)) throw invalidArgument(["ORA-39207", String(timeout), "TIMEOUT"]);
  return performance.now() + timeout * 1000;
}
