import { rmSync } from "node:fs";
import { pumpError, type ErrorLine } from "../base/errors.ts";
import { openDatabase, sqliteVersion, type Connection, type Statement } from "../sqlite/database.ts";
import type { DumpFileStatus, JobDefinition, JobFile, JobMessage, Outcome, WorkerStatus } from "./definition.ts";
import type { JobState } from "./states.ts";

const SCHEMA = `
CREATE TABLE job (
  id INTEGER PRIMARY KEY CHECK (id = 1), definition TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT, pid INTEGER,
  degree INTEGER NOT NULL DEFAULT 1, bytes_processed INTEGER NOT NULL DEFAULT 0, total_bytes INTEGER NOT NULL DEFAULT 0,
  rows_processed INTEGER NOT NULL DEFAULT 0, percent_done INTEGER NOT NULL DEFAULT 0, error_count INTEGER NOT NULL DEFAULT 0,
  restart_count INTEGER NOT NULL DEFAULT 0, create_time TEXT NOT NULL, start_time TEXT, end_time TEXT, start_error TEXT,
  start_info TEXT, starter INTEGER,
  skip_current INTEGER NOT NULL DEFAULT 0, abort_step INTEGER NOT NULL DEFAULT 0, detach_time TEXT, heartbeat INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL, user TEXT NOT NULL, attach_time TEXT NOT NULL) STRICT;
CREATE TABLE message (seq INTEGER PRIMARY KEY, time TEXT NOT NULL, content TEXT NOT NULL) STRICT;
CREATE TABLE worker (number INTEGER PRIMARY KEY, status TEXT NOT NULL) STRICT;
CREATE TABLE dump_file (number INTEGER PRIMARY KEY, status TEXT NOT NULL) STRICT;
CREATE TABLE request (seq INTEGER PRIMARY KEY AUTOINCREMENT, content TEXT NOT NULL, answer TEXT) STRICT;
CREATE TABLE export_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE told (what TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE export_state (id INTEGER PRIMARY KEY CHECK (id = 1), source_stamp TEXT, files TEXT NOT NULL, is_ended INTEGER NOT NULL) STRICT;
CREATE TABLE set_key (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL) STRICT;
CREATE TABLE begun_file (path TEXT PRIMARY KEY, identity TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE unload (seq INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT;
CREATE TABLE segment (file INTEGER NOT NULL, ordinal INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (file, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE target (schema TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE skipped (object INTEGER PRIMARY KEY) STRICT;
PRAGMA user_version = 4;`;

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
  /** Why START_JOB failed, or a run has ended that could not tell it otherwise: a PumpError as JSON. */
  readonly startError: string | null;
  /** What START_JOB has to tell although the job runs: a PumpError as JSON. */
  readonly startInfo: string | null;
  /** The session that is starting the job. */
  readonly starter: number | null;
  /** START_JOB: 1 leaves out what was being worked on when the last run ended. */
  readonly skipCurrent: number;
  /** START_JOB: -1 ends the job after its preparation, n before object number n, 0 never. */
  readonly abortStep: number;
  /** Rises while the control process lives. */
  readonly heartbeat: number;
  /** ISO timestamp from which on the sessions of a stopped job have lost it. */
  readonly detachTime: string | null;
}

/** A session that is attached to the job. */
export interface JobSession {
  readonly id: number;
  readonly pid: number;
  readonly user: string;
  /** ISO timestamp. */
  readonly attachTime: string;
}

export interface StoredMessage extends JobMessage {
  readonly seq: number;
  readonly time: string;
}

/** What a client asks of the control process. */
export type JobRequest =
  | { readonly verb: "log_entry"; readonly message: string; readonly logFileOnly: boolean }
  | { readonly verb: "set_parallel"; readonly degree: number }
  | { readonly verb: "add_file"; readonly files: readonly JobFile[] }
  | { readonly verb: "stop_worker"; readonly worker: number }
  /** `keepMaster` false: the job and what it has made so far are removed. `delay`: seconds that other sessions stay attached. */
  | { readonly verb: "stop"; readonly immediate: boolean; readonly keepMaster: boolean; readonly delay: number };

/** The end of a request: null, or the PumpError with which it failed. */
export type JobAnswer = { readonly lines: readonly ErrorLine[]; readonly hint?: string } | null;

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
  startInfo: "start_info",
  starter: "starter",
  skipCurrent: "skip_current",
  abortStep: "abort_step",
  heartbeat: "heartbeat",
  detachTime: "detach_time",
};

/**
 * The control ("master") table of one job: a SQLite file that holds all there is to know about it.
 * While the job is DEFINING its session writes it; from START_JOB on the control process is the only writer, but for requests.
 */
