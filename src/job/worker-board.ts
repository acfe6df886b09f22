import type { DumpObject } from "../metadata/dump-object.ts";
import type { WorkerStatus } from "./definition.ts";

/** Rows and bytes of a table, so far and expected. */
export interface TableProgress {
  readonly rows: number;
  readonly bytes: number;
  readonly estimatedBytes: number;
}

const IDLE: Omit<WorkerStatus, "number"> = {
  state: "IDLE",
  schema: null,
  name: null,
  objectType: null,
  completedObjects: 0,
  totalObjects: 0,
  completedRows: 0,
  completedBytes: 0,
  percentDone: 0,
  objectStartTime: null,
  objectStatusTime: null,
  accessMethod: null,
};

/** What each worker is doing, as GET_STATUS shows it. */
export class WorkerBoard {
  readonly #statuses = new Map<number, WorkerStatus>();

  /** A worker turns to an object; a further range of the same one changes nothing. */
  begin(
    number: number,
    object: Pick<DumpObject, "schema" | "name">,
    objectType: string,
    accessMethod: WorkerStatus["accessMethod"] = null,
  ): void {
    const current = this.#statuses.get(number);
    if (current?.schema === object.schema && current.name === object.name && current.objectType === objectType) return;
    const { schema, name } = object;
    const completedObjects = current === undefined ? 0 : current.completedObjects + 1;
    this.#statuses.set(number, {
      ...IDLE,
      number,
      state: "EXECUTING",
      schema,
      name,
      objectType,
      completedObjects,
      objectStartTime: new Date().toISOString(),
      objectStatusTime: new Date().toISOString(),
      accessMethod,
    });
  }

  advance(number: number, { rows, bytes, estimatedBytes }: TableProgress): void {
    const current = this.#statuses.get(number);
    if (current === undefined) return;
    const percentDone = estimatedBytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / estimatedBytes));
    this.#statuses.set(number, {
      ...current,
      completedRows: rows,
      completedBytes: bytes,
      percentDone,
      objectStatusTime: new Date().toISOString(),
    });
  }

  end(number: number): void {
    this.#statuses.set(number, { ...IDLE, number, completedObjects: (this.#statuses.get(number)?.completedObjects ?? -1) + 1 });
  }

  statuses(): readonly WorkerStatus[] {
    return [...this.#statuses.values()];
  }
}
