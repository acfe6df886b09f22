import { rmSync } from "node:fs";
import { pumpError } from "../base/errors.ts";
import { openDatabase, type Connection } from "../sqlite/database.ts";
import type { DumpFileStatus, JobDefinition, JobMessage, Outcome, WorkerStatus } from "./definition.ts";
import type { JobState } from "./states.ts";

const SCHEMA = `
CREATE TABLE job (
  id INTEGER PRIMARY KEY CHECK (id = 1), definition TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT, pid INTEGER,
  degree INTEGER NOT NULL DEFAULT 1, bytes_processed INTEGER NOT NULL DEFAULT 0, total_bytes INTEGER NOT NULL DEFAULT 0,
  rows_processed INTEGER NOT NULL DEFAULT 0, percent_done INTEGER NOT NULL DEFAULT 0, error_count INTEGER NOT NULL DEFAULT 0,
  restart_count INTEGER NOT NULL DEFAULT 0, create_time TEXT NOT NULL, start_time TEXT, end_time TEXT, start_error TEXT) STRICT;
CREATE TABLE message (seq INTEGER PRIMARY KEY, time TEXT NOT NULL, content TEXT NOT NULL) STRICT;
CREATE TABLE worker (number INTEGER PRIMARY KEY, status TEXT NOT NULL) STRICT;
CREATE TABLE dump_file (number INTEGER PRIMARY KEY, status TEXT NOT NULL) STRICT;
CREATE TABLE request (seq INTEGER PRIMARY KEY, verb TEXT NOT NULL, argument TEXT) STRICT;
PRAGMA user_version = 1;`;

/** The changing facts of a job. */
export interface JobRow {
  readonly state: JobState;
  readonly outcome: Outcome | null;
  /** Process id of the control process, null before the start. */
  readonly pid: number | null;
  readonly degree: number;
  readonly bytesProcessed: number;
  readonly totalBytes: number;
  readonly rowsProcessed: number;
  readonly percentDone: number;
  readonly errorCount: number;
  readonly restartCount: number;
  /** ISO timestamps. */
  readonly createTime: string;
  readonly startTime: string | null;
  readonly endTime: string | null;
  /** Why START_JOB failed: a PumpError as JSON. */
  readonly startError: string | null;
}

export interface StoredMessage extends JobMessage {
  readonly seq: number;
  readonly time: string;
}

/** What a client asks of the control process. */
export interface JobRequest {
  readonly verb: "log_entry";
  readonly argument: { readonly message: string; readonly logFileOnly: boolean };
}

const COLUMNS: Readonly<Record<keyof JobRow, string>> = {
  state: "state",
  outcome: "outcome",
  pid: "pid",
  degree: "degree",
  bytesProcessed: "bytes_processed",
  totalBytes: "total_bytes",
  rowsProcessed: "rows_processed",
  percentDone: "percent_done",
  errorCount: "error_count",
  restartCount: "restart_count",
  createTime: "create_time",
  startTime: "start_time",
  endTime: "end_time",
  startError: "start_error",
};

/**
 * The control ("master") table of one job: a SQLite file that holds all there is to know about it.
 * While the job is DEFINING its session writes it; from START_JOB on the control process is the only writer, but for requests.
 */
export class ControlTable {
  readonly path: string;
  readonly #connection: Connection;

  private constructor(path: string, connection: Connection) {
    this.path = path;
    this.#connection = connection;
  }

  /** Makes the control table of a new job in state DEFINING; the file must not exist. */
  static create(path: string, definition: JobDefinition): ControlTable {
    const connection = openDatabase(path);
    connection.pragma("journal_mode = WAL");
    connection.pragma("synchronous = NORMAL");
    connection
      .transaction(() => {
        connection.exec(SCHEMA);
        connection
          .prepare("INSERT INTO job (id, definition, state, create_time) VALUES (1, ?, 'DEFINING', ?)")
          .run(JSON.stringify(definition), new Date().toISOString());
      })
      .immediate();
    return new ControlTable(path, connection);
  }

  /** @throws ORA-31626 when there is no valid control table at the path. */
  static open(path: string): ControlTable {
    try {
      const connection = openDatabase(path, { mustExist: true });
      connection.pragma("synchronous = NORMAL");
      connection.prepare("SELECT state FROM job").get();
      return new ControlTable(path, connection);
    } catch (error) {
      throw pumpError([["ORA-31626"]], undefined, error);
    }
  }

