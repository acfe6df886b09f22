import { pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import type { JobDefinition } from "../job/definition.ts";
import type { AttachedJob } from "../job/jobs.ts";
import { assertValidState, type JobState, type Procedure } from "../job/states.ts";
import { Attachment } from "./attachment.ts";
import { KU } from "./constants.ts";
import { assembleStatus, EMPTY_STATUS, errorStatus } from "./status.ts";
import type { StatusReport } from "./status-types.ts";

/** Handles are counted over all sessions of the process, so that one of another session is never valid by chance. */
let lastHandle = 0;

/** The handles of one session and the one guard that every call goes through. */
export class Session {
  readonly #attachments = new Map<number, Attachment>();
  #openError: PumpError | undefined;

  /** Runs OPEN or ATTACH and returns the handle of the job; a failure is kept for GET_STATUS without a handle. */
  async open(user: string, open: () => AttachedJob | Promise<AttachedJob>): Promise<number> {
    return rejecting(async () => {
      try {
        const attachment = new Attachment(await open(), user);
        const handle = (lastHandle += 1);
        this.#attachments.set(handle, attachment);
        this.#openError = undefined;
        return handle;
      } catch (error) {
        this.#openError = toPumpError(error);
        throw this.#openError;
      }
    });
  }

  /** @throws ORA-31636 when a handle of this session is attached to the job */
  assertNotAttached(owner: string, name: string): void {
    for (const attachment of this.#attachments.values()) {
      const definition = attachment.table.definition();
      if (definition.owner === owner && definition.name === name) throw pumpError([["ORA-31636", `${owner}.${name}`]]);
    }
  }

  /** Checks the handle, then the state of its job, then runs the body; a failure is kept for GET_STATUS. */
  async call<T>(handle: number, procedure: Procedure, body: (attachment: Attachment) => T | Promise<T>): Promise<T> {
    const attachment = this.#attachment(handle);
    try {
      assertValidState(procedure, attachment.stateFor(procedure));
      const result = await body(attachment);
      attachment.lastError = undefined;
      return result;
    } catch (error) {
      attachment.lastError = toPumpError(error);
      throw attachment.lastError;
    }
  }

  /** A call that changes the definition. */
  async define(
    handle: number,
    procedure: Procedure,
    change: (definition: JobDefinition) => Partial<JobDefinition>,
  ): Promise<void> {
    return this.call(handle, procedure, (attachment) => {
      attachment.define(procedure, change);
    });
  }

  /** GET_STATUS: the stack of a call that failed before comes first, when it is asked for; else what `follow` brings. */
  async status(
    handle: number | null,
    mask: number,
    follow: (attachment: Attachment) => Promise<StatusReport>,
  ): Promise<StatusReport> {
    if (handle === null) return this.#openStatus(mask);
    const attachment = this.#attachment(handle);
    return rejecting(async () => {
      if (attachment.lastError !== undefined && (mask & KU.STATUS_JOB_ERROR) !== 0) return failureReport(attachment, mask);
      assertValidState("GET_STATUS", attachment.stateFor("GET_STATUS"));
      return follow(attachment);
    });
  }

  /** Gives one handle up. */
  detach(handle: number): void {
    const attachment = this.#attachment(handle);
    this.#attachments.delete(handle);
    attachment.detach();
  }

  /** Gives all handles up. */
  close(): void {
    for (const handle of this.#attachments.keys()) this.detach(handle);
  }

  #attachment(handle: number): Attachment {
    const attachment = this.#attachments.get(handle);
    if (attachment === undefined) throw pumpError([["ORA-31623"]]);
    return attachment;
  }

  #openStatus(mask: number): StatusReport {
    const asked = (mask & KU.STATUS_JOB_ERROR) !== 0;
    return { jobState: "UNDEFINED", status: asked && this.#openError ? errorStatus(this.#openError) : EMPTY_STATUS };
  }
}

/** Runs work so that whatever it throws arrives as the rejection of a PumpError. */
export async function rejecting<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toPumpError(error);
  }
}

function failureReport(attachment: Attachment, mask: number): StatusReport {
  const lines = attachment.lastError?.lines ?? [];
  attachment.lastError = undefined;
  const jobState: JobState = attachment.stateFor("GET_STATUS");
  return { jobState, status: assembleStatus(attachment.table, attachment.row(), jobState, mask, { kind: "error", lines }) };
}
