import { LinkedSource } from "../sqlite/linked-source.ts";
import type { CopiedRows } from "../sqlite/staging.ts";
import type { Maskers } from "./maskers.ts";
import type { SchemaFile, WorkerRequest } from "./messages.ts";

/** The side of a worker that copies rows from the sources of a link. */
export class Linker {
  readonly #sources: ReadonlyMap<string, LinkedSource>;
  readonly #maskers: Maskers;

  constructor(sources: readonly SchemaFile[], maskers: Maskers) {
    this.#maskers = maskers;
    this.#sources = new Map(sources.map(({ schema, path }) => [schema, new LinkedSource(path)]));
  }

  beginSnapshot(): void {
    for (const source of this.#sources.values()) source.begin();
  }

  endSnapshot(): void {
    for (const source of this.#sources.values()) source.end();
  }

  async copy({ table, target, isOwn, staging, range, mark, remaps }: WorkerRequest & { do: "copy" }): Promise<CopiedRows> {
    const { schema, shape, filter } = table;
    const replacements = await this.#maskers.replacementsOf(remaps);
    return this.#source(schema).copy(target, isOwn, staging, { shape, range, filter, replacements }, mark);
  }

  count({ table }: WorkerRequest & { do: "count linked" }): number {
    return this.#source(table.schema).count(table);
  }

  /** Ends the work on a source: what was copied stays, and its state is given up. */
  finish({ schema }: WorkerRequest & { do: "end copying" }): void {
    this.#source(schema).commit();
    this.#source(schema).close();
  }

  close(): void {
    for (const source of this.#sources.values()) source.close();
  }

  #source(schema: string): LinkedSource {
    const source = this.#sources.get(schema);
    if (source === undefined) throw new Error(`schema ${schema} is not open`);
    return source;
  }
}
