import { pumpError } from "../../base/errors.ts";
import { qualifiedName, quoteIdentifier } from "../../base/identifiers.ts";
import { failpoint } from "../../base/failpoint.ts";
import { isSystemTable } from "../../metadata/dump-object.ts";
import { pathTail, viewKeys, type ObjectPathTail } from "../../metadata/object-paths.ts";
import type { PublishEvent } from "../../sqlite/publish-plan.ts";
import type { CheckedTables } from "../../sqlite/target.ts";
import { BadFile } from "./bad-file.ts";
import type { Crew } from "../crew.ts";
import { rowsText, type LoadedRows, type SchemaWork } from "./import-loading.ts";
import type { TableLoad } from "./import-plan.ts";
import { PathTimes } from "./path-times.ts";
import { outcomeErrors } from "./outcome-lines.ts";
import { rowsLine } from "../log-lines.ts";
import type { JobMessage } from "../definition.ts";
import type { JobRun } from "../run.ts";
import type { WorkerBoard } from "../worker-board.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** Makes what is loaded visible, schema by schema, checks it, and gives new schemas their names. */
export class Publishing {
  readonly #run: JobRun;
  readonly #crew: Crew;
  readonly #board: WorkerBoard;
  readonly #loading: LoadedRows;
  readonly #paths = new Map<SchemaWork, ReadonlyMap<string, ObjectPathTail>>();
  readonly #times = new PathTimes();
  /** Tables whose rows are told when they are published, by their names. */
  readonly #typed = new Map<SchemaWork, ReadonlyMap<string, TableLoad>>();

  constructor(run: JobRun, crew: Crew, board: WorkerBoard, loading: LoadedRows) {
    this.#run = run;
    this.#crew = crew;
    this.#board = board;
    this.#loading = loading;
  }

