import { dirname } from "node:path";
import { pumpError } from "../../base/errors.ts";
import { failpoint } from "../../base/failpoint.ts";
import type { DumpFileSet } from "../../dump/reader.ts";
import { factsOfPages, pagesOfSchema, type PagesOfSchema } from "../../inspect/pages.ts";
import { isTransported } from "../../metadata/master-facts.ts";
import type { MasterTable } from "../../metadata/master-table.ts";
import type { PageImageFacts } from "../../sqlite/page-image.ts";
import type { Crew } from "../crew.ts";
import type { JobDefinition } from "../definition.ts";
import type { ChosenSchema } from "./import-targets.ts";
import { pagesLine, processingLine } from "../log-lines.ts";
import { PageTarget } from "./page-target.ts";
import type { JobRun, Progress } from "../run.ts";
import { guardWorker } from "./target-errors.ts";
import { assertWholeSchemas, TRANSPORT_PATH } from "../transportable.ts";
import { WorkerBoard } from "../worker-board.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** A schema that comes as pages. */
interface PageWork {
  readonly target: PageTarget;
  readonly pages: PagesOfSchema;
  readonly facts: PageImageFacts;
  /** A file of the dump, for messages. */
  readonly dumpFile: string;
  bytes: number;
}

interface PageItem {
  readonly work: PageWork;
  readonly piece: PagesOfSchema["pieces"][number];
}

/**
 * Whether an import makes schemas of pages.
 * @throws ORA-39002 with ORA-39061 when the mode of the import is not for such a dump, or only for such; with what pages don't allow
 */
export function importsPages(definition: JobDefinition, { job }: MasterTable): boolean {
  if (isTransported(job)) {
    assertWholeSchemas(definition);
    return true;
  }
  if (definition.mode !== "TRANSPORTABLE") return false;
  throw pumpError(
    [["ORA-39002"], ["ORA-39061", definition.mode, job.get("MODE") ?? ""]],
    "Import it with full=y, or by schemas.",
  );
}

/** @throws ORA-39002 with ORA-29349: pages can't be put among those of a schema that is there */
export function assertNewSchemas(chosen: readonly ChosenSchema[]): void {
  const existing = chosen.find(({ existingPath }) => existingPath !== null);
  if (existing !== undefined) throw pumpError([["ORA-39002"], ["ORA-29349", existing.target]]);
}

/** Makes schema files of the pages of a dump. */
export class PageImport {
  readonly #run: JobRun;
  readonly #crew: Crew;
  readonly #works: readonly PageWork[];
  readonly #board = new WorkerBoard();

  /** @throws as `assertNewSchemas` and `PageTarget.open` */
  static open(run: JobRun, crew: Crew, chosen: readonly ChosenSchema[], master: MasterTable, set: DumpFileSet): PageImport {
    assertNewSchemas(chosen);
    const works: PageWork[] = [];
    try {
      for (const { source, target: name, path, link } of chosen) {
        const number = master.schemas.findIndex(({ name }) => name === source.name) + 1;
        const pages = pagesOfSchema(set, number);
        const job = { table: run.table, guid: run.definition.guid, jobs: dirname(run.table.path) };
        const target = PageTarget.open({ name, place: { path, link }, bytes: pages.bytes }, job);
        const dumpFile = pages.pieces[0]?.location.segments[0]?.path ?? "";
        works.push({ target, pages, facts: factsOfPages(master, number), dumpFile, bytes: 0 });
      }
      return new PageImport(run, crew, works);
    } catch (error) {
      for (const { target } of works) target.close();
      throw error;
    }
  }

  private constructor(run: JobRun, crew: Crew, works: readonly PageWork[]) {
    this.#run = run;
    this.#crew = crew;
    this.#works = works;
  }

  /** Bytes that are still to be written. */
  get bytesLeft(): number {
    return this.#open.reduce((sum, { pages }) => sum + pages.bytes, 0);
  }

  async run(): Promise<"done" | "stopped"> {
    for (const { target } of this.#works.filter(({ target }) => target.startsOver))
      this.#run.say(`Schema ${target.name} is made from the beginning: its pages were not complete`);
    this.#run.sayOnce("pages", processingLine(TRANSPORT_PATH));
    const items = this.#open.flatMap((work) => work.pages.pieces.map((piece): PageItem => ({ work, piece })));
    await this.#crew.run((worker) => this.#place(worker, items));
    failpoint("import pages placed");
    const works = [...this.#open];
    for (const { target } of works) target.beginSync();
    const unchecked = [...works];
    await this.#crew.run((worker) => this.#check(worker, unchecked));
    for (const { target } of works) await guardWorker(target, target.synced());
    if (this.#run.isStopping) return "stopped";
    this.#finish();
    return "done";
  }

  /** All are whole before one has its name. */
  #finish(): void {
    for (const { target, facts, pages } of this.#open) {
      target.finish(facts.settings.journalMode);
      this.#run.once(`pages ${target.name}`, () => {
        this.#run.say(pagesLine("imported", target.name, pages.bytes, pages.pages));
      });
    }
    this.#run.showProgress(() => this.#progress());
  }

  close(): void {
    for (const { target } of this.#works) target.close();
  }

  get #open(): readonly PageWork[] {
    return this.#works.filter(({ target }) => !target.isFinished);
  }

  /** Each piece has its own place in the file, so their order does not matter. */
  async #place(worker: WorkerThread, items: PageItem[]): Promise<void> {
    const next = () => (!this.#run.isStopping && this.#crew.goesOn(worker) ? items.shift() : undefined);
    for (let item = next(); item !== undefined; item = next()) {
      const { work, piece } = item;
      const { target, pages } = work;
      this.#board.begin(worker.number, { schema: target.name, name: target.name }, TRANSPORT_PATH, "DIRECT_PATH");
      const { location, offset } = piece;
      await guardWorker(target, worker.call({ do: "place pages", location, path: target.workPath, offset }));
      target.beginSync();
      work.bytes += location.rawLength;
      this.#board.advance(worker.number, { rows: 0, bytes: work.bytes, estimatedBytes: pages.bytes });
      this.#run.progress(() => this.#progress());
    }
    await worker.call({ do: "end loading" });
    this.#board.end(worker.number);
  }

  async #check(worker: WorkerThread, works: PageWork[]): Promise<void> {
    const next = () => (!this.#run.isStopping && this.#crew.goesOn(worker) ? works.shift() : undefined);
    for (let work = next(); work !== undefined; work = next()) {
      const { target, dumpFile, facts } = work;
      const lines = await guardWorker(target, worker.call({ do: "check pages", path: target.workPath, dumpFile, facts }));
      if (lines.length === 0) continue;
      const causes = lines.map((text) => ({ code: "quick_check", text }));
      this.#run.once(`check ${target.name}`, () => {
        this.#run.report(pumpError([["TSDP-00011", target.name], ...causes]).lines);
      });
    }
  }

  #progress(): Progress {
    const bytes = this.#works.reduce((sum, work) => sum + work.bytes, 0);
    return { bytes, totalBytes: this.bytesLeft || bytes, rows: 0, workers: this.#board.statuses(), files: [] };
  }
}
