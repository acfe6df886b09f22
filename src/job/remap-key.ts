import { pumpError } from "../base/errors.ts";
import { deriveMaskKey, isSameCheck, maskKeyCheck } from "../mask/mask-key.ts";
import { isKeyed } from "../mask/remap-function.ts";
import { dataRemapsOf, functionOf } from "./data-remaps.ts";
import type { JobRun } from "./run.ts";

/**
 * The key of the functions that replace values; null: none of the job's has one. The control table keeps what tells the key from others,
 * so that a job that goes on does so under the key with which it has begun.
 * @throws ORA-39002 with TSDP-00061 when there is none, with TSDP-00062 when it is another
 */
export async function remapKeyFor({
  definition,
  table,
  remapKey,
  restarts,
}: Pick<JobRun, "definition" | "remapKey" | "restarts"> & {
  readonly table: Pick<JobRun["table"], "define">;
}): Promise<Uint8Array | null> {
  const functions = dataRemapsOf(definition).map(functionOf);
  if (!functions.some(isKeyed)) return null;
  if (remapKey === null) throw pumpError([["ORA-39002"], ["TSDP-00061"]]);
  const key = await deriveMaskKey(remapKey);
  const check = maskKeyCheck(key, definition.guid);
  if (!restarts) table.define(() => ({ remapKeyCheck: check }));
  else if (!isSameCheck(definition.remapKeyCheck ?? "", check)) throw pumpError([["ORA-39002"], ["TSDP-00062"]]);
  return key;
}
