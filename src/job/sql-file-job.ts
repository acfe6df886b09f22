import { pumpError, toPumpError, type ErrorLine, type PumpError, type StackEntry } from "../base/errors.ts";
import { foldName, qualifiedName } from "../base/identifiers.ts";
import { schemaFileName } from "../catalog/schemas.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { loadCodec } from "../dump/piece.ts";
import { readMaster, verifyDescriptions } from "../inspect/master.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import { objectPath, type ExportMode } from "../metadata/object-paths.ts";
import { nothingLeft } from "../metadata/select.ts";
import { scriptObjects, scriptPaths, scriptSection, type ScriptPart, type ScriptSchema } from "../metadata/sql-script.ts";
import type { DumpObject } from "../metadata/dump-object.ts";
import { BadImage } from "../sqlite/piece-image.ts";
import { proveSchema, rejectedByText, type RejectedObject } from "../sqlite/scratch.ts";
import { openPlaces } from "../storage/place-keys.ts";
import type { Storage, StorageWriter } from "../storage/storage.ts";
import { sqlFilePath } from "./definition.ts";
import { chooseFromDump, exportModeOf, type ChosenObjects } from "./import-targets.ts";
import { isOpenDatabase } from "./jobs.ts";
import type { Job, JobEnd } from "./job.ts";
import { masterTableLine, processingLine, restartingLine, startingLine } from "./log-lines.ts";
import { openSet } from "./open-set.ts";
import { assertNoDatabase, assertNoneOf } from "./output-guard.ts";
import type { JobRun } from "./run.ts";

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
    await loadCodec();
    const { definition, keyring } = this.#run;
    const set = await openSet(definition, this.#storage, keyring);
    const files = new OpenFiles(this.#storage);
    try {
      const master = await readMaster(set, files.open);
      this.#run.table.setExportFacts(master.job);
      await verifyDescriptions(set, files.open);
      await this.#plan(master);
    } finally {
      await files.close();
    }
    this.#writer = await this.#createFile(set.files.map(({ path }) => path));
  }

  async run(): Promise<"done" | "stopped"> {
    const { owner, name } = this.#run.definition;
    const command = String(this.#run.parameter("CLIENT_COMMAND") ?? "");
    this.#run.say(
      masterTableLine(owner, name),
      this.#run.restarts ? restartingLine(owner, name, command) : startingLine(owner, name, command),
    );
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

  async addFile(): Promise<void> {
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

  async #plan(master: MasterTable): Promise<void> {
    const { chosen, missing } = await chooseFromDump(this.#run.definition, master);
    this.#missing = missing;
    this.#mode = exportModeOf(master);
    // Of other schemas only rows were chosen, such as statistics.
    const made = chosen.filter(({ partial, objects }) => !partial || scriptObjects(objects).length > 0);
    if (made.length === 0) throw nothingLeft(missing);
    this.#schemas = made.map((choice) => this.#planSchema(choice, master));
    if (this.#schemas.length > 1) this.#assertTogether(this.#schemas);
  }

  /** Proven as they are going to be written, beside what else there is of their schema. */
  #planSchema({ source, target, objects, problems, untransformed, partial }: ChosenObjects, master: MasterTable): ScriptSchema {
    const { encoding } = source.settings;
    const taken = new Map(objects.map((object) => [object.id, object]));
    const own = master.objects.filter(({ schema }) => schema === source.name);
    const rejections = rejectedOf(
      own.map((object) => taken.get(object.id) ?? object),
      encoding,
    );
    const rejected = new Map(rejections.map(({ object, reason }) => [object, reason]));
    this.#problems.push(...problems, ...[...untransformed.values()].flat());
    for (const object of objects) {
      const reason = rejected.get(object);
      if (reason !== undefined) this.#problems.push(problem("ORA-39083", target, object, reason));
    }
    const proven = objects.filter((object) => !rejected.has(object));
    return { name: target, settings: partial ? null : source.settings, encoding, objects: proven };
  }

  /** Databases that are attached side by side have one encoding, and each is a file of its name. */
  #assertTogether(schemas: readonly ScriptSchema[]): void {
    const encoding = schemas[0]?.encoding;
    for (const { name } of schemas) schemaFileName(name);
    for (const schema of schemas.filter((candidate) => candidate.encoding !== encoding)) {
      const text = `the script makes schema ${schema.name} in ${String(encoding)} as its other schemas; by itself it would be in ${schema.encoding}`;
      this.#problems.push(pumpError([["TSDP-00010", text]]).lines);
    }
  }

  async #createFile(dumpFiles: readonly string[]): Promise<StorageWriter> {
    const { definition } = this.#run;
    const path = sqlFilePath(definition);
    try {
      assertNoDatabase(definition.database, path, (cause) => cause);
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
    for (const { object, reason } of losses) this.#run.report(problem("ORA-39082", schema, object, reason));
  }
}

/** What of a schema is refused; what has come without its table is held to what can be said of its text. */
function rejectedOf(objects: readonly DumpObject[], encoding: ScriptSchema["encoding"]): readonly RejectedObject[] {
  const bases = new Set(objects.filter(({ type }) => type === "table" || type === "view").map(({ name }) => foldName(name)));
  const isProvable = ({ tableName }: DumpObject) => bases.has(foldName(tableName));
  const proven = proveObjects(objects.filter(isProvable), encoding);
  proven.close();
  return [
    ...proven.rejected,
    ...rejectedByText(
      objects.filter((object) => !isProvable(object)),
      encoding,
    ),
  ];
}

function proveObjects(objects: readonly DumpObject[], encoding: ScriptSchema["encoding"]): ReturnType<typeof proveSchema> {
  try {
    return proveSchema(objects, encoding);
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    throw pumpError([["ORA-39001"], ["ORA-39000"], ["TSDP-00010", error.message]], undefined, error);
  }
}

function problem(code: "ORA-39082" | "ORA-39083", schema: string, object: DumpObject, reason: string): readonly ErrorLine[] {
  const type = `${object.objectType}:${qualifiedName(schema, object.name)}`;
  return pumpError([[code, type], { code: "TSDP-00010", text: reason }]).lines;
}

function notCreated(path: string, error: unknown): PumpError {
  const { lines, hint } = toPumpError(error);
  const causes = lines.filter(({ code }) => !["ORA-39001", "ORA-39000", "ORA-31641"].includes(code));
  return pumpError([["ORA-39002"], ["TSDP-00010", `unable to create SQL file "${path}"`], ...causes], hint, error);
}
