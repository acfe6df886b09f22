import { statSync } from "node:fs";
import { pumpError } from "../../base/errors.ts";
import { formatTimestamp } from "../../base/sizes.ts";
import { walPath } from "../../sqlite/database.ts";
import type { SchemaFile } from "../../worker/messages.ts";
import type { JobDefinition } from "../definition.ts";

/** What FLASHBACK_TIME=SYSTIMESTAMP is recorded as: the state that the job finds. */
export const NOW = "SYSTIMESTAMP";

/**
 * FLASHBACK_TIME: the current state of a schema file is also that of every time since its last change; older ones are gone. To be asked
 * again when the state is frozen: a commit may have come in between.
 * @throws ORA-39002 with ORA-08180 when a file has changed since
 */
export function assertStateOfTime({ parameters }: JobDefinition, sources: readonly SchemaFile[]): void {
  const time = parameters["FLASHBACK_TIME"];
  if (time === undefined || time === NOW) return;
  for (const { schema, path } of sources) {
    const changed = lastChange(path);
    if (changed.getTime() <= new Date(time).getTime()) continue;
    const reason = `schema ${schema} was changed at ${formatTimestamp(changed)}, and SQLite keeps no older states`;
    throw pumpError(
      [["ORA-39002"], ["ORA-08180"], ["TSDP-00010", reason]],
      "Leave FLASHBACK_TIME out for the state as it is now, or import a dump of that time.",
    );
  }
}

/** An empty WAL is none: readers leave one behind. */
function lastChange(path: string): Date {
  const files = [path, walPath(path)].map((file) => statSync(file, { throwIfNoEntry: false }));
  return new Date(Math.max(...files.map((file) => (file === undefined || file.size === 0 ? 0 : file.mtimeMs))));
}