export class ControlTable {
  readonly path: string;
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement>();
  readonly #transaction: (writes: () => unknown) => unknown;

  private constructor(path: string, connection: Connection) {
    this.path = path;
    this.#connection = connection;
    const transaction = connection.transaction((writes: () => unknown) => writes());
    this.#transaction = (writes) => transaction.immediate(writes);
  }

  /** For the parts of the control table that only one kind of job knows. */
  get connection(): Connection {
    return this.#connection;
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
    let connection: Connection | undefined;
    try {
      connection = openDatabase(path, { mustExist: true });
      connection.pragma("synchronous = NORMAL");
      connection.prepare("SELECT state FROM job").get();
      return new ControlTable(path, connection);
    } catch (error) {
      connection?.close();
      throw pumpError([["ORA-31626"]], undefined, error);
    }
  }

  definition(): JobDefinition {
    const { definition } = this.#prepared("SELECT definition FROM job").get() as { definition: string };
    return JSON.parse(definition) as JobDefinition;
  }

  /** Replaces parts of the definition. */
  define(change: (definition: JobDefinition) => Partial<JobDefinition>): void {
    this.atomically(() => {
      const definition = this.definition();
      this.#prepared("UPDATE job SET definition = ?").run(JSON.stringify({ ...definition, ...change(definition) }));
    });
  }

  job(): JobRow {
    const columns = Object.entries(COLUMNS).map(([key, column]) => `${column} AS ${key}`);
    return this.#prepared(`SELECT ${columns.join(", ")} FROM job`).get() as JobRow;
  }

