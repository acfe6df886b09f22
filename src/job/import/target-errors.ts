import { causeLines, codeOf, hintAfterCause, PumpError, pumpError, type ErrorLine, type StackEntry } from "../../base/errors.ts";

/** Gives an error on the way to a schema file the names of both. @throws ORA-39002 */
export function asTargetError<T>(name: string, path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw targetError(name, path, error);
  }
}

/** The outer lines of an error on the way to a schema file. */
export function aboutSchema(name: string, path: string): readonly StackEntry[] {
  return [["ORA-39002"], ["ORA-39097", `for schema ${name} in "${path}"`]];
}

export function targetError(name: string, path: string, error: unknown): PumpError {
  return pumpError(
    [...aboutSchema(name, path), ...causeLines(error)],
    error instanceof PumpError ? error.hint : targetHint(codeOf(error)),
    error,
  );
}

function targetHint(code: string): string {
  if (code.startsWith("SQLITE_BUSY"))
    return "Another program is writing to the schema; try again when it has finished its transaction.";
  if (code.startsWith("SQLITE_READONLY") || code === "EACCES" || code === "EROFS")
    return "Check that this user may write the schema file and its folder.";
  if (code === "SQLITE_FULL" || code === "ENOSPC") return "The disk is full; nothing of the schema was changed.";
  if (code === "EEXIST")
    return "A schema of that name has come to be since the job started; import under another name with remap_schema.";
  return "Check the schema file, its folder and the free space on its disk.";
}

/** What may pass: a restart goes on. */
export function unwritable(name: string, isPublished: boolean, causes: readonly ErrorLine[], error: unknown): PumpError {
  const rest = "What the job imports into the schema is complete; START_JOB does what is left.";
  return pumpError([["TSDP-00012", name], ...causes], isPublished ? hintAfterCause(causes, rest) : undefined, error);
}

/** Gives an error of SQLite or of the system that a worker met on the way to a schema file the name of the schema. @throws TSDP-00012 */
export async function guardWorker<T>(
  schema: { readonly name: string; readonly isPublished: boolean },
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const [outer, ...causes] = causeLines(error);
    if (outer?.code !== "ORA-39006" || causes.length === 0) throw error;
    throw unwritable(schema.name, schema.isPublished, causes, error);
  }
}
