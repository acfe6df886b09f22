/**
 * `TSDP_FAILPOINT=name` or `name:n`: the process ends by SIGKILL when it passes that point for the n-th time (the first when n is
 * missing). Tests of crashes set it (CONTRIBUTING.md); it is inherited by the control process and seen by its workers.
 */
const [target = "", count = "1"] = (process.env["TSDP_FAILPOINT"] ?? "").split(":");
let passes = 0;

/** A point between two steps of which either may be the last. */
export function failpoint(name: string): void {
  if (name !== target) return;
  passes += 1;
  if (passes === Number(count)) process.kill(process.pid, "SIGKILL");
}
