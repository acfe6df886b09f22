import { pumpError, toPumpError } from "../base/errors.ts";
import type { ControlTable } from "./control-table.ts";
import type { Outcome } from "./definition.ts";
import { removeEmptyTrace, removeJob } from "./jobs.ts";
import type { LivenessLock } from "./liveness.ts";
import { LogFile } from "./log-file.ts";
import { endLine } from "./log-lines.ts";
import { JobRun } from "./run.ts";
import type { WorkerPool } from "./worker-thread.ts";

/** What the control process does for an operation. */
export interface Job {
  /** Checks and prepares everything; throws without having left anything behind. */
  start(): Promise<void>;
  /** Does the work. */
  run(): Promise<void>;
  /** Releases what the job holds, and removes what it has not finished. */
  close(): Promise<void>;
}

/** Runs one job to its end: the only writer of its control table but for requests. */
export class ControlProcess {
  readonly #table: ControlTable;
  readonly #lock: LivenessLock;
  readonly #workers: WorkerPool;

  constructor(table: ControlTable, lock: LivenessLock, workers: WorkerPool) {
    this.#table = table;
    this.#lock = lock;
    this.#workers = workers;
  }

  async run(): Promise<void> {
    const definition = this.#table.definition();
    let log: LogFile | null = null;
    let job: Job | null = null;
    try {
      const logFile = definition.files.find((file) => file.type === "log");
      log = logFile === undefined ? null : LogFile.open(definition, logFile, new Date());
      const run = new JobRun(this.#table, definition, log);
      job = await createJob(run, this.#workers);
      await job.start();
      this.#table.updateJob({
        state: "EXECUTING",
        pid: process.pid,
        degree: run.degree,
        startTime: run.startTime.toISOString(),
        startError: null,
      });
      await this.#execute(run, job);
    } catch (error) {
      log?.write({ kind: "error", lines: toPumpError(error).lines });
      await job?.close();
      this.#table.updateJob({ startError: JSON.stringify(toPumpError(error)) });
      this.#table.close();
      this.#lock.release();
    } finally {
      log?.close();
    }
  }

  /** From here on every error is one of the job, told to its clients. */
  async #execute(run: JobRun, job: Job): Promise<void> {
    run.begin();
    const failure = await attempt(() => job.run());
    this.#table.updateJob({ state: failure === null ? "COMPLETING" : "STOPPING" });
    if (failure !== null) run.report(failure.lines);
    const left = await attempt(() => job.close());
    run.end();
    if (left !== null) run.report(left.lines);
    this.#end(run, failure === null ? (run.errorCount === 0 ? "COMPLETE" : "COMPLETE_ERRORS") : "ABORTED");
  }

  #end(run: JobRun, outcome: Outcome): void {
    const { owner, name } = run.definition;
    const end = new Date();
    const state = outcome === "ABORTED" ? "STOPPED" : "COMPLETED";
    this.#table.atomically(() => {
      run.say(endLine(owner, name, outcome, run.errorCount, run.startTime, end));
      this.#table.updateJob({
        state,
        outcome,
        endTime: end.toISOString(),
        ...(state === "COMPLETED" ? { percentDone: 100 } : {}),
      });
    });
    removeEmptyTrace(this.#table.path);
    if (state === "COMPLETED" && run.parameter("KEEP_MASTER") !== 1) removeJob(this.#table, this.#lock);
    else {
      this.#table.close();
      this.#lock.remove();
    }
  }
}

/** Each operation loads its own modules only: they take as long as a small job. */
async function createJob(run: JobRun, workers: WorkerPool): Promise<Job> {
  switch (run.definition.operation) {
    case "EXPORT": {
      const { ExportJob } = await import("./export-job.ts");
      return new ExportJob(run, workers);
    }
    case "IMPORT": {
      const { ImportJob } = await import("./import-job.ts");
      return new ImportJob(run, workers);
    }
    case "SQL_FILE":
      throw pumpError([["TSDP-00001", "SQL_FILE"]]);
  }
}

async function attempt(step: () => Promise<void>): Promise<ReturnType<typeof toPumpError> | null> {
  try {
    await step();
    return null;
  } catch (error) {
    return toPumpError(error);
  }
}
