import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseConnectString, type ConnectIdentity } from "../catalog/connect-string.ts";
import { homeFolder } from "../catalog/home.ts";
import { Users } from "../catalog/users.ts";
import { openMasterKeys } from "../catalog/wallet.ts";
import { pumpError } from "../base/errors.ts";
import { foldName } from "../base/identifiers.ts";
import type { JobDefinition } from "../job/definition.ts";
import type { DryRun } from "../job/dry-run/dry-run.ts";
import { runDryRun } from "../job/dry-run/dry-run-process.ts";
import { attachJob, onlyJob, operationOf } from "../job/jobs.ts";
import { placeKeysOf, removalKeysOf } from "../job/place-access.ts";
import { secretsOf } from "../job/secrets.ts";
import type { JobState } from "../job/states.ts";
import type { Attachment, StoppedJob } from "./attachment.ts";
import { KU } from "./constants.ts";
import { DatabaseSession } from "./database-session.ts";
import { assertReachable, isGivenAgain, queriesOf } from "./dump-urls.ts";
import { dataRemap } from "./data-remap.ts";
import { dumpfileInfo } from "./dumpfile-info.ts";
import { addFile, type FileArguments } from "./files.ts";
import { dataFilter } from "./data-filters.ts";
import { metadataFilter } from "./filters.ts";
import { metadataRemap } from "./remaps.ts";
import { metadataTransform } from "./transforms.ts";
import { jobEnd, nextStatus } from "./follow.ts";
import { assertApplicable } from "./inapplicable.ts";
import { openJob } from "./open.ts";
import { assertDryRun, assertStartable, checkSecret, setParallel, setParameter } from "./parameters.ts";
import { assertMayAttach, assertMayFilter, assertMayOpen, assertMayRemap } from "./privileges.ts";
import { invalidArgument, notSupported } from "./refusals.ts";
import { rejecting, Session } from "./session.ts";
import type { DumpfileInfo, StatusReport } from "./status-types.ts";

export interface ConnectOptions {
  /** The client's current directory: DATA_PUMP_DIR until someone redefines it, and where relative paths start. */
  readonly currentDirectory?: string;
  /**
   * The session starts no job: those that it defines are kept in a temporary folder of its own, and `dryRun` says what they would do.
   * Nothing is written into the database or its catalog by them.
   */
  readonly dryRun?: boolean;
  /** Gives the password of a user who has one when the connect string holds none; null: none. */
  readonly password?: () => Promise<string | null>;
}

/**
 * Opens a session on a database: `[user[/password]@]database`, where the database is a folder of SQLite files or one SQLite file.
 * Without a text it is `$TSDP_DATABASE`, else the current directory, as SYSTEM. Nothing is written before the first job.
 * @throws ORA-12154 when there is no such database; once it has users, ORA-01017 and ORA-28000 for who may not connect.
 */
export async function connect(connectString?: string, options: ConnectOptions = {}): Promise<DataPump> {
  return rejecting(async () => {
    const currentDirectory = resolve(options.currentDirectory ?? ".");
    const identity = parseConnectString(connectString, currentDirectory);
    await new Users(homeFolder(identity.database)).authenticate(identity, options.password);
    return new DataPump(identity, currentDirectory, options.dryRun === true);
  });
}

/**
 * One session on a database, with the procedures of DBMS_DATAPUMP. Arguments are positional as in PL/SQL, null is NULL.
 * Every procedure rejects with a PumpError: ORA-31623 for a handle that this session does not have, ORA-39004 for a call that
 * the job's state does not allow (seed, Table 6-1). Its stack can also be fetched with `getStatus(handle, KU.STATUS_JOB_ERROR, 0)`.
 */
export class DataPump extends DatabaseSession {
  readonly #session = new Session();
  /** Where the jobs of a session are that starts none; null for any other. */
  readonly #dryRunHome: string | null;

  /** Use `connect`. */
  constructor(identity: ConnectIdentity, currentDirectory: string, isDryRun = false) {
    super(identity, currentDirectory);
    this.#dryRunHome = isDryRun ? mkdtempSync(join(tmpdir(), "tsdp-dry-run-")) : null;
  }

