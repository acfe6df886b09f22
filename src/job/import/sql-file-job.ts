import { pumpError, toPumpError, type ErrorLine, type PumpError, type StackEntry } from "../../base/errors.ts";
import { schemaFileName } from "../../catalog/schemas.ts";
import { verifyDescriptions } from "../../inspect/master.ts";
import { objectPath, type ExportMode } from "../../metadata/object-paths.ts";
import { scriptPaths, scriptSection, type ScriptPart, type ScriptSchema } from "../../metadata/sql-script.ts";
import { recoverSource } from "../../sqlite/source.ts";
import { openPlaces } from "../../storage/place-keys.ts";
import type { Storage, StorageWriter } from "../../storage/storage.ts";
import { sqlFilePath } from "../definition.ts";
import { chooseSources } from "../export/export-plan.ts";
import { assertStateOfTime } from "../export/flashback.ts";
import { chooseFromDump, exportModeOf } from "./import-targets.ts";
import { isOpenDatabase } from "../jobs.ts";
import type { Job, JobEnd } from "../job.ts";
import { planLink } from "./link-plan.ts";
import { masterTableLine, processingLine, restartingLine, startingLine } from "../log-lines.ts";
import { withMaster } from "../open-set.ts";
import { assertNoDatabase, assertNoneOf } from "../output-guard.ts";
import type { JobRun } from "../run.ts";
import { planScript, scriptProblem, type ScriptOffer } from "./script-plan.ts";
import { Snapshot } from "../export/snapshot.ts";
import { isNetworkImport, sourceDatabase } from "../source-database.ts";

/** Text that is written at a time, in bytes. */
const WRITE_BYTES = 1 << 20;

/** A SQL_FILE job: the definitions that an import would make, as a script. It opens no schema; a restart begins anew. */
export class SqlFileJob implements Job {
  readonly #run: JobRun;
  readonly #storage: Storage;
  #writer: StorageWriter | null = null;
  #schemas: readonly ScriptSchema[] = [];
  #mode: ExportMode = "SCHEMA";
  #missing: readonly StackEntry[] = [];
  readonly #problems: (readonly ErrorLine[])[] = [];

  constructor(run: JobRun) {
    this.#run = run;
    this.#storage = openPlaces(run.places, isOpenDatabase);
  }

  get startInfo(): readonly ErrorLine[] {
    return this.#missing.flatMap((entry) => pumpError([entry]).lines);
  }

  async start(): Promise<void> {
    if (isNetworkImport(this.#run.definition)) return this.#readLink();
    const { definition, keyring } = this.#run;
    const paths = await withMaster(definition, this.#storage, keyring, async (master, set, files) => {
      this.#run.table.setExportFacts(master.job);
      await verifyDescriptions(set, files.open);
      this.#take({ ...(await chooseFromDump(definition, master)), master });
      return set.files.map(({ path }) => path);
    });
    this.#writer = await this.#createFile(paths);
  }

  async run(): Promise<"done" | "stopped"> {
    const { owner, name } = this.#run.definition;
    const command = String(this.#run.parameter("CLIENT_COMMAND") ?? "");
    if (!isNetworkImport(this.#run.definition)) this.#run.say(masterTableLine(owner, name));
    this.#run.say(this.#run.restarts ? restartingLine(owner, name, command) : startingLine(owner, name, command));
    // Every run writes the script from its beginning.
    if (this.#run.restarts) this.#run.beginAnew();
    for (const entry of this.#missing) this.#run.report(pumpError([entry]).lines);
    for (const path of scriptPaths(this.#schemas.flatMap(({ objects }) => objects)))
      this.#run.say(processingLine(objectPath(this.#mode, path)));
    for (const lines of this.#problems) this.#run.report(lines);
    await this.#write();
    if (this.#run.isStopping) return "stopped";
    await this.#writer?.end();
    await this.#writer?.publish();
    return "done";
  }

  async setDegree(): Promise<void> {
    return this.#refuse("PARALLEL");
  }

  async addFiles(): Promise<void> {
    return this.#refuse("DUMPFILE");
  }

  stopWorker(worker: number): void {
    throw pumpError([["ORA-39001"], ["ORA-39207", String(worker), "WORKER_ID"]]);
  }

  async close(end: JobEnd): Promise<void> {
    if (end !== "done") await this.#writer?.discard();
  }

  async #refuse(parameter: string): Promise<void> {
    return Promise.reject(pumpError([["ORA-39002"], ["ORA-39208", parameter, this.#run.definition.operation]]));
  }

  #take({ chosen, missing, master }: ScriptOffer): void {
    const { schemas, problems } = planScript({ chosen, missing, master });
    this.#missing = missing;
    this.#mode = exportModeOf(master);
    this.#schemas = schemas;
    this.#problems.push(...problems);
  }

  /** Definitions of the schemas that a link leads to, in one state. */
  async #readLink(): Promise<void> {
    const { definition } = this.#run;
    const sources = chooseSources(definition);
    assertStateOfTime(definition, sources.sources);
    for (const { schema, path } of sources.sources) recoverSource(schema, path);
    const snapshot = await Snapshot.take(sources.sources, []);
    try {
      const { plan, ...offer } = await planLink(definition, sources, snapshot, new Map());
      this.#problems.push(...plan.problems);
      this.#take(offer);
    } finally {
      snapshot.close();
    }
    this.#writer = await this.#createFile([]);
  }

  async #createFile(dumpFiles: readonly string[]): Promise<StorageWriter> {
    const { definition } = this.#run;
    const path = sqlFilePath(definition);
    try {
      for (const database of new Set([definition.database, sourceDatabase(definition).database]))
        assertNoDatabase(database, path, (cause) => cause);
      assertNoneOf(dumpFiles, path);
      return await this.#storage.create(path, { reuse: true, owner: definition.guid.slice(0, 8) });
    } catch (error) {
      throw notCreated(path, error);
    }
  }

  async #write(): Promise<void> {
    let parts: Buffer[] = [];
    let bytes = 0;
    for (const part of this.#parts()) {
      parts.push(part);
      bytes += part.length;
      if (bytes < WRITE_BYTES) continue;
      if (this.#run.isStopping) return;
      await this.#writer?.write(parts);
      [parts, bytes] = [[], 0];
    }
    await this.#writer?.write(parts);
  }

  *#parts(): Generator<Buffer> {
    for (const schema of this.#schemas) {
      const file = this.#schemas.length > 1 ? schemaFileName(schema.name) : null;
      for (const { bytes, losses } of scriptSection(schema, this.#mode, file)) {
        this.#report(schema.name, losses);
        yield bytes;
      }
    }
  }

  #report(schema: string, losses: ScriptPart["losses"]): void {
    for (const { object, reason } of losses) this.#run.report(scriptProblem("ORA-39082", schema, object, reason));
  }
}

function notCreated(path: string, error: unknown): PumpError {
  const { lines, hint } = toPumpError(error);
  const causes = lines.filter(({ code }) => !["ORA-39001", "ORA-39000", "ORA-31641"].includes(code));
  return pumpError([["ORA-39002"], ["TSDP-00010", `unable to create SQL file "${path}"`], ...causes], hint, error);
}
