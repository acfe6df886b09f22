import { appendFileSync, statSync } from "node:fs";

/**
 * `TSDP_FAILPOINT=name` or `name:n`: the process ends by SIGKILL when it passes that point for the n-th time (the first when n is
 * missing). `name:n:FILE`: the thread makes that file and waits until something is in it, so that its job surely has not ended.
 * Several are separated by commas. Tests set it (CONTRIBUTING.md); it is inherited by the control process and seen by its workers.
 */
const targets = (process.env["TSDP_FAILPOINT"] ?? "").split(",").map((target) => {
  const [name = "", count = "1", ...rest] = target.split(":");
  return { name, count: Number(count), heldBy: rest.join(":"), passes: 0 };
});
const POLL_MS = 5;

/** A point between two steps of which either may be the last. */
export function failpoint(name: string): void {
  for (const target of targets) {
    if (target.name !== name) continue;
    target.passes += 1;
    if (target.passes !== target.count) continue;
    if (target.heldBy === "") process.kill(process.pid, "SIGKILL");
    else waitFor(target.heldBy);
  }
}

function waitFor(path: string): void {
  appendFileSync(path, "");
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (statSync(path).size === 0) Atomics.wait(never, 0, 0, POLL_MS);
}
