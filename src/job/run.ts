import { availableParallelism } from "node:os";
import { pumpError, toPumpError, type ErrorLine } from "../base/errors.ts";
import type { Keyring } from "../dump/set-key.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";
import type { ControlTable, JobAnswer, JobRequest } from "./control-table.ts";
import type { DumpFileStatus, JobDefinition, JobMessage, WorkerStatus } from "./definition.ts";
import type { Job } from "./job.ts";
import type { LogFile } from "./log-file.ts";

const UPDATE_MS = 100;
const REQUEST_MS = 100;
const HEARTBEAT_MS = 5000;

/** Bytes, rows and workers of a running job. */
export interface Progress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
  readonly workers: readonly WorkerStatus[];
  readonly files: readonly DumpFileStatus[];
}

/** How a job is to stop. */
export type StopRequest = Extract<JobRequest, { verb: "stop" }>;

/** What a running job does at the request of clients. */
export type RequestHandlers = Pick<Job, "setDegree" | "addFiles" | "stopWorker">;

/** What one run of a job has of its own. */
export interface RunFacts {
  readonly log: LogFile | null;
  readonly restarts: boolean;
  readonly keyring: Keyring;
  readonly places: PlaceKeys;
  readonly remapKey: string | null;
}

/** One run of a job by its control process: what it tells its clients and its log, and what they ask of it. */
export class JobRun {
  readonly definition: JobDefinition;
  readonly startTime = new Date();
  /** Whether an earlier run of the job has begun. */
  readonly restarts: boolean;
  /** What the client has given to open or to encrypt the dump. */
  readonly keyring: Keyring;
  /** And to enter the places of its files. */
  readonly places: PlaceKeys;
  /** REMAP_DATA_KEY as it was typed; null: none was given. */
  readonly remapKey: string | null;
  /** ABORT_STEP of this run's START_JOB. */
  readonly abortStep: number;
  readonly table: ControlTable;
  readonly #log: LogFile | null;
  #errorCount: number;
  #degree: number;
  #stop: StopRequest | null = null;
  #lastUpdate = 0;
  #stepBegun = this.startTime.getTime();
  #timer: NodeJS.Timeout | undefined;
  #requests: NodeJS.Timeout | undefined;
  #heart: NodeJS.Timeout | undefined;
  #requestVersion: number | null = null;
  #lastRequest = 0;
  #handling: Promise<void> = Promise.resolve();
  #handlers: RequestHandlers | null = null;
  #stopAtOnce: ((request: StopRequest) => void) | null = null;

