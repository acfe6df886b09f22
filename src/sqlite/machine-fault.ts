import { codeOf } from "../base/errors.ts";

/** No room, no memory, a device that fails, an interrupted statement: what has nothing to do with the object that is worked on. */
const FAULTS = /^SQLITE_(?:FULL|NOMEM|INTERRUPT|CANTOPEN|IOERR)(?:_|$)/;

/** Whether an error is the machine's and not that of an object: the step may well succeed another time, so nothing may be left out for it. */
export function isMachineFault(error: unknown): boolean {
  return FAULTS.test(codeOf(error));
}
