import { availableParallelism } from "node:os";
import type { ErrorLine } from "../base/errors.ts";
import type { ControlTable } from "./control-table.ts";
import type { JobDefinition, WorkerStatus } from "./definition.ts";
import type { LogFile } from "./log-file.ts";

const UPDATE_MS = 100;
const REQUEST_MS = 100;

/** Bytes, rows and workers of a running job. */
export interface Progress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
  readonly workers: readonly WorkerStatus[];
  readonly files: readonly { readonly path: string; readonly bytesWritten: number }[];
}

/** One run of a job by its control process: what it tells its clients and its log. */
export class JobRun {
  readonly definition: JobDefinition;
  readonly startTime = new Date();
  readonly #table: ControlTable;
  readonly #log: LogFile | null;
  #errorCount = 0;
  #lastUpdate = 0;
  #timer: NodeJS.Timeout | undefined;
  #requests: NodeJS.Timeout | undefined;
  #requestVersion: number | null = null;

  constructor(table: ControlTable, definition: JobDefinition, log: LogFile | null) {
    this.#table = table;
    this.definition = definition;
    this.#log = log;
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  /** The number of workers that the job may use: as many as cores, at most 4, unless SET_PARALLEL says otherwise. */
  get degree(): number {
    return this.definition.degree ?? Math.min(4, availableParallelism());
  }

  parameter(name: string): string | number | undefined {
    return this.definition.parameters[name];
  }

  /** Writes lines to the log and to all clients. */
  say(...lines: readonly string[]): void {
    for (const text of lines) this.#send({ kind: "wip", lines: [{ code: null, text }] });
  }

  /** A catalogued message that is no error of the job. */
  note(line: ErrorLine): void {
    this.#send({ kind: "wip", lines: [line] });
  }

  /** Reports an error that the job survives, and counts it. */
  report(lines: readonly ErrorLine[]): void {
    this.#errorCount += 1;
    this.#table.updateJob({ errorCount: this.#errorCount });
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

  /** Carries out what clients have asked for; costs next to nothing when nobody has. */
  takeRequests(): void {
    const version = this.#table.dataVersion();
    if (version === this.#requestVersion) return;
    this.#requestVersion = version;
    for (const { argument } of this.#table.takeRequests()) this.logEntry(argument.message, argument.logFileOnly);
  }

  /** Looks for requests from now on. */
  begin(): void {
    this.#requests = setInterval(() => {
      this.takeRequests();
    }, REQUEST_MS);
  }

  /** Takes the last requests; nothing is shown any more but the end. */
  end(): void {
    clearInterval(this.#requests);
    clearTimeout(this.#timer);
    this.takeRequests();
  }

  /** Shows progress now. */
  showProgress(progress: () => Progress): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastUpdate = performance.now();
    const { bytes, totalBytes, rows, workers, files } = progress();
    this.#table.atomically(() => {
      const percentDone = totalBytes === 0 ? 0 : Math.min(100, Math.floor((100 * bytes) / totalBytes));
      this.#table.updateJob({ bytesProcessed: bytes, totalBytes, rowsProcessed: rows, percentDone });
      for (const worker of workers) this.#table.setWorker(worker);
      files.forEach((file, i) => {
        this.#table.setDumpFile(i + 1, { ...file, size: 0 });
      });
    });
  }

  #send(message: Parameters<ControlTable["appendMessage"]>[0]): void {
    this.#log?.write(message);
    this.#table.appendMessage(message);
  }
}
