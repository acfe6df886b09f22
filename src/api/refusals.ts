import { pumpError, type PumpError, type StackEntry } from "../base/errors.ts";

/** INVALID_ARGVAL with its causes. */
export function invalidArgument(...causes: readonly StackEntry[]): PumpError {
  return pumpError([["ORA-39001"], ...causes]);
}

/** INVALID_ARGVAL for a dump file, with its causes. */
export function badDumpFile(hint: string | undefined, ...causes: readonly StackEntry[]): PumpError {
  return pumpError([["ORA-39001"], ["ORA-39000"], ...causes], hint);
}

/** INVALID_OPERATION with its causes. */
export function invalidOperation(...causes: readonly StackEntry[]): PumpError {
  return pumpError([["ORA-39002"], ...causes]);
}

/** What Data Pump knows and this version does not do yet: never accepted and ignored. */
export function notSupported(what: string): PumpError {
  return pumpError([["TSDP-00001", what]]);
}
