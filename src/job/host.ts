import type { JobSecrets } from "./secrets.ts";
import { WorkerPool } from "./worker-thread.ts";

// Before anything else is loaded: see WorkerPool.
const workers = new WorkerPool();
const { ControlProcess } = await import("./control-process.ts");
const { keyringOf, placesOf, remapKeyOf } = await import("./secrets.ts");
const { ControlTable } = await import("./control-table.ts");
const { LivenessLock, lockPath } = await import("./liveness.ts");

/** How long to wait for the session that gives the lock up, and for passing probes. */
const LOCK_TIMEOUT_MS = 10_000;

/**
 * The control process: `node host.js CONTROL_TABLE GUID start|remove`. It is detached, and outlives the client that started it.
 * `remove` undoes what the job has made so far, and the job.
 */
async function host([path = "", guid = "", task = "start"]: readonly string[]): Promise<void> {
  // A lost terminal is the client's to notice.
  process.on("SIGHUP", () => undefined);
  process.on("SIGINT", () => undefined);
  const lock = LivenessLock.acquire(lockPath(path), LOCK_TIMEOUT_MS);
  const control = new ControlProcess(ControlTable.open(path), lock, workers);
  const secrets = await readSecrets();
  if (task === "remove") await control.remove(guid, placesOf(secrets));
  else await control.run(guid, keyringOf(secrets), placesOf(secrets), remapKeyOf(secrets));
}

/** One line of JSON on standard input: never in argv, the environment or a file. */
async function readSecrets(): Promise<JobSecrets> {
  let line = "";
  for await (const chunk of process.stdin) line += String(chunk);
  return line === "" ? {} : (JSON.parse(line) as JobSecrets);
}

await host(process.argv.slice(2));
process.exit(0);
