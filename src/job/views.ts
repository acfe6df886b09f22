import { pumpError } from "../base/errors.ts";
import { DatabaseLinks } from "../catalog/links.ts";
import { objectPathsOf } from "../metadata/path-catalog.ts";
import { openMemory, type Connection } from "../sqlite/database.ts";
import { listJobs, type JobSummary } from "./jobs.ts";

const JOB_COLUMNS = [
  ...["owner_name", "job_name", "operation", "job_mode", "state", "degree", "attached_sessions", "datapump_sessions"],
  ...["process_id", "percent_done", "bytes_processed", "rows_processed", "error_count", "start_time"],
];
const LINK_COLUMNS = ["owner", "db_link", "username", "host", "created"];
const SESSION_COLUMNS = [
  ...["owner_name", "job_name", "inst_id", "saddr", "session_type"],
  ...["process_id", "user_name", "attach_time"],
];

/** The views of the object paths that INCLUDE and EXCLUDE can name, by the mode of the job; a TABLESPACE job has those of a TABLE job. */
const PATH_VIEWS = [
  ["database_export_objects", "FULL"],
  ["schema_export_objects", "SCHEMA"],
  ["table_export_objects", "TABLE"],
] as const;

/**
 * The views of the jobs of a database: DBA_DATAPUMP_JOBS, USER_DATAPUMP_JOBS (of the session's user, without OWNER_NAME) and
 * DBA_DATAPUMP_SESSIONS, with Oracle's columns first and then our own. They read the control tables, however many there are.
 * DATABASE_EXPORT_OBJECTS, SCHEMA_EXPORT_OBJECTS and TABLE_EXPORT_OBJECTS list object paths; DBA_DB_LINKS, ALL_DB_LINKS (those that the
 * user can use) and USER_DB_LINKS database links.
 * @throws ORA-00942 and SQLite's own words for a statement that is not one SELECT over them
 */
export function queryViews(
  home: string,
  user: string,
  sql: string,
  parameters: readonly unknown[],
): readonly Readonly<Record<string, unknown>>[] {
  const connection = openMemory();
  try {
    defineViews(connection, home, user);
    const statement = connection.prepare(sql);
    if (!statement.reader || !statement.readonly) throw new Error("only a SELECT can be run");
    return statement.all(...parameters) as Readonly<Record<string, unknown>>[];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw pumpError(
      [["ORA-00942"], ["TSDP-00010", text]],
      "The views are DBA_DATAPUMP_JOBS, USER_DATAPUMP_JOBS, DBA_DATAPUMP_SESSIONS, DBA_DB_LINKS, ALL_DB_LINKS, USER_DB_LINKS, and DATABASE_, SCHEMA_ and TABLE_EXPORT_OBJECTS.",
      error,
    );
  } finally {
    connection.close();
  }
}

/** All jobs, as the view gives them. */
export function jobsOf(home: string, user: string): readonly JobSummary[] {
  const rows = queryViews(
    home,
    user,
    `SELECT owner_name AS owner, job_name AS name, operation, job_mode AS mode, state, degree, process_id AS pid,
            attached_sessions AS attachedSessions, percent_done AS percentDone, bytes_processed AS bytes, rows_processed AS rows,
            error_count AS errorCount, start_time AS startTime
       FROM dba_datapump_jobs ORDER BY owner_name, job_name`,
    [],
  );
  return rows as unknown as readonly JobSummary[];
}

function defineViews(connection: Connection, home: string, user: string): void {
  connection.table("datapump_job", {
    columns: JOB_COLUMNS,
    *rows() {
      for (const job of listJobs(home)) yield jobRow(job);
    },
  });
  connection.table("datapump_session", {
    columns: SESSION_COLUMNS,
    *rows() {
      for (const job of listJobs(home)) yield* sessionRows(job);
    },
  });
  connection.table("dba_db_links", {
    columns: LINK_COLUMNS,
    *rows() {
      for (const { owner, name, user, database, created } of new DatabaseLinks(home).list())
        yield [owner, name, user, database, created];
    },
  });
  const [, ...own] = JOB_COLUMNS;
  connection.exec(`
    CREATE VIEW dba_datapump_jobs AS SELECT ${JOB_COLUMNS.join(", ")} FROM datapump_job;
    CREATE TABLE session_user AS SELECT NULL AS name;
    CREATE VIEW user_datapump_jobs AS
      SELECT ${own.join(", ")} FROM datapump_job WHERE owner_name = (SELECT name FROM session_user);
    CREATE VIEW all_db_links AS SELECT * FROM dba_db_links WHERE owner = (SELECT name FROM session_user);
    CREATE VIEW user_db_links AS SELECT db_link, username, host, created FROM all_db_links;
    CREATE VIEW dba_datapump_sessions AS SELECT ${SESSION_COLUMNS.join(", ")} FROM datapump_session`);
  connection.prepare("UPDATE session_user SET name = ?").run(user);
  for (const [view, mode] of PATH_VIEWS) {
    connection.table(view, {
      columns: ["object_path", "comments", "named"],
      *rows() {
        for (const { path, comments, named } of objectPathsOf(mode)) yield [path, comments, named ? "Y" : null];
      },
    });
  }
}

function jobRow(job: JobSummary & JobProcesses): unknown[] {
  const sessions = job.sessions.length + Number(job.pid !== null) + job.workers.length;
  return [
    ...[job.owner, job.name, job.operation, job.mode, job.state, job.degree, job.sessions.length, sessions],
    ...[job.pid, job.percentDone, job.bytes, job.rows, job.errorCount, job.startTime],
  ];
}

type JobProcesses = ReturnType<typeof listJobs>[number];

function* sessionRows({ owner, name, pid, sessions, workers, startTime }: JobProcesses): Generator<unknown[]> {
  for (const { id, pid: process, user, attachTime } of sessions)
    yield [owner, name, 1, String(id), "DBMS_DATAPUMP", process, user, attachTime];
  if (pid === null) return;
  yield [owner, name, 1, "MASTER", "MASTER", pid, owner, startTime];
  for (const worker of workers) yield [owner, name, 1, `DW${String(worker).padStart(2, "0")}`, "WORKER", pid, owner, startTime];
}