  constructor(table: ControlTable, definition: JobDefinition, { log, restarts, keyring, places, remapKey }: RunFacts) {
    this.table = table;
    this.definition = definition;
    this.restarts = restarts;
    this.keyring = keyring;
    this.places = places;
    this.remapKey = remapKey;
    this.#log = log;
    this.abortStep = table.job().abortStep;
    this.#errorCount = restarts ? table.job().errorCount : 0;
    this.#degree = definition.degree ?? Math.min(4, availableParallelism());
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  /** The number of workers that the job may use: as many as cores, at most 4, unless SET_PARALLEL says otherwise. */
  get degree(): number {
    return this.#degree;
  }

  /** Whether the job is to end after the items that are being worked on. */
  get isStopping(): boolean {
    return this.#stop !== null;
  }

  get stopRequest(): StopRequest | null {
    return this.#stop;
  }

  /** Forgets what earlier runs have done and told: the errors of the job are counted from here. */
  beginAnew(clear: () => void = () => undefined): void {
    clear();
    this.#errorCount = 0;
    this.table.updateJob({ errorCount: 0 });
  }

  parameter(name: string): string | number | undefined {
    return this.definition.parameters[name];
  }

  /** Writes lines to the log and to all clients. */
  say(...lines: readonly string[]): void {
    for (const text of lines) this.#send({ kind: "wip", lines: [{ code: null, text }] });
  }

  /** A line on what a worker does: with METRICS under its number. */
  ofWorker(worker: number, line: string): string {
    return this.hasMetrics ? `W-${worker} ${line}` : line;
  }

  /** Says what METRICS asks for, and nothing without it. */
  measure(worker: number, ...lines: readonly string[]): void {
    if (this.hasMetrics) this.say(...lines.map((line) => this.ofWorker(worker, line)));
  }

  get hasMetrics(): boolean {
    return this.parameter("METRICS") === 1;
  }

  /** How long a step took that ends now: since the last one has ended, or the control process began with the job. */
  secondsOfStep(): number {
    const begun = this.#stepBegun;
    this.#stepBegun = Date.now();
    return (this.#stepBegun - begun) / 1000;
  }

  /** Says what is said once over all runs of the job. */
  sayOnce(what: string, ...lines: readonly string[]): void {
    this.once(what, () => {
      this.say(...lines);
    });
  }

  /** Runs what tells something that no earlier run of the job has told: the messages and that they were told are one write. */
  once(what: string, tell: () => void): void {
    this.table.atomically(() => {
      if (this.table.tell(what)) tell();
    });
  }

  /** Tells what was put into words before, once over all runs of the job. */
  tellOnce(what: string, message: JobMessage): void {
    this.once(`${what} ${JSON.stringify(message)}`, () => {
      if (message.kind === "error") this.report(message.lines);
      else this.#send(message);
    });
  }

  /** A catalogued message that is no error of the job. */
  note(line: ErrorLine): void {
    this.#send({ kind: "wip", lines: [line] });
  }

  /** Reports an error that the job survives, and counts it. */
  report(lines: JobMessage["lines"]): void {
    this.#errorCount += 1;
    this.table.updateJob({ errorCount: this.#errorCount });
    this.#send({ kind: "error", lines });
  }

  /** An entry that a client asked for (LOG_ENTRY). */
  logEntry(message: string, logFileOnly: boolean): void {
    this.#send({ kind: "wip", lines: [{ code: null, text: `;;; ${message}` }], logFileOnly });
  }

  /** Shows progress, at most ten times a second; what comes between is shown a little later. */
  progress(progress: () => Progress): void {
    const wait = this.#lastUpdate + UPDATE_MS - performance.now();
    if (wait <= 0) this.showProgress(progress);
    else
      this.#timer ??= setTimeout(() => {
        this.showProgress(progress);
      }, wait);
  }

  /** Looks for requests from now on. `stopAtOnce` is called for a stop that does not wait for items. */
  begin(handlers: RequestHandlers, stopAtOnce: (request: StopRequest) => void): void {
    this.#handlers = handlers;
    this.#stopAtOnce = stopAtOnce;
    this.#takeEarlyEntries();
    this.#requests = setInterval(() => {
      this.#takeRequests();
    }, REQUEST_MS);
    let heartbeat = 1;
    this.#heart = setInterval(() => {
      this.table.updateJob({ heartbeat: (heartbeat += 1) });
    }, HEARTBEAT_MS);
  }

  /** Answers the last requests; nothing is shown any more but the end. */
  end(): void {
    clearInterval(this.#requests);
    clearInterval(this.#heart);
    clearTimeout(this.#timer);
    for (const request of this.table.openRequests(this.#lastRequest)) {
      if (request.verb === "log_entry") this.logEntry(request.message, request.logFileOnly);
      const isDone = request.verb === "log_entry" || (request.verb === "stop" && this.#takeStop(request));
      this.table.answerRequest(request.seq, isDone ? null : this.#tooLate());
    }
  }

  /** Log entries of clients from before the start come first, as in Data Pump's logs. */
  #takeEarlyEntries(): void {
    for (const request of this.table.openRequests(this.#lastRequest)) {
      if (request.verb !== "log_entry") return;
      this.#lastRequest = request.seq;
      this.logEntry(request.message, request.logFileOnly);
      this.table.answerRequest(request.seq, null);
    }
  }

  /** Takes up what clients have asked for, each request once and in order; costs next to nothing when nobody has. */
  #takeRequests(): void {
    const version = this.table.dataVersion();
    if (version === this.#requestVersion) return;
    this.#requestVersion = version;
    for (const request of this.table.openRequests(this.#lastRequest)) {
      this.#lastRequest = request.seq;
      this.#handling = this.#handling.then(() => this.#answer(request));
    }
  }

  async #answer(request: JobRequest & { readonly seq: number }): Promise<void> {
    try {
      await this.#carryOut(request);
      this.table.answerRequest(request.seq, null);
      if (request.verb === "stop" && request.immediate) this.#stopAtOnce?.(request);
    } catch (error) {
      // Its workers end under it.
      const isLate = ["COMPLETING", "STOPPING"].includes(this.table.job().state);
      this.table.answerRequest(request.seq, isLate ? this.#tooLate() : (toPumpError(error).toJSON() as JobAnswer));
    }
  }

  async #carryOut(request: JobRequest): Promise<void> {
    switch (request.verb) {
      case "log_entry":
        this.logEntry(request.message, request.logFileOnly);
        break;
      case "set_parallel":
        await this.#handlers?.setDegree(request.degree);
        this.#degree = request.degree;
        this.table.define(() => ({ degree: request.degree }));
        this.table.updateJob({ degree: request.degree });
        break;
      case "add_file":
        await this.#handlers?.addFiles(request.files);
        this.table.define(({ files }) => ({ files: [...files, ...request.files] }));
        break;
      case "stop_worker":
        this.#handlers?.stopWorker(request.worker);
        break;
      case "stop":
        if (!this.#takeStop(request)) throw pumpError([["ORA-39004"]]);
        break;
    }
  }

  /** @returns whether the job can still stop: one that is COMPLETING has done all that it was to do. */
  #takeStop(request: StopRequest): boolean {
    const { state } = this.table.job();
    if (state === "COMPLETING") return false;
    // One who has killed the job is not overruled by another who would keep it.
    this.#stop = { ...request, keepMaster: request.keepMaster && this.#stop?.keepMaster !== false };
    if (state !== "STOPPING") this.table.updateJob({ state: request.immediate ? "STOPPING" : "STOP PENDING" });
    return true;
  }

  #tooLate(): JobAnswer {
    return pumpError([["ORA-39004"], ["ORA-39016", this.table.job().state]]).toJSON() as JobAnswer;
  }

  /** Shows progress now. */
  showProgress(progress: () => Progress): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastUpdate = performance.now();
    const { bytes, totalBytes, rows, workers, files } = progress();
    this.table.atomically(() => {
      // The total of an export is a guess; 100 is for a job that is done.
      const percentDone = totalBytes === 0 ? 0 : Math.min(99, Math.floor((100 * bytes) / totalBytes));
      this.table.updateJob({ bytesProcessed: bytes, totalBytes, rowsProcessed: rows, percentDone });
      for (const worker of workers) this.table.setWorker(worker);
      files.forEach((file, i) => {
        this.table.setDumpFile(i + 1, file);
      });
    });
  }

  /** The control table first: a line that the log lacks is added when the job is reopened. */
  #send(message: Parameters<ControlTable["appendMessage"]>[0]): void {
    const time = new Date();
    this.table.appendMessage(message, time);
    this.#log?.write(message, time);
  }
}
