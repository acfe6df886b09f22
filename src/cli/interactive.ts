import { KU } from "../api/constants.ts";
import type { DataPump } from "../api/data-pump.ts";
import { parseFileSize } from "../api/files.ts";
import type { JobStatus } from "../api/status-types.ts";
import { pumpError, toPumpError } from "../base/errors.ts";
import type { CommandSource } from "./command-source.ts";
import { errorLines } from "./error-report.ts";
import { exitCodeOf } from "./follow.ts";
import type { StopOutcome } from "./job-end.ts";
import { interactiveHelp, readCommand, type CommandLine } from "./interactive-commands.ts";
import type { Output } from "./output.ts";
import { splitList } from "./lexer.ts";
import { startJob } from "./start-job.ts";
import { booleanOf, fileOf, urlOf } from "./parameters/values.ts";

const STATUS_MASK = KU.STATUS_JOB_STATUS;
const WATCH_MS = 500;

/** What the interactive mode works on. */
export interface InteractiveJob {
  readonly pump: DataPump;
  readonly handle: number;
  readonly operation: "EXPORT" | "IMPORT";
  /** Follows the job to its end, or to the next Ctrl-C: the exit code, or null for the prompt again. */
  readonly follow: (statusPeriod: number) => Promise<number | null>;
  readonly showStatus: (status: JobStatus) => void;
  readonly tellStop: (stop: StopOutcome) => void;
}

/** The `Export>` and `Import>` prompt. */
export class Interactive {
  readonly #job: InteractiveJob;
  readonly #output: Output;
  readonly #source: CommandSource;
  #statusPeriod: number;
  /** Of files to be added; null: what the job has. */
  #filesize: string | null = null;
  #reuse = 0;
  #hasFailed = false;
  /** What each command does; a number ends the client. */
  readonly #commands: Readonly<Record<string, (command: CommandLine) => unknown>> = {
    ADD_FILE: ({ value }) => this.#addFiles(value ?? ""),
    CONTINUE_CLIENT: () => this.#continue(),
    EXIT_CLIENT: () => 0,
    FILESIZE: ({ value }) => {
      parseFileSize(value);
      this.#filesize = value;
    },
    HELP: () => {
      this.#output.out(...interactiveHelp(this.#job.operation));
    },
    KILL_JOB: () => this.#stop(1, 0),
    PARALLEL: (command) => this.#job.pump.setParallel(this.#job.handle, this.#integer(command)),
    REUSE_DUMPFILES: (command) => {
      this.#reuse = Number(this.#yesOrNo(command));
    },
    START_JOB: (command) => startJob(this.#job.pump, this.#job.handle, Number(this.#keyword(command, "SKIP_CURRENT"))),
    STATUS: async (command) => {
      if (command.value !== null) this.#statusPeriod = this.#integer(command);
      await this.#showStatus();
    },
    STOP_JOB: (command) => this.#stop(Number(this.#keyword(command, "IMMEDIATE")), 1),
    STOP_WORKER: (command) => this.#job.pump.stopWorker(this.#job.handle, this.#integer(command)),
  };
  /** How the job ended, as soon as that is known. */
  #end: { readonly state: string; readonly errorCount: number } | null = null;

  constructor(job: InteractiveJob, output: Output, source: CommandSource, statusPeriod = 0) {
    this.#job = job;
    this.#output = output;
    this.#source = source;
    this.#statusPeriod = statusPeriod;
  }

