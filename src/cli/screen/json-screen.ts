import type { JobStatus, WorkerStatus } from "../../api/status-types.ts";
import type { JobEvent, JobScreen } from "../events.ts";
import type { Output } from "../output.ts";
import { printableJson } from "../../base/printable.ts";

/** Version of the events; a change that could break a reader raises the number. */
export const EVENT_SCHEMA = "tsdp.events/1";

/** One event a line on standard output, errors too. A status is written only when it differs from the last one. */
export class JsonScreen implements JobScreen {
  readonly #output: Output;
  #lastStatus = "";

  constructor(output: Output) {
    this.#output = output;
  }

  heading(): void {
    // The banner is for people.
  }

  wait(): void {
    // Events tell what is there, not what is awaited.
  }

  show(event: JobEvent): void {
    const line = eventLine(event);
    if (event.event === "status") {
      if (line === this.#lastStatus) return;
      this.#lastStatus = line;
    }
    this.#output.out(line);
  }

  close(): void {
    // Nothing is held back.
  }
}

/** An event as one line of JSON. */
export function eventLine(event: JobEvent): string {
  const isStatus = event.event === "status" || event.event === "report";
  const facts = isStatus ? { event: "status", ...statusFacts(event.status) } : event;
  return printableJson({ schema: EVENT_SCHEMA, ...facts });
}

function statusFacts(status: JobStatus): Readonly<Record<string, unknown>> {
  return {
    job: status.jobName,
    operation: status.operation,
    mode: status.jobMode,
    state: status.state,
    percentDone: status.percentDone,
    bytesProcessed: status.bytesProcessed,
    totalBytes: status.totalBytes,
    rowsProcessed: status.rowsProcessed,
    degree: status.degree,
    errorCount: status.errorCount,
    workers: status.workerStatusList.map(workerFacts),
    files: status.files.map(({ fileName, fileBytesWritten }) => ({ path: fileName, bytesWritten: fileBytesWritten })),
  };
}

function workerFacts(worker: WorkerStatus): Readonly<Record<string, unknown>> {
  return {
    number: worker.workerNumber,
    state: worker.state,
    schema: worker.schema,
    name: worker.name,
    objectType: worker.objectType,
    completedObjects: worker.completedObjects,
    totalObjects: worker.totalObjects,
    completedRows: worker.completedRows,
    completedBytes: worker.completedBytes,
    percentDone: worker.percentDone,
  };
}
