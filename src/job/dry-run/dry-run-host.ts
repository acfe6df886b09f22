import { toPumpError } from "../../base/errors.ts";
import type { JobDefinition } from "../definition.ts";
import { dryRun } from "./dry-run.ts";
import { keyringOf, placesOf, type JobSecrets } from "../secrets.ts";

/** The process of a dry run: a definition and its secrets on standard input, what comes of it on standard output. */
async function answer(): Promise<unknown> {
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  const { definition, secrets } = JSON.parse(text) as { definition: JobDefinition; secrets: JobSecrets };
  try {
    return { found: await dryRun(definition, keyringOf(secrets), placesOf(secrets)) };
  } catch (error) {
    return { error: toPumpError(error).toJSON() };
  }
}

process.stdout.write(JSON.stringify(await answer()));
