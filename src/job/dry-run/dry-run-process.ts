import { spawn } from "node:child_process";
import { entryPath } from "../../base/entries.ts";
import { PumpError, pumpError, type ErrorLine } from "../../base/errors.ts";
import type { JobDefinition } from "../definition.ts";
import type { DryRun } from "./dry-run.ts";
import { environmentWithoutSecrets, type JobSecrets } from "../secrets.ts";

/**
 * Finds out what a job would do, in a process of its own: a program that uses the library may have the schema files open by other
 * means, whose locks a connection of this process would drop at its end.
 * @throws what START_JOB would
 */
export async function runDryRun(definition: JobDefinition, secrets: JobSecrets): Promise<DryRun> {
  const child = spawn(process.execPath, [entryPath("job/dry-run/dry-run-host")], {
    env: environmentWithoutSecrets(),
    stdio: ["pipe", "pipe", "inherit"],
    windowsHide: true,
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify({ definition, secrets }));
  let text = "";
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => {
      resolve(error.message);
    });
    child.once("close", (code, signal) => {
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
  for await (const chunk of child.stdout.setEncoding("utf8")) text += String(chunk);
  const reason = await ended;
  if (text === "") throw pumpError([["ORA-39006"], { code: "dry run", text: `ended unexpectedly (${reason})` }]);
  const answer = JSON.parse(text) as { found: DryRun } | { error: { lines: readonly ErrorLine[]; hint?: string } };
  if ("error" in answer) throw PumpError.fromJSON(answer.error);
  return answer.found;
}