  definition(): JobDefinition {
    const { definition } = this.#connection.prepare("SELECT definition FROM job").get() as { definition: string };
    return JSON.parse(definition) as JobDefinition;
  }

  /** Replaces parts of the definition; the caller has checked that the job is DEFINING. */
  define(change: (definition: JobDefinition) => Partial<JobDefinition>): void {
    this.#connection
      .transaction(() => {
        const definition = this.definition();
        this.#connection.prepare("UPDATE job SET definition = ?").run(JSON.stringify({ ...definition, ...change(definition) }));
      })
      .immediate();
  }

  job(): JobRow {
    const columns = Object.entries(COLUMNS).map(([key, column]) => `${column} AS ${key}`);
    return this.#connection.prepare(`SELECT ${columns.join(", ")} FROM job`).get() as JobRow;
  }

  updateJob(change: Partial<JobRow>): void {
    const entries = Object.entries(change) as [keyof JobRow, string | number | null][];
    this.#connection
      .prepare(`UPDATE job SET ${entries.map(([key]) => `${COLUMNS[key]} = ?`).join(", ")}`)
      .run(entries.map(([, value]) => (typeof value === "number" ? BigInt(Math.round(value)) : value)));
  }

  /** Runs several writes as one commit. */
  atomically(writes: () => void): void {
    this.#connection.transaction(writes).immediate();
  }

  appendMessage(message: JobMessage): void {
    this.#connection
      .prepare("INSERT INTO message (time, content) VALUES (?, ?)")
      .run(new Date().toISOString(), JSON.stringify(message));
  }

  /** Messages with a higher sequence number, in order. */
  messagesAfter(seq: number, limit = 1000): StoredMessage[] {
    const rows = this.#connection
      .prepare("SELECT seq, time, content FROM message WHERE seq > ? ORDER BY seq LIMIT ?")
      .all(BigInt(seq), BigInt(limit)) as { seq: number; time: string; content: string }[];
    return rows.map(({ seq, time, content }) => ({ seq, time, ...(JSON.parse(content) as JobMessage) }));
  }

  setWorker(status: WorkerStatus): void {
    this.#connection.prepare("INSERT OR REPLACE INTO worker VALUES (?, ?)").run(BigInt(status.number), JSON.stringify(status));
  }

  workers(): WorkerStatus[] {
    const rows = this.#connection.prepare("SELECT status FROM worker ORDER BY number").all() as { status: string }[];
    return rows.map(({ status }) => JSON.parse(status) as WorkerStatus);
  }

  setDumpFile(number: number, status: DumpFileStatus): void {
    this.#connection.prepare("INSERT OR REPLACE INTO dump_file VALUES (?, ?)").run(BigInt(number), JSON.stringify(status));
  }

  dumpFiles(): DumpFileStatus[] {
    const rows = this.#connection.prepare("SELECT status FROM dump_file ORDER BY number").all() as { status: string }[];
    return rows.map(({ status }) => JSON.parse(status) as DumpFileStatus);
  }

  /** Queues a request for the control process. */
  request({ verb, argument }: JobRequest): void {
    this.#connection.prepare("INSERT INTO request (verb, argument) VALUES (?, ?)").run(verb, JSON.stringify(argument));
  }

  /** Takes the queued requests, in order, each once. */
  takeRequests(): JobRequest[] {
    const rows = this.#connection.prepare("DELETE FROM request RETURNING seq, verb, argument").all() as {
      seq: number;
      verb: JobRequest["verb"];
      argument: string;
    }[];
    return rows
      .sort((a, b) => a.seq - b.seq)
      .map(({ verb, argument }) => ({ verb, argument: JSON.parse(argument) as JobRequest["argument"] }));
  }

  /** Changes whenever another connection has committed; cheap enough to be polled. */
  dataVersion(): number {
    return this.#connection.pragma("data_version", { simple: true }) as number;
  }

  close(): void {
    this.#connection.close();
  }

  /** Removes the job: connections that other processes still have go on reading the unlinked file. */
  drop(): void {
    this.close();
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(this.path + suffix, { force: true });
  }
}