  updateJob(change: Partial<JobRow>): void {
    const entries = Object.entries(change) as [keyof JobRow, string | number | null][];
    this.#prepared(`UPDATE job SET ${entries.map(([key]) => `${COLUMNS[key]} = ?`).join(", ")}`).run(
      entries.map(([, value]) => (typeof value === "number" ? BigInt(Math.round(value)) : value)),
    );
  }

  /** Runs several writes as one commit. */
  atomically<T>(writes: () => T): T {
    return this.#transaction(writes) as T;
  }

  /** The same, and returns when a power cut can't undo it. */
  durably<T>(writes: () => T): T {
    this.#connection.pragma("synchronous = FULL");
    try {
      return this.atomically(writes);
    } finally {
      this.#connection.pragma("synchronous = NORMAL");
    }
  }

  /** Notes that something has been told in any run of the job. @returns whether it is new */
  tell(what: string): boolean {
    return this.#prepared("INSERT OR IGNORE INTO told VALUES (?)").run(what).changes > 0;
  }

  hasTold(what: string): boolean {
    return this.#prepared("SELECT 1 FROM told WHERE what = ?").get(what) !== undefined;
  }

  /** The rest of all that has been told and begins so. */
  toldAfter(beginning: string): readonly string[] {
    const sql = "SELECT substr(what, length(@b) + 1) FROM told WHERE substr(what, 1, length(@b)) = @b";
    return this.#prepared(sql).pluck().all({ b: beginning }) as string[];
  }

  appendMessage(message: JobMessage, time = new Date()): void {
    this.#prepared("INSERT INTO message (time, content) VALUES (?, ?)").run(time.toISOString(), JSON.stringify(message));
  }

  /** Sequence number of the newest message, 0 when there is none. */
  lastMessage(): number {
    return this.#prepared("SELECT coalesce(max(seq), 0) FROM message").pluck().get() as number;
  }

  /** Messages with a higher sequence number, in order. */
  messagesAfter(seq: number, limit = 1000): StoredMessage[] {
    const rows = this.#prepared("SELECT seq, time, content FROM message WHERE seq > ? ORDER BY seq LIMIT ?").all(
      BigInt(seq),
      BigInt(limit),
    ) as { seq: number; time: string; content: string }[];
    return rows.map(({ seq, time, content }) => ({ seq, time, ...(JSON.parse(content) as JobMessage) }));
  }

  setWorker(status: WorkerStatus): void {
    this.#prepared("INSERT OR REPLACE INTO worker VALUES (?, ?)").run(BigInt(status.number), JSON.stringify(status));
  }

  /** What the dump that is imported says of the job that has written it. */
  setExportFacts(facts: ReadonlyMap<string, string>): void {
    const insert = this.#prepared("INSERT OR REPLACE INTO export_fact VALUES (?, ?)");
    this.atomically(() => {
      for (const [name, value] of facts) insert.run(name, value);
    });
  }

  exportFacts(): ReadonlyMap<string, string> {
    const rows = this.#prepared("SELECT name, value FROM export_fact").raw().all() as [string, string][];
    return new Map(rows);
  }

  clearWorkers(): void {
    this.#connection.exec("DELETE FROM worker");
  }

  workers(): WorkerStatus[] {
    const rows = this.#prepared("SELECT status FROM worker ORDER BY number").all() as { status: string }[];
    return rows.map(({ status }) => JSON.parse(status) as WorkerStatus);
  }

  setDumpFile(number: number, status: DumpFileStatus): void {
    this.#prepared("INSERT OR REPLACE INTO dump_file VALUES (?, ?)").run(BigInt(number), JSON.stringify(status));
  }

  dumpFiles(): DumpFileStatus[] {
    const rows = this.#prepared("SELECT status FROM dump_file ORDER BY number").all() as { status: string }[];
    return rows.map(({ status }) => JSON.parse(status) as DumpFileStatus);
  }

  /**
   * Notes a dump file that is begun, so that it can be removed whatever becomes of the job.
   * @returns what is to be told by which identity its storage knows it; null: it was not begun.
   */
  noteBeginning(path: string): (identity: string | null) => void {
    const note = this.#prepared("INSERT OR REPLACE INTO begun_file VALUES (?, ?)");
    note.run(path, "");
    return (identity) => {
      if (identity === null) this.forgetBegunFile(path);
      else note.run(path, identity);
    };
  }

  /** How the key of an encrypted export is kept; null: the job has none. */
  setKey(): string | null {
    return (this.#prepared("SELECT content FROM set_key").pluck().get() as string | undefined) ?? null;
  }

  keepSetKey(text: string): void {
    this.#prepared("INSERT OR REPLACE INTO set_key VALUES (1, ?)").run(text);
  }

  forgetBegunFile(path: string): void {
    this.#prepared("DELETE FROM begun_file WHERE path = ?").run(path);
  }

  /** The identity is null when a process has died before it could tell it. */
  begunFiles(): readonly { readonly path: string; readonly identity: string | null }[] {
    const files = this.#prepared("SELECT path, identity FROM begun_file").all() as { path: string; identity: string }[];
    return files.map(({ path, identity }) => ({ path, identity: identity === "" ? null : identity }));
  }

  /** Adds a session and returns its number. */
  addSession(user: string): number {
    const { lastInsertRowid } = this.#prepared("INSERT INTO session (pid, user, attach_time) VALUES (?, ?, ?)").run(
      BigInt(process.pid),
      user,
      new Date().toISOString(),
    );
    return Number(lastInsertRowid);
  }

  removeSession(id: number): void {
    this.#prepared("DELETE FROM session WHERE id = ?").run(BigInt(id));
  }

  sessions(): JobSession[] {
    return this.#prepared("SELECT id, pid, user, attach_time AS attachTime FROM session ORDER BY id").all() as JobSession[];
  }

  /** Queues a request for the control process. @returns its number */
  request(request: JobRequest): number {
    const { lastInsertRowid } = this.#prepared("INSERT INTO request (content) VALUES (?)").run(JSON.stringify(request));
    return Number(lastInsertRowid);
  }

  /** Requests that have no answer yet, in order. */
  openRequests(after: number): (JobRequest & { readonly seq: number })[] {
    const rows = this.#prepared("SELECT seq, content FROM request WHERE answer IS NULL AND seq > ? ORDER BY seq").all(
      BigInt(after),
    ) as { seq: number; content: string }[];
    return rows.map(({ seq, content }) => ({ seq, ...(JSON.parse(content) as JobRequest) }));
  }

  answerRequest(seq: number, answer: JobAnswer): void {
    this.#prepared("UPDATE request SET answer = ? WHERE seq = ?").run(JSON.stringify(answer), BigInt(seq));
  }

  /** The answer to a request; undefined: not yet. */
  answer(seq: number): JobAnswer | undefined {
    const answer = this.#prepared("SELECT answer FROM request WHERE seq = ?").pluck().get(BigInt(seq)) as string | null;
    return answer === null ? undefined : (JSON.parse(answer) as JobAnswer);
  }

  /** Changes whenever another connection has committed; cheap enough to be polled. */
  dataVersion(): number {
    return this.#prepared("PRAGMA data_version").pluck().get() as number;
  }

  close(): void {
    this.#connection.close();
  }

  /** The same few statements are run over and over: to compile them takes longer than to run them. */
  #prepared(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Removes the job: connections that other processes still have go on reading the unlinked file. */
  drop(): void {
    this.close();
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(this.path + suffix, { force: true });
  }
}

/** Version of the SQLite library that runs the jobs. */
export const jobDatabaseVersion = sqliteVersion;
