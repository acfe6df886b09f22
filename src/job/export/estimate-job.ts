import { EncryptedColumns } from "../../catalog/encrypted-columns.ts";
import { homeFolder } from "../../catalog/home.ts";
import { pumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";
import { objectPath, type ExportMode } from "../../metadata/object-paths.ts";
import { recoverSource } from "../../sqlite/source.ts";
import { contentOf } from "../content.ts";
import { dataRemapsOf } from "../data-remaps.ts";
import { chooseEncryption } from "./export-encryption.ts";
import { estimateExport, estimateMethod, fallbackLines, type Estimate } from "./export-estimate.ts";
import { chooseSources, planExport } from "./export-plan.ts";
import { assertStateOfTime } from "./flashback.ts";
import type { Job } from "../job.ts";
import {
  estimatedLine,
  estimatedObjectsLine,
  estimateHeadLine,
  estimateTotalLine,
  processingLine,
  restartingLine,
  startingLine,
  startupLine,
} from "../log-lines.ts";
import type { JobRun } from "../run.ts";
import { Snapshot } from "./snapshot.ts";

/** ESTIMATE_ONLY: an export that says how large its rows would be and writes no dump file. */
export class EstimateJob implements Job {
  readonly #run: JobRun;
  #missing: readonly StackEntry[] = [];
  #problems: readonly (readonly ErrorLine[])[] = [];
  #estimates: readonly Estimate[] = [];
  #startup = 0;
  #seconds = 0;

  constructor(run: JobRun) {
    this.#run = run;
  }

  get startInfo(): readonly ErrorLine[] {
    return this.#missing.flatMap((entry) => pumpError([entry]).lines);
  }

  async start(): Promise<void> {
    const { definition, keyring } = this.#run;
    const marks = new EncryptedColumns(homeFolder(definition.database)).list();
    const encryption = chooseEncryption(definition, keyring, marks.length > 0);
    const chosen = chooseSources(definition);
    assertStateOfTime(definition, chosen.sources);
    for (const { schema, path } of chosen.sources) recoverSource(schema, path);
    const snapshot = await Snapshot.take(chosen.sources, []);
    try {
      const plan = planExport(chosen, snapshot, contentOf(definition), {
        marks,
        remaps: dataRemapsOf(definition),
        keepsApart: encryption?.what === "ENCRYPTED_COLUMNS_ONLY",
      });
      this.#missing = chosen.missing;
      this.#problems = plan.problems;
      this.#startup = this.#run.secondsOfStep();
      this.#estimates = estimateExport(plan, snapshot, estimateMethod(definition));
      this.#seconds = this.#run.secondsOfStep();
    } finally {
      snapshot.close();
    }
  }

  async run(): Promise<"done"> {
    const { definition, restarts } = this.#run;
    const { owner, name } = definition;
    const command = String(this.#run.parameter("CLIENT_COMMAND") ?? "");
    const method = estimateMethod(definition);
    const total = this.#estimates.reduce((sum, { bytes }) => sum + bytes, 0);
    const path = objectPath(definition.mode as ExportMode, "TABLE/TABLE_DATA");
    this.#run.say(restarts ? restartingLine(owner, name, command) : startingLine(owner, name, command));
    if (restarts) this.#run.beginAnew();
    this.#run.measure(1, startupLine(this.#startup));
    this.#run.say(estimateHeadLine(method), this.#run.ofWorker(1, processingLine(path)));
    this.#run.measure(1, estimatedObjectsLine(this.#estimates.length, this.#seconds));
    for (const entry of this.#missing) this.#run.report(pumpError([entry]).lines);
    for (const lines of this.#problems) this.#run.report(lines);
    this.#run.say(
      ...this.#estimates.map(({ object, bytes }) => estimatedLine(object.schema, object.name, bytes)),
      ...fallbackLines(this.#estimates, method),
      estimateTotalLine(method, total),
    );
    return Promise.resolve("done");
  }

  /** There are no workers. */
  async setDegree(): Promise<void> {
    return Promise.resolve();
  }

  async addFiles(): Promise<void> {
    return Promise.reject(pumpError([["ORA-39002"], ["ORA-39201"]]));
  }

  stopWorker(worker: number): void {
    throw pumpError([["ORA-39001"], ["ORA-39207", String(worker), "WORKER_ID"]]);
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}
