import { pumpError, toPumpError, PumpError } from "../base/errors.ts";
import { failpoint } from "../base/failpoint.ts";
import type { Keyring } from "../dump/set-key.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";
import type { ControlTable, JobAnswer } from "./control-table.ts";
import type { JobDefinition, Outcome } from "./definition.ts";
import { endOf, type Job, type JobEnd } from "./job.ts";
import { isWithoutRoom, removeJob } from "./jobs.ts";
import { startRemoval } from "./launch.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { LivenessLock } from "./liveness.ts";
import { LogFile } from "./log-file.ts";
import { endLine, reopenedLine } from "./log-lines.ts";
import { JobRun, type StopRequest } from "./run.ts";
import { liveSessions } from "./sessions.ts";
import { isBeforeStart, openStops } from "./starting.ts";
import { removeEmptyTrace } from "./trace.ts";
import type { WorkerPool } from "./worker-thread.ts";

/** How long workers may take to end their statement before an immediate stop ends the process. */
const IMMEDIATE_GRACE_MS = 200;

/** Runs one job to its end: the only writer of its control table but for sessions and requests. */
export class ControlProcess {
  readonly #table: ControlTable;
  readonly #lock: LivenessLock;
  readonly #workers: WorkerPool;
  #isEnding = false;
  /** Whether a session has stopped the job before it was EXECUTING. */
  #isCalledOff = false;

  constructor(table: ControlTable, lock: LivenessLock, workers: WorkerPool) {
    this.#table = table;
    this.#lock = lock;
    this.#workers = workers;
  }

