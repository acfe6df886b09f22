import { LinkedSource, type CopiedRows } from "../sqlite/linked-source.ts";
import type { SchemaFile, WorkerRequest } from "./messages.ts";

/** The side of a worker that copies rows from the sources of a link. */
export class Linker {
  readonly #sources: ReadonlyMap<string, LinkedSource>;

  constructor(sources: readonly SchemaFile[]) {
    this.#sources = new Map(sources.map(({ schema, path }) => [schema, new LinkedSource(path)]));
  }

  beginSnapshot(): void {
    for (const source of this.#sources.values()) source.begin();
  }

  endSnapshot(): void {
    for (const source of this.#sources.values()) source.end();
  }

  copy({ table, target, isOwn, staging, range, mark }: WorkerRequest & { do: "copy" }): CopiedRows {
    const { schema, shape, filter } = table;
    return this.#source(schema).copy(target, isOwn, staging, { shape, range, filter }, mark);
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
