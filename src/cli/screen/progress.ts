import type { JobStatus, WorkerStatus } from "../../api/status-types.ts";

/** How far a job is and how fast it goes. */
export interface Progress {
  /** 0 to 100. */
  readonly percent: number;
  readonly rowsPerSecond: number;
  /** Seconds that the rest of the rows will take at the speed so far; undefined while that can't be told, and when none are left. */
  readonly secondsLeft: number | undefined;
}

/** Measures speed from the first status that shows work. */
export class ProgressMeter {
  #first: { readonly time: number; readonly rows: number; readonly bytes: number } | undefined;

  /** @param time milliseconds of a clock that doesn't jump */
  measure({ percentDone, rowsProcessed, bytesProcessed, totalBytes }: JobStatus, time: number): Progress {
    this.#first ??= { time, rows: rowsProcessed, bytes: bytesProcessed };
    const seconds = (time - this.#first.time) / 1000;
    const bytes = bytesProcessed - this.#first.bytes;
    const left = Math.max(0, totalBytes - bytesProcessed);
    return {
      percent: Math.min(100, Math.max(0, percentDone)),
      rowsPerSecond: seconds > 0 ? Math.round((rowsProcessed - this.#first.rows) / seconds) : 0,
      secondsLeft: seconds > 0 && bytes > 0 && left > 0 ? Math.ceil((left * seconds) / bytes) : undefined,
    };
  }
}

/** The object that a worker is on: `"HR"."EMPLOYEES"`, or the last step of its object path. */
export function workerObject({ schema, name, objectType }: WorkerStatus): string {
  if (name !== null) return schema === null ? name : `${schema}.${name}`;
  return objectType?.split("/").at(-1) ?? "";
}