  /** @param guid of the job that is meant: another of the same name may have come meanwhile */
  async run(guid: string, keyring: Keyring, places: PlaceKeys, remapKey: string | null): Promise<void> {
    const definition = this.#table.definition();
    const { state } = this.#table.job();
    if (definition.guid !== guid || !isBeforeStart(state)) {
      this.#leave();
      return;
    }
    // Who called START_JOB has died meanwhile, and with its last session the job is not there any more.
    if (liveSessions(this.#table).length === 0) {
      if (state === "DEFINING") removeJob(this.#table, this.#lock);
      else this.#leave();
      return;
    }
    const restarts = state === "IDLING" && this.#table.job().startTime !== null;
    let log: LogFile | null = null;
    let job: Job | null = null;
    let end: JobEnd = restarts ? "stopped" : "refused";
    try {
      log = openLog(this.#table, definition, restarts);
      const run = new JobRun(this.#table, definition, { log, restarts, keyring, places, remapKey });
      job = await createJob(run, this.#workers);
      await job.start();
      this.#begin(run, job);
      // A run that can't even tell its end leaves all to its restart.
      end = "stopped";
      await this.#execute(run, job);
    } catch (error) {
      await this.#fail(toPumpError(error), log, () => job?.close(end), places);
    } finally {
      log?.close();
    }
  }

  /** Tells the error of a run that tells its clients nothing else. A log that takes no more keeps it from nobody. */
  async #fail(failure: PumpError, log: LogFile | null, close: () => Promise<void> | undefined, places: PlaceKeys): Promise<void> {
    const [left] = await attempt(close);
    if (log !== null) {
      const told = { kind: "error", lines: failure.lines, logFileOnly: true } as const;
      const now = new Date();
      await attempt(() => {
        this.#table.appendMessage(told, now);
      });
      await attempt(() => {
        log.write(told, now);
      });
    }
    const lines = [...failure.lines, ...(left?.lines ?? [])];
    await this.#refuseStart(new PumpError(lines, failure.hint), places);
  }

  /** Undoes what a job that nobody runs has made so far, and the job. */
  async remove(guid: string, places: PlaceKeys): Promise<void> {
    if (this.#table.definition().guid !== guid) {
      this.#leave();
      return;
    }
    // What an earlier run has said is not to be taken for the last word of this one.
    this.#noteIfRoom({ startError: null });
    const [failure] = await attempt(() => removeLeftovers(this.#table, places));
    await this.#workers.close();
    if (failure === null) {
      // Sessions that follow a job which was stopped are to find that.
      if (this.#table.job().state === "IDLING") this.#noteIfRoom({ state: "UNDEFINED" });
      removeJob(this.#table, this.#lock);
      return;
    }
    this.#table.updateJob({ startError: JSON.stringify(failure) });
    this.#leave();
  }

  /** What no removal waits for: it may be what makes room. */
  #noteIfRoom(change: Parameters<ControlTable["updateJob"]>[0]): void {
    try {
      this.#table.updateJob(change);
    } catch (error) {
      if (!isWithoutRoom(error)) throw error;
    }
  }

  /** Tells START_JOB why the job does not run, and whoever has stopped it before it began that it has. */
  async #refuseStart(reason: PumpError, places: PlaceKeys): Promise<void> {
    const stops = this.#isCalledOff ? openStops(this.#table) : [];
    const isKilled = stops.some(({ keepMaster }) => !keepMaster);
    const [failure] = isKilled ? await attempt(() => removeLeftovers(this.#table, places)) : [null];
    const isGone = isKilled && failure === null;
    this.#table.atomically(() => {
      for (const { seq } of stops) this.#table.answerRequest(seq, (failure?.toJSON() ?? null) as JobAnswer);
      this.#table.updateJob({ startError: JSON.stringify(failure ?? reason), ...(isGone ? { state: "UNDEFINED" } : {}) });
    });
    if (isGone) removeJob(this.#table, this.#lock);
    else this.#leave();
  }

  #leave(): void {
    this.#table.close();
    this.#lock.remove();
  }

  /** @throws when the job was stopped while it was being started */
  #begin(run: JobRun, job: Job): void {
    this.#table.atomically(() => {
      this.#assertNotCalledOff();
      const { restartCount } = this.#table.job();
      this.#table.clearWorkers();
      this.#table.updateJob({
        state: "EXECUTING",
        pid: process.pid,
        degree: run.degree,
        startTime: run.startTime.toISOString(),
        endTime: null,
        outcome: null,
        startError: null,
        startInfo: job.startInfo.length === 0 ? null : JSON.stringify(pumpError([["ORA-31627"], ...job.startInfo])),
        starter: null,
        detachTime: null,
        heartbeat: 1,
        restartCount: restartCount + Number(run.restarts),
      });
    });
    failpoint("job executing");
  }

  /** Who asks for a stop later finds the job EXECUTING. */
  #assertNotCalledOff(): void {
    const stops = openStops(this.#table);
    this.#isCalledOff = stops.length > 0;
    if (stops.some(({ keepMaster }) => !keepMaster) || !isBeforeStart(this.#table.job().state))
      throw pumpError([["ORA-31626"]], "Another session has killed the job before it had begun to move anything.");
    if (this.#isCalledOff)
      throw pumpError(
        [["ORA-39002"], ["ORA-39015"]],
        "Another session has stopped the job before it had begun to move anything; it can be started again.",
      );
  }

  /** From here on every error is one of the job, told to its clients. */
  async #execute(run: JobRun, job: Job): Promise<void> {
    run.begin(job, (request) => this.#stopAtOnce(run, request));
    try {
      await this.#runToEnd(run, job);
    } catch (error) {
      // Else it would go on to look for requests in a control table that is closed.
      await attempt(() => run.end());
      throw error;
    }
  }

  async #runToEnd(run: JobRun, job: Job): Promise<void> {
    if (run.restarts) run.say(reopenedLine(run.definition.name, run.startTime));
    const [failure, result] = await attempt(() => job.run());
    const ending = failure !== null || result === "stopped" ? "STOPPING" : "COMPLETING";
    this.#table.updateJob({ state: ending });
    if (ending === "STOPPING") failpoint("job stopping");
    else failpoint("job completing");
    if (failure !== null) {
      run.report(failure.lines);
      if (failure.hint !== undefined) run.say(failure.hint);
    }
    const [left] = await attempt(() => job.close(failure === null ? (result ?? "stopped") : endOf(failure)));
    run.end();
    if (left !== null) run.report(left.lines);
    const complete = run.errorCount === 0 ? "COMPLETE" : "COMPLETE_ERRORS";
    this.#end(run, failure !== null ? "ABORTED" : result === "stopped" ? "STOPPED" : complete);
  }

  /** STOP_JOB with IMMEDIATE: a statement of SQLite can't be interrupted, but what it does is undone when its process ends. */
  #stopAtOnce(run: JobRun, request: StopRequest): void {
    setTimeout(() => {
      if (this.#isEnding || this.#table.job().state === "COMPLETING") return;
      run.end();
      const { keepMaster } = run.stopRequest ?? request;
      this.#tellEnd(run, "STOPPED", request.delay);
      if (!keepMaster) startRemoval(this.#table.path, run.definition.guid, run.places);
      process.kill(process.pid, "SIGKILL");
    }, IMMEDIATE_GRACE_MS).unref();
  }

  #end(run: JobRun, outcome: Outcome): void {
    this.#isEnding = true;
    const { stopRequest } = run;
    this.#tellEnd(run, outcome, stopRequest?.delay ?? null);
    removeEmptyTrace(this.#table.path);
    const completed = outcome === "COMPLETE" || outcome === "COMPLETE_ERRORS";
    if (completed && run.parameter("KEEP_MASTER") !== 1) {
      removeJob(this.#table, this.#lock);
      return;
    }
    if (!completed && stopRequest?.keepMaster === false) startRemoval(this.#table.path, run.definition.guid, run.places);
    this.#table.close();
    this.#lock.remove();
  }

  /** The last line and the final state are one write: who reads the one finds the other. */
  #tellEnd(run: JobRun, outcome: Outcome, delay: number | null): void {
    const { owner, name } = run.definition;
    const end = new Date();
    const state = outcome === "COMPLETE" || outcome === "COMPLETE_ERRORS" ? "COMPLETED" : "STOPPED";
    failpoint("job ending");
    this.#table.atomically(() => {
      run.say(endLine(owner, name, outcome, run.errorCount, run.startTime, end));
      this.#table.updateJob({
        state,
        outcome,
        endTime: end.toISOString(),
        detachTime: delay === null ? null : new Date(end.getTime() + delay * 1000).toISOString(),
        ...(state === "COMPLETED" ? { percentDone: 100 } : {}),
      });
    });
    failpoint("job ended");
  }
}

function openLog(table: ControlTable, definition: JobDefinition, restarts: boolean): LogFile | null {
  const file = definition.files.find(({ type }) => type === "log");
  if (file === undefined) return null;
  return restarts ? LogFile.reopen(definition, file, table) : LogFile.open(definition, file, new Date());
}

/** Each operation loads its own modules only: they take as long as a small job. */
async function createJob(run: JobRun, workers: WorkerPool): Promise<Job> {
  switch (run.definition.operation) {
    case "EXPORT": {
      if (run.parameter("ESTIMATE_ONLY") === 1) {
        const { EstimateJob } = await import("./export/estimate-job.ts");
        return new EstimateJob(run);
      }
      const { ExportJob } = await import("./export/export-job.ts");
      return new ExportJob(run, workers);
    }
    case "IMPORT": {
      const { ImportJob } = await import("./import/import-job.ts");
      return new ImportJob(run, workers);
    }
    case "SQL_FILE": {
      const { SqlFileJob } = await import("./import/sql-file-job.ts");
      return new SqlFileJob(run);
    }
  }
}

async function attempt<T>(
  step: () => T | Promise<T>,
): Promise<[failure: ReturnType<typeof toPumpError> | null, result: T | null]> {
  try {
    return [null, await step()];
  } catch (error) {
    return [toPumpError(error), null];
  }
}