  /** @returns whether all schemas are done: a job that is told to stop begins no further one */
  async run(works: readonly SchemaWork[]): Promise<boolean> {
    let next = 0;
    await this.#crew.run(async (worker) => {
      const goesOn = () => !this.#run.isStopping && !this.#crew.hasFailed;
      for (let work = works[next++]; work !== undefined && goesOn(); work = works[next++]) await this.#publish(worker, work);
      this.#board.end(worker.number);
    });
    if (works.some(({ target }) => !target.isPublished)) return false;
    for (const work of works) {
      work.target.finish();
      this.#nameBadFile(work);
    }
    return true;
  }

  /** How long the objects under a path took, added up. */
  secondsOf(path: ObjectPathTail): number {
    return this.#times.secondsOf(path);
  }

  async #publish(worker: WorkerThread, work: SchemaWork): Promise<void> {
    const { target, plan } = work;
    const bad = this.#badFileOf(work);
    if (!target.isPublished) {
      // What an earlier run has written is of rows that are loaded anew.
      bad?.remove();
      const outcome: JobMessage[] = [];
      const preparing = worker.call(
        { do: "prepare publication", path: target.workPath, durable: !target.isNew, plan: plan.plan },
        (event) => {
          this.#note(worker.number, work, event, outcome);
        },
      );
      await target.guard(preparing);
      target.keepOutcome(outcome);
      await target.guard(worker.call({ do: "commit publication" }));
      target.published();
    }
    this.#tellOutcome(work);
    if (!target.isFinished) {
      const mark = { path: target.workPath, durable: !target.isNew, progress: plan.plan.progress };
      await target.guard(worker.call({ do: "drop mark", ...mark }));
    }
    if (bad !== null) await this.#writeBadFile(worker, work, bad);
    if (!target.isFinished) await this.#check(worker, work);
  }

  #badFileOf({ target, plan }: SchemaWork): BadFile | null {
    return plan.plan.rejected === null ? null : BadFile.of(this.#run.definition, target.name);
  }

  /** First the file is durable, then the rows go from the schema: so a restart finds them in the one or the other. */
  async #writeBadFile(worker: WorkerThread, { target, plan }: SchemaWork, bad: BadFile): Promise<void> {
    const { rejected: reasons } = plan.plan;
    if (reasons === null || target.isFinished) return;
    const path = target.workPath;
    const tables = plan.plan.tables.map(({ definition, staging }) => ({ name: definition.name, staging }));
    if (!bad.isWhole) {
      bad.remove();
      const hasRows = await worker.call({ do: "write bad file", path, badPath: bad.partPath, reasons, tables });
      if (!hasRows) return;
      bad.makeWhole();
    }
    await target.guard(worker.call({ do: "drop rejected", path, durable: !target.isNew, reasons, tables }));
    failpoint("rejected rows dropped");
  }

  #nameBadFile(work: SchemaWork): void {
    const { name } = work.target;
    this.#badFileOf(work)?.takeName((path) => {
      this.#run.sayOnce(`bad file ${name}`, `Rejected rows of schema ${name} are in "${path}"`);
    });
  }

  async #check(worker: WorkerThread, { target, plan }: SchemaWork): Promise<void> {
    const tables = target.isNew ? null : checkedTables(plan);
    const problems = await worker.call({ do: "check", path: target.workPath, tables, ...plan.dependents });
    const { structure, foreignKeys, textIndexes, views, triggers } = problems;
    this.#run.once(`check ${target.name}`, () => {
      if (structure.length > 0)
        this.#run.report(
          pumpError([["TSDP-00011", target.name], ...structure.map((line) => ({ code: "quick_check", text: line }))]).lines,
        );
      const broken = { VIEW: views, TRIGGER: triggers };
      for (const [type, objects] of Object.entries(broken))
        for (const { name, reason } of objects)
          this.#run.report(
            pumpError([
              ["ORA-39082", `${type}:${qualifiedName(target.name, name)}`],
              ["TSDP-00010", reason],
            ]).lines,
          );
      for (const { table, reason } of foreignKeys) {
        this.#run.report(
          pumpError([
            ["ORA-02298", target.name, table],
            ["TSDP-00010", reason],
          ]).lines,
        );
      }
      for (const { name, content } of textIndexes) {
        const index = quoteIdentifier(name);
        const reason = `${index} has the words of the rows that ${content} had before; INSERT INTO ${index}(${index}) VALUES ('rebuild') mends it`;
        this.#run.report(pumpError([["ORA-29861"], ["TSDP-00010", reason]]).lines);
      }
    });
  }

  /** Puts what has become of an object into words: they are told when the transaction is committed, which may fail, and be done anew. */
  #note(worker: number, work: SchemaWork, event: PublishEvent, outcome: JobMessage[]): void {
    const { object } = event;
    const { name: schema } = work.target;
    if (event.kind === "begun") {
      this.#times.begin(worker);
      this.#board.begin(worker, { schema, name: object.name }, object.type.toUpperCase());
      this.#run.progress(() => this.#loading.progress());
      return;
    }
    if (event.kind === "undone") {
      outcome.length = 0;
      return;
    }
    this.#times.end(worker, this.#pathsOf(work).get(`${object.type.toUpperCase()} ${object.name}`));
    outcome.push(...this.#messagesOn(worker, work, event));
  }

  #tellOutcome({ target }: SchemaWork): void {
    for (const message of target.outcome) {
      this.#run.tellOnce(`outcome ${target.name}`, message);
      failpoint("import outcome told");
    }
  }

  #pathsOf(work: SchemaWork): ReadonlyMap<string, ObjectPathTail> {
    const known = this.#paths.get(work);
    if (known !== undefined) return known;
    const views = viewKeys(work.objects);
    const paths = new Map(work.objects.map((object) => [`${object.objectType} ${object.name}`, pathTail(object, views)]));
    this.#paths.set(work, paths);
    return paths;
  }

  #typedOf(work: SchemaWork): ReadonlyMap<string, TableLoad> {
    const known = this.#typed.get(work);
    if (known !== undefined) return known;
    const loads = work.plan.loads.filter(({ table }) => !table.raw);
    const typed = new Map(loads.map((load) => [load.table.definition.name, load]));
    this.#typed.set(work, typed);
    return typed;
  }

  #messagesOn(worker: number, work: SchemaWork, event: Exclude<PublishEvent, { kind: "begun" | "undone" }>): JobMessage[] {
    const { definition } = this.#run;
    const errors = outcomeErrors(definition, work.target.name, event).map((lines): JobMessage => ({ kind: "error", lines }));
    const line = event.kind === "object" ? this.#rowsLine(worker, work, event) : null;
    return line === null ? errors : [{ kind: "wip", lines: [{ code: null, text: line }] }, ...errors];
  }

  #rowsLine(worker: number, work: SchemaWork, { object, rejections }: Extract<PublishEvent, { kind: "object" }>): string | null {
    const load = this.#typedOf(work).get(object.name);
    const progress = load === undefined ? undefined : this.#loading.progressOf(load);
    if (load === undefined || progress === undefined || isSystemTable(load.object)) return null;
    const { rows: offered, begun } = progress;
    const refused = rejections.reduce((sum, { rows }) => sum + rows, 0);
    const size = this.#loading.sizeOf(progress);
    const line = rowsLine("imported", work.target.name, object.name, size, offered - refused, offered);
    return rowsText(this.#run, worker, line, begun, "conventional");
  }
}

function checkedTables({ loads, plan }: SchemaWork["plan"]): CheckedTables {
  const truncated = plan.tables.filter(({ truncate }) => truncate).map(({ definition }) => definition.name);
  return {
    loaded: loads.map(({ table }) => table.definition.name),
    emptied: [...plan.drops, ...truncated],
    replaced: plan.drops,
  };
}
