import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hintAfterCause, PumpError, pumpError } from "../base/errors.ts";
import type { MasterKey } from "../catalog/wallet.ts";
import type { ControlTable, JobAnswer, JobRequest, JobRow, StoredMessage } from "../job/control-table.ts";
import type { JobDefinition } from "../job/definition.ts";
import { leaveJob, type AttachedJob } from "../job/jobs.ts";
import { launchControlProcess, launchRemoval } from "../job/launch.ts";
import type { PlaceKeys, UrlQueries } from "../job/place-access.ts";
import { secretsOf } from "../job/secrets.ts";
import { isAlive, lockPath } from "../job/liveness.ts";
import { claimStart, isBeforeStart, isBeingStarted, removeDefinition } from "../job/starting.ts";
import { assertValidState, type JobState, type Procedure } from "../job/states.ts";
import { lastWords } from "../job/trace.ts";
import { KU } from "./constants.ts";
import { messageBit } from "./status.ts";

/** How often a waiting call looks at the control table, once it has waited a little. */
export const POLL_MS = 50;

const FIRST_POLL_MS = 5;
const LIVENESS_CHECK_MS = 300;
/** As long as it may take to remove what a job has made. */
const STOP_TIMEOUT_MS = 60_000;
const NOT_REMOVED = "The job has stopped, but what it has made could not be removed; `tsdp jobs clean` says why.";
const REMOVED = "Another session has killed it before it was started.";
const MESSAGE_BATCH = 1000;
/** States in which there is a control process. */
const RUNNING: ReadonlySet<JobState> = new Set(["EXECUTING", "STOP PENDING", "STOPPING", "COMPLETING"]);
const ANY_MESSAGE = KU.STATUS_WIP | KU.STATUS_JOB_ERROR;

/** What STOP_JOB has made of a job. */
export interface StoppedJob {
  /** UNDEFINED: it is gone; COMPLETED: it came to its end before it could stop. */
  readonly state: "UNDEFINED" | "DEFINING" | "IDLING" | "STOP PENDING" | "STOPPED" | "COMPLETED";
  readonly errorCount: number;
}

/** What stands behind one handle: a session's view of one job, with its own queue of messages. */
export class Attachment {
  /** Stack of the last failed call on this handle, until it is fetched or a call succeeds. */
  lastError: PumpError | undefined;
  /** ENCRYPTION_PASSWORD, until the job is started. */
  password: string | null = null;
  /** REMAP_DATA_KEY, the same. */
  remapKey: string | null = null;
  /** The query strings of pre-authenticated URLs, by the names of their files; they are written down nowhere. */
  queries: UrlQueries = {};
  readonly #job: AttachedJob;
  readonly #user: string;
  #starting = false;
  #detached = false;
  #finalState: "COMPLETED" | "STOPPED" | undefined;
  #lastSeq: number;
  #queue: StoredMessage[] = [];
  /** Until then whoever goes on waiting does not ask whether there is a process: to ask takes a connection. */
  #aliveUntil = 0;

  /** Messages are those from now on. */
  constructor(job: AttachedJob, user: string) {
    this.#job = job;
    this.#user = user;
    this.#lastSeq = job.table.lastMessage();
  }

