import { pumpError } from "../base/errors.ts";
import { Privileges } from "../catalog/privileges.ts";
import { objectPathsOf } from "../metadata/path-catalog.ts";
import { openMemory, type Connection } from "../sqlite/database.ts";
import { allViews, ownViews, type ViewSession } from "./catalog-views.ts";
import { listJobs, type JobSummary } from "./jobs.ts";

export type { ViewSession } from "./catalog-views.ts";

const JOB_COLUMNS = [
  ...["owner_name", "job_name", "operation", "job_mode", "state", "degree", "attached_sessions", "datapump_sessions"],
  ...["process_id", "percent_done", "bytes_processed", "rows_processed", "error_count", "start_time"],
];
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
 * DATABASE_EXPORT_OBJECTS, SCHEMA_EXPORT_OBJECTS and TABLE_EXPORT_OBJECTS list object paths; the views of `catalog-views.ts` what the
 * catalog holds. The DBA_ ones are there for who has one of the roles of Data Pump.
 * @throws ORA-00942 and SQLite's own words for a statement that is not one SELECT over them
 */
export function queryViews(
  session: ViewSession,
  sql: string,
  parameters: readonly unknown[],
): readonly Readonly<Record<string, unknown>>[] {
  const connection = openMemory();
  try {
    defineViews(connection, session);
    const statement = connection.prepare(sql);
    if (!statement.reader || !statement.readonly) throw new Error("only a SELECT can be run");
    return statement.all(...parameters) as Readonly<Record<string, unknown>>[];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw pumpError(
      [["ORA-00942"], ["TSDP-00010", text]],
      `The views are USER_DATAPUMP_JOBS, ${[...Object.keys(ownViews(session)), ...PATH_VIEWS.map(([view]) => view)].join(", ").toUpperCase()}; for who has a role of Data Pump also DBA_DATAPUMP_JOBS, DBA_DATAPUMP_SESSIONS, ${Object.keys(allViews(session)).join(", ").toUpperCase()}.`,
      error,
    );
  } finally {
    connection.close();
  }
}

/** The jobs that the user may see, as the view gives them. */
export function jobsOf(session: ViewSession): readonly JobSummary[] {
  const rows = queryViews(
    session,
    `SELECT owner_name AS owner, job_name AS name, operation, job_mode AS mode, state, degree, process_id AS pid,
            attached_sessions AS attachedSessions, percent_done AS percentDone, bytes_processed AS bytes, rows_processed AS rows,
            error_count AS errorCount, start_time AS startTime
       FROM datapump_job ORDER BY owner_name, job_name`,
    [],
  );
  return rows as unknown as readonly JobSummary[];
}

function defineViews(connection: Connection, session: ViewSession): void {
  const { home, user } = session;
  const seesAll = Privileges.of(home, user).mayReadCatalog;
  const jobs = () => listJobs(home).filter(({ owner }) => seesAll || owner === user);
  connection.table("datapump_job", {
    columns: JOB_COLUMNS,
    *rows() {
      for (const job of jobs()) yield jobRow(job);
    },
  });
  connection.table("datapump_session", {
    columns: SESSION_COLUMNS,
    *rows() {
      for (const job of jobs()) yield* sessionRows(job);
    },
  });
  const [, ...own] = JOB_COLUMNS;
  connection.exec(`
    CREATE TABLE session_user AS SELECT NULL AS name;
    CREATE VIEW user_datapump_jobs AS
      SELECT ${own.join(", ")} FROM datapump_job WHERE owner_name = (SELECT name FROM session_user)`);
  connection.prepare("UPDATE session_user SET name = ?").run(user);
  if (seesAll)
    connection.exec(`
      CREATE VIEW dba_datapump_jobs AS SELECT ${JOB_COLUMNS.join(", ")} FROM datapump_job;
      CREATE VIEW dba_datapump_sessions AS SELECT ${SESSION_COLUMNS.join(", ")} FROM datapump_session`);
  for (const [name, { columns, rows }] of Object.entries({ ...ownViews(session), ...(seesAll ? allViews(session) : {}) })) {
    connection.table(name, {
      columns: [...columns],
      *rows() {
        for (const row of rows()) yield [...row];
      },
    });
  }
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