  /**
   * Makes a new job and returns its handle.
   * @param operation EXPORT, IMPORT or SQL_FILE: a script of the definitions that an import would make.
   * @param jobMode FULL, SCHEMA, TABLE or TABLESPACE; null means FULL unless the job is an export.
   * @param remoteLink a database link: its database is the source, of an export or of an import without dump files; null: none.
   * @param jobName printable characters, at most 128 bytes in UTF-8, case kept; null: `SYS_EXPORT_SCHEMA_01` and so on.
   * @param version COMPATIBLE or LATEST; of an export also 1.0 or 1.1, a version of the dump file format.
   * @throws ORA-39001 for a bad argument, ORA-31634 when the job exists, ORA-31631 for a job that is about more than the user may work
   * on; its stack is at `getStatus(null, KU.STATUS_JOB_ERROR)`.
   */
  async open(
    operation: string,
    jobMode: string | null,
    remoteLink: string | null = null,
    jobName: string | null = null,
    version = "COMPATIBLE",
  ): Promise<number> {
    const { user, database } = this;
    return this.#session.open(user, () => {
      assertMayOpen(this.privileges, operation, jobMode, remoteLink);
      return openJob({ operation, jobMode, remoteLink, jobName, version, user, database, home: this.#dryRunHome ?? this.home });
    });
  }