  /** Reads and runs commands until one ends the client. @returns the exit code */
  async run(): Promise<number> {
    for (;;) {
      const line = await this.#nextLine();
      if (await this.#isOver()) return this.#leave((await this.#follow()) ?? 0);
      if (line === null) return this.#leave(0);
      if (line.trim() === "") continue;
      const exitCode = await this.#runLine(line);
      if (exitCode !== null) return this.#leave(exitCode);
    }
  }

  async #nextLine(): Promise<string | null> {
    const source = this.#source;
    if (!source.isTerminal) return source.next("");
    const stop = new AbortController();
    const watch = setInterval(() => {
      void this.#isOver().then((isOver) => {
        if (isOver) stop.abort();
      });
    }, WATCH_MS);
    try {
      const prompt = this.#job.operation === "EXPORT" ? "Export> " : "Import> ";
      const line = await source.next(prompt, stop.signal);
      if (stop.signal.aborted) this.#output.out("", "The job has ended.");
      return line;
    } finally {
      clearInterval(watch);
    }
  }

  async #runLine(line: string): Promise<number | null> {
    try {
      const command = readCommand(line, this.#job.operation);
      const run = this.#commands[command.name];
      if (run === undefined) throw pumpError([["TSDP-00001", `command ${command.name}`]]);
      const result = await run(command);
      return typeof result === "number" ? result : null;
    } catch (error) {
      this.#hasFailed = true;
      // The stack is shown now: it must not come as a message again.
      await this.#job.pump.getStatus(this.#job.handle, KU.STATUS_JOB_ERROR, 0).catch(() => undefined);
      this.#output.err(...errorLines(error));
      return null;
    }
  }

  async #addFiles(value: string): Promise<void> {
    const { pump, handle } = this.#job;
    const filesize = this.#filesize ?? (await this.#jobFilesize());
    const files = splitList(value).map((element) => {
      const url = urlOf(element);
      const { directory = null, name: filename } = url ?? fileOf(element);
      const filetype = url === undefined ? KU.FILE_TYPE_DUMP_FILE : KU.FILE_TYPE_URIDUMP_FILE;
      return { filename, directory, filesize, filetype, reusefile: this.#reuse };
    });
    await pump.addFiles(handle, files);
  }

  /** The FILESIZE of the job: that of its last dump file. */
  async #jobFilesize(): Promise<string> {
    const { status } = await this.#job.pump.getStatus(this.#job.handle, STATUS_MASK, 0);
    return String(status.jobStatus?.files.at(-1)?.fileSize ?? 0);
  }

  async #continue(): Promise<number | null> {
    const { jobState } = await this.#job.pump.getStatus(this.#job.handle, STATUS_MASK, 0);
    if (jobState === "IDLING" || jobState === "DEFINING") await startJob(this.#job.pump, this.#job.handle);
    return this.#follow();
  }

  async #follow(): Promise<number | null> {
    this.#source.pause();
    try {
      return await this.#job.follow(this.#statusPeriod);
    } catch (error) {
      // All that it had to tell has been told.
      if (this.#end === null || toPumpError(error).code !== "ORA-39004") throw error;
      return exitCodeOf(this.#end);
    }
  }

  async #stop(immediate: number, keepMaster: number): Promise<number | null> {
    if (!(await this.#source.confirm("Are you sure you wish to stop this job ([yes]/no): "))) return null;
    const { state, errorCount } = await this.#job.pump.stopJob(this.#job.handle, immediate, keepMaster);
    const exitCode = state === "COMPLETED" ? exitCodeOf({ state, errorCount }) : 0;
    this.#job.tellStop({ state: state === "UNDEFINED" ? null : state, errorCount, exitCode });
    return exitCode;
  }

  async #showStatus(): Promise<void> {
    const { status } = await this.#job.pump.getStatus(this.#job.handle, STATUS_MASK, 0);
    if (status.jobStatus !== null) this.#job.showStatus(status.jobStatus);
  }

  /** Whether the job has ended while nobody looked; one that is to be started again has not. */
  async #isOver(): Promise<boolean> {
    try {
      const { jobState: state, status } = await this.#job.pump.getStatus(this.#job.handle, STATUS_MASK, 0);
      if (state !== "COMPLETED" && state !== "STOPPED") return false;
      this.#end = { state, errorCount: status.jobStatus?.errorCount ?? 0 };
      return true;
    } catch (error) {
      if (this.#end !== null) return true;
      // A dead control process is told by the next command.
      if (["ORA-31626", "ORA-39004"].includes(toPumpError(error).code)) return false;
      throw error;
    }
  }

  #integer({ name, value }: CommandLine): number {
    if (value === null || !/^\d{1,9}$/.test(value)) throw this.#invalid(name, "Give a whole number.");
    return Number(value);
  }

  #yesOrNo({ name, value }: CommandLine): boolean {
    const flag = booleanOf(value ?? "");
    if (flag === undefined) throw this.#invalid(name, "Valid values are YES and NO.");
    return flag;
  }

  #keyword({ name, value }: CommandLine, keyword: string): boolean {
    if (value === null) return false;
    if (value.toUpperCase() !== keyword) throw this.#invalid(name, `The only value is ${keyword}.`);
    return true;
  }

  #invalid(name: string, hint: string): Error {
    return pumpError([[this.#job.operation === "EXPORT" ? "UDE-00014" : "UDI-00014", name]], hint);
  }

  #leave(exitCode: number): number {
    this.#source.close();
    const isScript = !this.#source.isTerminal;
    return exitCode === 0 && isScript && this.#hasFailed ? 1 : exitCode;
  }
}
