import { EXCEPTIONS, KU } from "../api/constants.ts";
import type { DataPump } from "../api/data-pump.ts";
import { toPumpError } from "../base/errors.ts";

/** Starts a job. SUCCESS_WITH_INFO means that it runs, and its information comes with the job's messages. */
export async function startJob(pump: DataPump, handle: number, skipCurrent = 0, abortStep = 0): Promise<void> {
  try {
    await pump.startJob(handle, skipCurrent, abortStep);
  } catch (error) {
    if (toPumpError(error).sqlcode !== EXCEPTIONS.SUCCESS_WITH_INFO_NUM) throw error;
    await pump.getStatus(handle, KU.STATUS_JOB_ERROR, 0);
  }
}