  /** The control table; ORA-31623 when the handle was given up while a call was waiting, or lost some time after a stop. */
  get table(): ControlTable {
    if (this.#detached) throw pumpError([["ORA-31623"]]);
    return this.#job.table;
  }

  /** The job row as it is now. */
  row(): JobRow {
    return this.#assertHeld(this.table.job());
  }

  /** The state against which a call is checked: for those who follow a job it has ended when they have been told all of it. */
  stateFor(procedure: Procedure): JobState {
    if (this.#starting) return procedure === "GET_STATUS" || procedure === "WAIT_FOR_JOB" ? "DEFINING" : "EXECUTING";
    if (procedure === "DETACH") return "EXECUTING";
    const { state } = this.row();
    if (procedure !== "GET_STATUS" && procedure !== "WAIT_FOR_JOB") return state;
    return this.#finalState === undefined || this.#hasMessage(ANY_MESSAGE) ? beforeFinal(state) : this.#finalState;
  }

  /** Changes the definition of a job that no process runs. */
  define(procedure: Procedure, change: (definition: JobDefinition) => Partial<JobDefinition>): void {
    this.table.atomically(() => {
      assertValidState(procedure, isBeingStarted(this.table) ? "EXECUTING" : this.row().state);
      this.table.define(change);
    });
  }

  /**
   * Has the control process do something, and waits until it has.
   * @returns false: nobody does it, since a start that was under way has failed
   * @throws the error with which it failed
   */
  async ask(request: JobRequest): Promise<boolean> {
    const seq = this.table.request(request);
    for (;;) {
      const version = this.table.dataVersion();
      // In this order: whoever has removed the job has answered before.
      const row = this.table.job();
      const answer = this.table.answer(seq);
      if (answer === null) return true;
      if (answer !== undefined) throw PumpError.fromJSON(answer);
      const { state } = this.#assertHeld(row);
      if (isBeforeStart(state) && this.#withdraw(seq)) return false;
      if (state === "COMPLETED" || state === "STOPPED") throw pumpError([["ORA-39004"], ["ORA-39016", state]]);
      this.assertAlive(true);
      await this.change(version, Infinity);
    }
  }

  /**
   * Hands the job to its control process. After a failure the job is as it was.
   * @throws ORA-31627 when the job runs but has something to tell
   */
  async start(
    skipCurrent: boolean,
    abortStep: number,
    masterKeys: readonly MasterKey[] | null,
    places: PlaceKeys,
  ): Promise<void> {
    const { table } = this.#job;
    if (table.definition().owner !== this.#user) throw pumpError([["ORA-31631"]], "Only its owner may start a job.");
    table.atomically(() => {
      const { state } = this.row();
      if (!claimStart(this.#job)) throw pumpError([["ORA-39004"], ["ORA-39016", isBeforeStart(state) ? "EXECUTING" : state]]);
      refuseOldRequests(table);
      table.updateJob({ skipCurrent: Number(skipCurrent), abortStep, startError: null, startInfo: null });
    });
    this.#starting = true;
    try {
      await launchControlProcess(table.path, secretsOf({ password: this.password, masterKeys }, places, this.remapKey));
    } catch (error) {
      if (existsSync(table.path)) table.updateJob({ starter: null });
      throw error;
    } finally {
      this.#starting = false;
      if (this.#detached) leaveJob(this.#job);
    }
    const { startInfo } = table.job();
    if (startInfo !== null) throw PumpError.fromJSON(JSON.parse(startInfo) as ReturnType<PumpError["toJSON"]>);
  }

  /**
   * STOP_JOB, whatever state the job is in; returns when the stop has taken effect, with the state that the job has reached.
   * @param places what opens the places of its files, for a job that nobody runs and that is to be removed
   */
  async stop(immediate: boolean, keepMaster: boolean, delay: number, places: () => Promise<PlaceKeys>): Promise<StoppedJob> {
    const { table } = this.#job;
    for (;;) {
      // One look: between two the start may have come to its end.
      const row = this.row();
      const { state, errorCount } = row;
      if (!isBeforeStart(state) || isBeingStarted(table, row)) {
        if (await this.ask({ verb: "stop", immediate, keepMaster, delay })) break;
      } else if (keepMaster) return { state, errorCount };
      else if (await this.#remove(state, places)) return { state: "UNDEFINED", errorCount };
      else await sleep(POLL_MS);
    }
    if (!immediate) return { state: "STOP PENDING", errorCount: table.job().errorCount };
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const reached = this.#stoppedState(keepMaster);
      if (reached !== null) return { state: reached, errorCount: table.job().errorCount };
      await sleep(POLL_MS);
    }
    throw pumpError([["ORA-39002"], ["ORA-39015"]], NOT_REMOVED);
  }

  /** The next queued message of the kinds in `mask`, taken from the queue. Messages for the log file only are passed over. */
  takeMessage(mask: number): StoredMessage | undefined {
    if (!this.#hasMessage(mask)) return undefined;
    const index = this.#queue.findIndex((message) => (messageBit(message) & mask) !== 0);
    return this.#queue.splice(index, 1)[0];
  }

  /** The state to report: a final one only when no message of the kinds in `mask` is left. */
  reportableState(state: JobState, mask: number): JobState {
    return this.#hasMessage(mask) ? beforeFinal(state) : state;
  }

  /** Remembers that the caller has been told the end. */
  reported(state: JobState): void {
    if (state === "COMPLETED" || state === "STOPPED") this.#finalState = state;
  }

  /** Waits for a change of the control table, at most until the deadline (`performance.now()`) and the next look at liveness. */
  async change(version: number, deadline: number): Promise<void> {
    const until = Math.min(deadline, performance.now() + LIVENESS_CHECK_MS);
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(POLL_MS, pause * 2)) {
      await sleep(Math.max(0, Math.min(pause, until - performance.now())));
      if (this.table.dataVersion() !== version || performance.now() >= until) return;
    }
  }

  /**
   * @param waits whether the caller will ask again, and may learn of an end a moment later
   * @throws ORA-31626 when no process holds a job that is not over, with what that process said last
   */
  assertAlive(waits: boolean): void {
    if (this.#starting || (waits && performance.now() < this.#aliveUntil)) return;
    if (isAlive(lockPath(this.#job.table.path))) {
      this.#aliveUntil = performance.now() + LIVENESS_CHECK_MS;
      return;
    }
    const { state } = this.row();
    if (!RUNNING.has(state)) return;
    const said = lastWords(this.#job.table);
    throw pumpError(
      [["ORA-31626"], ["ORA-39015"], ...said],
      hintAfterCause(
        said,
        `The control process ended in state ${state} and the job is NOT RUNNING; attach to it and start it again.`,
      ),
    );
  }

  /** Gives the handle up. A job that is still DEFINING goes with its last session. */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    if (!this.#starting) leaveJob(this.#job);
  }

  /** Removes a job that does not run, with what it has made. @returns false: another session has begun to start it */
  async #remove(state: JobState, places: () => Promise<PlaceKeys>): Promise<boolean> {
    const { table } = this.#job;
    if (state === "DEFINING") {
      if (!removeDefinition(this.#job)) return false;
      this.#detached = true;
      return true;
    }
    if (!claimStart(this.#job)) return false;
    try {
      await launchRemoval(table.path, table.definition().guid, await places());
    } finally {
      if (table.job().state !== "UNDEFINED") table.updateJob({ starter: null });
    }
    return true;
  }

  /** Takes a request back that no control process will answer. @returns false: one may, or has */
  #withdraw(seq: number): boolean {
    const { table } = this.#job;
    return table.atomically(() => {
      if (!isBeforeStart(table.job().state) || isBeingStarted(table) || table.answer(seq) !== undefined) return false;
      table.answerRequest(seq, null);
      return true;
    });
  }

  /** What has become of a job that was to stop; null: not yet. One that is not kept has stopped when its control table is gone. */
  #stoppedState(keepMaster: boolean): StoppedJob["state"] | null {
    const { table } = this.#job;
    if (isAlive(lockPath(table.path))) return null;
    // It came to its end first.
    if (table.job().state === "COMPLETED") return "COMPLETED";
    if (keepMaster) return "STOPPED";
    return existsSync(table.path) ? null : "UNDEFINED";
  }

  #assertHeld(row: JobRow): JobRow {
    if (row.state === "UNDEFINED") throw pumpError([["ORA-31626"]], REMOVED);
    if (this.#job.session.hasLost(row)) throw pumpError([["ORA-31623"]]);
    return row;
  }

  #hasMessage(mask: number): boolean {
    for (;;) {
      if (this.#queue.some((message) => (messageBit(message) & mask) !== 0)) return true;
      const batch = this.#job.table.messagesAfter(this.#lastSeq, MESSAGE_BATCH);
      if (batch.length === 0) return false;
      this.#lastSeq = batch.at(-1)?.seq ?? this.#lastSeq;
      this.#queue.push(...batch.filter(({ logFileOnly }) => logFileOnly !== true));
    }
  }
}

/** What was asked of a run that has ended since is not for the next one; log entries wait for it. */
function refuseOldRequests(table: ControlTable): void {
  const refusal = pumpError([["ORA-39002"], ["ORA-39015"]]).toJSON() as JobAnswer;
  for (const { seq, verb } of table.openRequests(0)) if (verb !== "log_entry") table.answerRequest(seq, refusal);
}

function beforeFinal(state: JobState): JobState {
  if (state === "COMPLETED") return "COMPLETING";
  return state === "STOPPED" ? "STOPPING" : state;
}
