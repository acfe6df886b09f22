import { causeLines, codeOf, PumpError, pumpError, type StackEntry } from "../base/errors.ts";

const NOT_ALLOWED = "This user may not read it: check the permissions of the file and of the folders that it is in.";
/** The system's words for a permission that lacks. */
const DENIED: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);

export function notCreated(path: string, error: unknown): PumpError {
  const exists: StackEntry[] = codeOf(error) === "EEXIST" ? [["ORA-27038"]] : [];
  return pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31641", path], ...exists, ...causeLines(error)], undefined, error);
}

export function notWritable(path: string, error: unknown): PumpError {
  return pumpError([["ORA-31617", path], ...causeLines(error)], undefined, error);
}

export function notReadable(path: string, reason: StackEntry, error: unknown): PumpError {
  const hint = error instanceof PumpError ? error.hint : DENIED.has(codeOf(error)) ? NOT_ALLOWED : undefined;
  return pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31640", path], reason, ...causeLines(error)], hint, error);
}

export function cutOff(path: string, offset: number, length: number, have: number): PumpError {
  const text = `cut off: need ${length} bytes at offset ${offset}, the file has ${have}`;
  return pumpError([["ORA-39001"], ["ORA-39000"], ["ORA-31619", path], ["TSDP-00010", text]]);
}