  /**
   * Attaches to a job and returns a handle; messages of the job come from now on. A job that is not running becomes IDLING.
   * @param jobName null: the only job of the owner that is DEFINING, EXECUTING or IDLING; when none is, the only one that is NOT RUNNING.
   * @param jobOwner null: the user of the session. To the jobs of others may attach who has the role that goes with the
   * operation, DATAPUMP_EXP_FULL_DATABASE or DATAPUMP_IMP_FULL_DATABASE; only their owners start them.
   * @throws ORA-31626 when there is no such job, ORA-31630 when the name can't be left out, ORA-31631 for the job of another user,
   * ORA-31636 when this session is attached already, ORA-39002 when the job can't go on.
   */
  async attach(jobName: string | null = null, jobOwner: string | null = null): Promise<number> {
    return this.#session.open(this.user, () => {
      const owner = jobOwner === null || jobOwner === "" ? this.user : jobOwner;
      const named = jobName === null || jobName === "" ? null : jobName;
      assertMayAttach(this.privileges, owner, named === null ? undefined : operationOf(this.home, owner, named));
      const name = named ?? onlyJob(this.home, owner);
      this.#session.assertNotAttached(owner, name);
      return attachJob(this.home, owner, name, this.user);
    });
  }

  /**
   * Adds a dump file, the log file, or the script of a SQL_FILE job.
   * @param filename a name without a path; `.dmp`, `.log` or `.sql` is added to a name without an extension. In the name of a dump file `%U`
   * (01 to 99) and `%L` (01 to 2147483646) make it a template of many; `%D %M %Y %T` are the date of an export. Of a dump file in an
   * object store, its URL: `https://...` or `s3://...`.
   * @param directory a directory object; of a dump file in an object store a credential, or null for an `s3://` URL with the
   * credentials of the environment, and for a pre-authenticated URL of an import. Null for a dump file of a job that has been started:
   * where its last one is.
   * @param filesize largest size of each dump file of an export, `40KB` to `16TB`: a number with B, K, KB, M, MB and so on; null: no limit.
   * @param filetype KU.FILE_TYPE_DUMP_FILE, KU.FILE_TYPE_URIDUMP_FILE, KU.FILE_TYPE_LOG_FILE or KU.FILE_TYPE_SQL_FILE.
   * @param reusefile 1 overwrites an existing dump file, null and 0 don't; a log file and a script are always overwritten.
   */
  async addFile(
    handle: number,
    filename: string | null,
    directory: string | null,
    filesize: string | null = null,
    filetype: number = KU.FILE_TYPE_DUMP_FILE,
    reusefile: number | null = null,
  ): Promise<void> {
    return this.addFiles(handle, [{ filename, directory, filesize, filetype, reusefile }]);
  }

  /** ADD_FILE of several files: all are added, or none. @throws as `addFile` */
  async addFiles(handle: number, files: readonly FileArguments[]): Promise<void> {
    const known = { directories: this.grantedDirectories, credentials: this.credentialObjects };
    return this.#session.call(handle, "ADD_FILE", async (attachment) => {
      const { state } = attachment.row();
      const places = { ...known, isStarted: state !== "DEFINING" };
      const definition = attachment.table.definition();
      const given = files.map((file) => {
        const isUrl = file.filetype === KU.FILE_TYPE_URIDUMP_FILE;
        return { file, queries: isUrl ? queriesOf(definition, file.filename ?? "") : {} };
      });
      const further = given.filter(({ queries }) => state !== "IDLING" || !isGivenAgain(definition, queries));
      const change = (before: JobDefinition) =>
        further.reduce((changed, { file }) => ({ ...changed, ...addFile(changed, file, places) }), before);
      if (further.length > 0) await addTo(attachment, state, change);
      for (const { queries } of given) attachment.queries = { ...attachment.queries, ...queries };
    });
  }

  /**
   * Selects objects. All filters of a job hold together, but for several INCLUDE_PATH ones, which add up.
   * @param name SCHEMA_EXPR, NAME_EXPR, TABLESPACE_EXPR, INCLUDE_PATH_EXPR, EXCLUDE_PATH_EXPR, or _LIST in place of _EXPR; in mode TABLE
   * also TABLE_FILTER, VIEWS_AS_TABLES and EXCLUDE_TABLES.
   * @param value `_EXPR`: the right-hand side of a predicate, as in `IN ('HR')`, or `NOT (...)` around one; `_LIST`: quoted names;
   * TABLE_FILTER and VIEWS_AS_TABLES: `HR.JOBS,...`; EXCLUDE_TABLES: any text.
   * @param objectPath null, or with a NAME filter the object path whose names are meant, such as INDEX; without it TABLE.
   */
  async metadataFilter(handle: number, name: string, value: string, objectPath: string | null = null): Promise<void> {
    return this.#session.define(handle, "METADATA_FILTER", (definition) => metadataFilter(definition, name, value, objectPath));
  }

  /** Gives objects another place on import: REMAP_SCHEMA with the schema of the dump and the one to load into. */
  async metadataRemap(
    handle: number,
    name: string,
    oldValue: string,
    value: string,
    objectType: string | null = null,
  ): Promise<void> {
    return this.#session.define(handle, "METADATA_REMAP", (definition) => {
      const change = metadataRemap(definition, name, oldValue, value, objectType);
      assertMayRemap(this.privileges, definition, name, value);
      return change;
    });
  }

  /**
   * Changes what an import makes. Of the file of a new schema: SEGMENT_ATTRIBUTES and STORAGE (0: SQLite's defaults instead of what the
   * source had), PAGE_SIZE (bytes), AUTO_VACUUM (NONE, FULL, INCREMENTAL).
   */
  async metadataTransform(handle: number, name: string, value: string | number, objectType: string | null = null): Promise<void> {
    return this.#session.define(handle, "METADATA_TRANSFORM", (definition) =>
      metadataTransform(definition, name, value, objectType),
    );
  }

  /**
   * Selects rows: INCLUDE_ROWS with 0 moves metadata only; SUBQUERY is a clause `[WHERE condition] [ORDER BY terms]` of a table, or of all
   * that have none of their own; SAMPLE a percentage of its rows, the same ones under the same SAMPLE_SEED. A schema that is not named is
   * any.
   */
  async dataFilter(
    handle: number,
    name: string,
    value: string | number,
    tableName: string | null = null,
    schemaName: string | null = null,
  ): Promise<void> {
    return this.#session.define(handle, "DATA_FILTER", (definition) => {
      const change = dataFilter(definition, name, value, tableName, schemaName);
      assertMayFilter(this.privileges, definition, schemaName);
      return change;
    });
  }

  /**
   * Has a function replace the values of a column, as rows are read. See docs/masking.md for the functions.
   * @param name COLUMN_FUNCTION.
   * @param remapFunction `package.function`, such as MASK.HASH, one for each column. Any other package than MASK is a module of the
   * folder that the directory object REMAP_DATA_DIR names.
   * @param schema null: the default schema.
   */
  async dataRemap(
    handle: number,
    name: string,
    tableName: string,
    column: string,
    remapFunction: string,
    schema: string | null = null,
    flags = 0,
  ): Promise<void> {
    const remap = { tableName, column, remapFunction, schema, flags };
    // Table 6-1 has no row for DATA_REMAP; like the other remaps it belongs to the definition.
    return this.#session.define(handle, "METADATA_REMAP", (definition) =>
      dataRemap(definition, name, remap, this.grantedDirectories),
    );
  }

  /**
   * Sets a job parameter: CHECKSUM, CHECKSUM_ALGORITHM, COMPRESSION, COMPRESSION_ALGORITHM, ENCRYPTION, ENCRYPTION_ALGORITHM,
   * ENCRYPTION_MODE, ENCRYPTION_PASSWORD, VERIFY_CHECKSUM, VERIFY_ONLY, TABLE_EXISTS_ACTION, KEEP_MASTER, INCLUDE_METADATA,
   * CLIENT_COMMAND, REMAP_DATA_KEY. ENCRYPTION_PASSWORD and REMAP_DATA_KEY stay in this session until START_JOB and are nowhere
   * written down; a job that is started again needs them again.
   */
  async setParameter(handle: number, name: string | null, value: string | number): Promise<void> {
    const secret = secretOf(name ?? "");
    const procedure = secret === undefined ? "SET_PARAMETER" : "SET_PASSWORD";
    return this.#session.call(handle, procedure, (attachment) => {
      if (attachment.row().state === "IDLING") checkSecret(attachment.table.definition(), name, value);
      else attachment.define(procedure, (definition) => setParameter(definition, name, value));
      if (secret !== undefined) attachment[secret] = String(value);
    });
  }

  /**
   * Sets the number of workers, 1 to 64; without this call it is the number of cores, at most 4. Of a running job it changes at once;
   * workers that are too many end after their item.
   */
  async setParallel(handle: number, degree: number): Promise<void> {
    return this.#session.call(handle, "SET_PARALLEL", async (attachment) => {
      const change = setParallel(attachment.table.definition(), degree);
      if (attachment.row().state === "EXECUTING") await attachment.ask({ verb: "set_parallel", degree });
      else attachment.define("SET_PARALLEL", () => change);
    });
  }

  /**
   * Starts the job in a control process of its own, which outlives this session, and returns when it is EXECUTING.
   * An IDLING job goes on where it ended.
   * @param skipCurrent 1 leaves out, of an import that is started again, the objects that were being worked on.
   * @param abortStep -1 ends the job after its preparation, n before object number n; 0 never.
   * @param clusterOk, serviceName there are no clusters: other values than the defaults are refused.
   * @throws ORA-31627 when the job runs and `getStatus(handle, KU.STATUS_JOB_ERROR)` has more to say; ORA-39001 or ORA-39002
   * with the reasons when it does not run: it is then as before.
   */
  async startJob(
    handle: number,
    skipCurrent = 0,
    abortStep = 0,
    clusterOk = 1,
    serviceName: string | null = null,
  ): Promise<void> {
    return this.#session.call(handle, "START_JOB", async (attachment) => {
      if (this.#dryRunHome !== null)
        throw pumpError([["ORA-39002"]], "This session starts no job: it was connected for dry runs.");
      if (!Number.isInteger(abortStep) || abortStep < -1) throw invalidArgument(["ORA-39207", String(abortStep), "ABORT_STEP"]);
      if (clusterOk !== 1) assertApplicable("argument", "CLUSTER_OK");
      if (serviceName !== null) assertApplicable("argument", "SERVICE_NAME");
      assertStartable(attachment.table.definition());
      const places = await placeKeysOf(this.home, attachment.table.definition(), attachment.queries);
      await attachment.start(skipCurrent !== 0, abortStep, await openMasterKeys(this.home), places);
    });
  }

  /**
   * What the job would take, leave out and report if it were started, with the rows and bytes of tables: estimated for an export, as the
   * dump states them for an import. Only for a session that starts no job.
   * @throws ORA-39001 or ORA-39002 with the reasons for which `startJob` would not start it
   */
  async dryRun(handle: number): Promise<DryRun> {
    return this.#session.call(handle, "START_JOB", async (attachment) => {
      if (this.#dryRunHome === null) throw pumpError([["ORA-39002"]], "Connect with the option dryRun.");
      const definition = attachment.table.definition();
      assertStartable(definition);
      assertDryRun(definition);
      const places = await placeKeysOf(this.home, definition, attachment.queries);
      const keyring = { password: attachment.password, masterKeys: await openMasterKeys(this.home) };
      return runDryRun(definition, secretsOf(keyring, places));
    });
  }

  /**
   * Stops a job, so that it can be started again, and gives the handle up. Returns when the job has begun to stop; with `immediate`
   * when it has stopped. A job that does not run is only detached from, unless it is to be removed; a start that
   * is under way is called off.
   * @param immediate 0: workers finish their item; else they are not waited for, and their items are done again.
   * @param keepMaster 0: the job is removed with all that it has made so far; null and else: it can be started again.
   * @param delay seconds for which other sessions stay attached.
   * @returns what has become of the job: with `immediate` it may have COMPLETED all the same.
   * @throws ORA-39004 with ORA-39016 when it is COMPLETING, or over
   */
  async stopJob(handle: number, immediate = 0, keepMaster: number | null = null, delay = 60): Promise<StoppedJob> {
    return this.#session.call(handle, "STOP_JOB", async (attachment) => {
      if (!(delay >= 0)) throw invalidArgument(["ORA-39207", String(delay), "DELAY"]);
      const places = () => removalKeysOf(this.home, attachment.table.definition());
      const stopped = await attachment.stop(immediate !== 0, keepMaster !== 0, delay, places);
      this.#session.detach(handle);
      return stopped;
    });
  }

  /**
   * Has one worker of a running job end after its item; the others go on.
   * @throws ORA-39001 when it is not working, or the only one
   */
  async stopWorker(handle: number, workerId: number, skipCurrent = 0): Promise<void> {
    return this.#session.call(handle, "STOP_WORKER", async (attachment) => {
      if (skipCurrent !== 0) throw notSupported("STOP_WORKER with SKIP_CURRENT");
      await attachment.ask({ verb: "stop_worker", worker: workerId });
    });
  }

  /**
   * What the job is doing. Job description and job status are read when the call returns; messages (WIP, JOB_ERROR) come from the
   * queue of this handle, in order, one a call and each once. The final state is reported when the asked-for messages are read.
   * @param handle null: the stack of the session's last failed OPEN.
   * @param mask sum of KU.STATUS_WIP, STATUS_JOB_DESC, STATUS_JOB_STATUS and STATUS_JOB_ERROR.
   * @param timeout seconds to wait for a message; null or 0: not at all, -1: until there is one or the job is over.
   * @throws ORA-31626 when the control process has died.
   */
  async getStatus(handle: number | null, mask: number, timeout: number | null = null): Promise<StatusReport> {
    return this.#session.status(handle, mask, async (attachment) => nextStatus(attachment, mask, timeout));
  }

  /**
   * Waits until the job is over and gives the handle up. Resolves to COMPLETED, also when errors were counted, or STOPPED.
   * @throws ORA-31626 when the control process has died; the handle stays.
   */
  async waitForJob(handle: number): Promise<JobState> {
    return this.#session.call(handle, "WAIT_FOR_JOB", async (attachment) => {
      const state = await jobEnd(attachment);
      this.#session.detach(handle);
      return state;
    });
  }

  /** Adds a line to the log file; the attached sessions see it too unless `logFileOnly` is not 0. */
  async logEntry(handle: number, message: string, logFileOnly = 0): Promise<void> {
    return this.#session.call(handle, "LOG_ENTRY", ({ table }) => {
      table.request({ verb: "log_entry", message, logFileOnly: logFileOnly !== 0 });
    });
  }

  /** Gives the handle up. A running job goes on; a job that was never started is removed. */
  async detach(handle: number): Promise<void> {
    return this.#session.call(handle, "DETACH", () => {
      this.#session.detach(handle);
    });
  }

  /**
   * What a dump file says about itself; needs no job.
   * @param filename a name, a path, or a URL of an object store.
   * @param directory a directory object, or null: `filename` is a path of the client; for a URL a credential, or null.
   * @throws ORA-39211 with the causes.
   */
  async getDumpfileInfo(filename: string, directory: string | null): Promise<DumpfileInfo> {
    const { user, home, grantedDirectories: directories, currentDirectory } = this;
    return rejecting(async () => dumpfileInfo(filename, directory, { user, home, directories, currentDirectory }));
  }

  /** Ends the session: gives all its handles up. */
  async close(): Promise<void> {
    return rejecting(() => {
      this.#session.close();
      if (this.#dryRunHome !== null) rmSync(this.#dryRunHome, { recursive: true, force: true });
    });
  }
}

/** To a job that runs only its control process adds files. */
async function addTo(
  attachment: Attachment,
  state: JobState,
  change: (definition: JobDefinition) => Partial<JobDefinition>,
): Promise<void> {
  const definition = attachment.table.definition();
  const added = (change(definition).files ?? []).slice(definition.files.length);
  if (state !== "DEFINING" && (added.some(({ type }) => type !== "dump") || definition.operation !== "EXPORT"))
    throw pumpError([["ORA-39004"], ["ORA-39016", state]]);
  if (state !== "EXECUTING") {
    attachment.define("ADD_FILE", change);
    return;
  }
  for (const file of added) assertReachable(definition, file);
  await attachment.ask({ verb: "add_file", files: added });
}

/** Where the session keeps what is not written down. */
function secretOf(name: string): "password" | "remapKey" | undefined {
  switch (foldName(name)) {
    case "encryption_password":
      return "password";
    case "remap_data_key":
      return "remapKey";
    default:
      return undefined;
  }
}
