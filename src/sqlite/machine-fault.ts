import { causeLines } from "../base/errors.ts";

/** No room, no memory, a device that fails, an interrupted statement: what has nothing to do with the object that is worked on. */
const FAULTS = /^(?:SQLITE_(?:FULL|NOMEM|INTERRUPT|CANTOPEN|IOERR)(?:_|$)|(?:ENOSPC|EDQUOT|EFBIG|EIO|ENOMEM)$)/;

/** Whether an error is the machine's and not that of an object: the step may well succeed another time, so nothing may be left out for it. */
export function isMachineFault(error: unknown): boolean {
  return causeLines(error).some(({ code }) => FAULTS.test(code));
}

/** Whether another program has kept a lock for longer than tsdp waits. */
export function isLockedOut(error: unknown): boolean {
  return causeLines(error).some(({ code }) => /^SQLITE_(?:BUSY|LOCKED)(?:_|$)/.test(code));
}
