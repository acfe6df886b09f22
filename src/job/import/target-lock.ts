import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { PumpError, pumpError } from "../../base/errors.ts";
import { LivenessLock } from "../liveness.ts";

const LOCK_TIMEOUT_MS = 500;

/**
 * Keeps other jobs away from a schema file that exists or is to come: two imports would mix.
 * @param jobs the folder of the control tables
 * @param path of the file, or of the link in the folder of the database
 * @throws ORA-39002 when another job has the schema
 */
export function lockTarget(jobs: string, name: string, path: string): LivenessLock {
  const real = join(realpathSync(dirname(path)), basename(path));
  const key = createHash("sha256").update(real).digest("hex").slice(0, 16);
  try {
    return LivenessLock.acquire(join(jobs, `target-${key}.lock`), LOCK_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof PumpError) || error.code !== "ORA-31634") throw error;
    const reason = `schema ${name} is being loaded by another job`;
    throw pumpError([["ORA-39002"], ["TSDP-00010", reason]], "Wait for the other job to end; `tsdp jobs` shows it.", error);
  }
}
