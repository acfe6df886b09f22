import { setTimeout as sleep } from "node:timers/promises";
import { pumpError, type PumpError } from "../base/errors.ts";
import type { ControlTable, JobRow, StoredMessage } from "../job/control-table.ts";
import type { JobDefinition, JobMessage } from "../job/definition.ts";
import { removeJob, tracePath, type DefinedJob } from "../job/jobs.ts";
import { launchControlProcess } from "../job/launch.ts";
import { isAlive, LivenessLock, lockPath } from "../job/liveness.ts";
import type { JobState, Procedure } from "../job/states.ts";
import { KU } from "./constants.ts";
import { notSupported } from "./refusals.ts";
import { messageBit } from "./status.ts";

/** How often a waiting call looks at the control table, once it has waited a little. */
export const POLL_MS = 50;

const FIRST_POLL_MS = 5;
const LIVENESS_CHECK_MS = 1000;
const RELOCK_TIMEOUT_MS = 5000;
const MESSAGE_BATCH = 1000;
const ANY_MESSAGE = KU.STATUS_WIP | KU.STATUS_JOB_ERROR;

/** What stands behind one handle: a session's view of one job, with its own queue of messages. */
export class Attachment {
  /** Stack of the last failed call on this handle, until it is fetched or a call succeeds. */
  lastError: PumpError | undefined;
  readonly #table: ControlTable;
  #lock: LivenessLock | undefined;
  #starting = false;
  #detached = false;
  #finalState: "COMPLETED" | "STOPPED" | undefined;
  #lastSeq = 0;
  #queue: StoredMessage[] = [];

  constructor({ table, lock }: DefinedJob) {
    this.#table = table;
    this.#lock = lock;
  }

  /** The control table; ORA-31623 when the handle was given up while a call was waiting. */
  get table(): ControlTable {
    if (this.#detached) throw pumpError([["ORA-31623"]]);
    return this.#table;
  }

  /** The job row as it is now. */
  row(): JobRow {
    return this.table.job();
  }

  /** The state against which a call is checked: for those who follow a job it has ended when they have been told all of it. */
  stateFor(procedure: Procedure): JobState {
    if (this.#starting) return procedure === "GET_STATUS" || procedure === "WAIT_FOR_JOB" ? "DEFINING" : "EXECUTING";
    const { state } = this.row();
    if (procedure !== "GET_STATUS" && procedure !== "WAIT_FOR_JOB") return state;
    return this.#finalState === undefined || this.#hasMessage(ANY_MESSAGE) ? beforeFinal(state) : this.#finalState;
  }

  /** Changes the definition; after START_JOB it is frozen. */
  define(change: (definition: JobDefinition) => Partial<JobDefinition>): void {
    if (this.#starting || this.row().state !== "DEFINING") throw notSupported("a change to a running job");
    this.#table.define(change);
  }

  /** Hands the job to its control process. After a failure the job is DEFINING again and held by this session. */
  async start(): Promise<void> {
    if (this.row().state !== "DEFINING") throw notSupported("the restart of a job");
    this.#starting = true;
    // The process id stands for the lock until the control process has it.
    this.#table.updateJob({ pid: process.pid, startError: null });
    this.#lock?.release();
    this.#lock = undefined;
    try {
      await launchControlProcess(this.#table.path, {});
    } catch (error) {
      this.#takeBack();
      throw error;
    } finally {
      this.#starting = false;
      if (this.#detached) this.#leave();
    }
  }

  /** The next queued message of the kinds in `mask`, taken from the queue. Messages for the log file only are passed over. */
  takeMessage(mask: number): JobMessage | undefined {
    if (!this.#hasMessage(mask)) return undefined;
    const index = this.#queue.findIndex((message) => (messageBit(message) & mask) !== 0);
    return this.#queue.splice(index, 1)[0];
  }

  /** The state to report: a final one only when no message of the kinds in `mask` is left. */
  reportableState(state: JobState, mask: number): JobState {
    return this.#finalState ?? (this.#hasMessage(mask) ? beforeFinal(state) : state);
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

  /** @throws ORA-31626 when no process holds a job that is not over. */
  assertAlive(): void {
    if (this.#lock !== undefined || this.#starting || isAlive(lockPath(this.#table.path))) return;
    const { state } = this.row();
    if (state === "COMPLETED" || state === "STOPPED") return;
    throw pumpError(
      [["ORA-31626"], ["ORA-39015"]],
      `The control process ended in state ${state} and the job is NOT RUNNING; what it said last is in ${tracePath(this.#table.path)}.`,
    );
  }

  /** Gives the handle up. A job that is still DEFINING is removed: this session was the only one. */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    if (!this.#starting) this.#leave();
  }

  #leave(): void {
    if (this.#lock !== undefined && this.#table.job().state === "DEFINING") {
      removeJob(this.#table, this.#lock);
      return;
    }
    this.#lock?.release();
    this.#table.close();
  }

  #takeBack(): void {
    if (this.#table.job().state !== "DEFINING") return;
    this.#lock = LivenessLock.acquire(lockPath(this.#table.path), RELOCK_TIMEOUT_MS);
    this.#table.updateJob({ pid: null, startError: null });
  }

  #hasMessage(mask: number): boolean {
    for (;;) {
      if (this.#queue.some((message) => (messageBit(message) & mask) !== 0)) return true;
      const batch = this.#table.messagesAfter(this.#lastSeq, MESSAGE_BATCH);
      if (batch.length === 0) return false;
      this.#lastSeq = batch.at(-1)?.seq ?? this.#lastSeq;
      this.#queue.push(...batch.filter(({ logFileOnly }) => logFileOnly !== true));
    }
  }
}

function beforeFinal(state: JobState): JobState {
  if (state === "COMPLETED") return "COMPLETING";
  return state === "STOPPED" ? "STOPPING" : state;
}
