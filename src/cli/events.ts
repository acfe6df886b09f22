import type { JobStatus, LogEntry } from "../api/status-types.ts";
import { PumpError } from "../base/errors.ts";
import { errorFact, type ErrorFact } from "./error-report.ts";

/** What a command that runs a job has to tell, in order; `end` is always the last. */
export type JobEvent =
  | { readonly event: "log"; readonly text: string }
  /** `inJob`: a line of the job's log; otherwise the command itself failed. */
  | { readonly event: "error"; readonly inJob: boolean; readonly lines: readonly ErrorFact[]; readonly hint: string | null }
  | { readonly event: "status"; readonly status: JobStatus }
  /** A status that was asked for, to be shown whole. */
  | { readonly event: "report"; readonly status: JobStatus }
  | {
      readonly event: "end";
      /** State of the job when the command ended; null when there is no job. */
      readonly state: string | null;
      readonly errorCount: number;
      readonly exitCode: number;
      /** What the person should know or do, or null. */
      readonly hint: string | null;
    };

/** A screen shows events. */
export interface JobScreen {
  /** Lines before those of the job. */
  readonly heading: (lines: readonly string[]) => void;
  /** Says that something is awaited, until the next event. */
  readonly wait: (text: string) => void;
  readonly show: (event: JobEvent) => void;
  /** Takes the live area away; nothing is shown afterwards. */
  readonly close: () => void;
}

/** A log entry of a job's error as an event, with the catalogue's advice for it. */
export function jobErrorEvent(entry: LogEntry): JobEvent & { readonly event: "error" } {
  const stack = entry.map(({ logText }) => splitCode(logText));
  const lines = stack.map(({ code }, index) => errorFact(code, entry[index]?.logText ?? ""));
  return { event: "error", inJob: true, lines, hint: new PumpError(stack).hint ?? null };
}

/** The last event of a command that failed without a job. */
export function failedEvent(hint: string | null): JobEvent {
  return { event: "end", state: null, errorCount: 0, exitCode: 1, hint };
}

/** LOGTIME may have put a time before the code. */
function splitCode(text: string): { readonly code: string; readonly text: string } {
  const [, code, rest] = /^(?:\d\d-[A-Z]{3}-\d\d [\d:.]+: )?([A-Z]+-\d+): ([\s\S]*)$/.exec(text) ?? [];
  return { code: code ?? "", text: rest ?? text };
}
