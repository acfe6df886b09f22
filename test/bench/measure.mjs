// Runs commands: how long they took, and how much memory all their processes held at once.
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { performance } from "node:perf_hooks";

const SAMPLE_MILLISECONDS = 20;

/** Seconds that a shell command took. `before` is not measured. */
export async function timed({ command, folder, environment }) {
  spawnSync("sync"); // what an earlier run left to be written is not this one's work
  const started = performance.now();
  await run(command, folder, environment);
  return (performance.now() - started) / 1000;
}

/** Peak of the memory of all processes of a job, in bytes: the command's own, and every detached one that works in its folder. */
export async function peakMemory({ command, folder, environment }) {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, memoryOf(processesOf(folder)));
  }, SAMPLE_MILLISECONDS);
  try {
    await run(command, folder, environment);
  } finally {
    clearInterval(timer);
  }
  return peak;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function run(command, folder, environment = process.env) {
  return new Promise((resolve, reject) => {
    const shell = spawn("bash", ["-o", "pipefail", "-c", command], {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (bytes) => (output = (output + bytes).slice(-4000)));
    shell.on("error", reject);
    shell.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`exit code ${code}: ${command}\n${output}`));
    });
  });
}

/** A process belongs to the job when it works in the folder or names it in its command line (the control process does). */
function processesOf(folder) {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid) && isOf(name, folder));
}

function isOf(pid, folder) {
  const directory = attempt(() => readlinkSync(`/proc/${pid}/cwd`), "");
  return directory.startsWith(folder) || attempt(() => readFileSync(`/proc/${pid}/cmdline`, "latin1"), "").includes(folder);
}

/** Proportional set sizes: pages that several processes share count once. */
function memoryOf(pids) {
  const kilobytes = pids.map((pid) => {
    const text = attempt(() => readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"), "");
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}

/** Processes come and go between two looks at /proc. */
function attempt(read, otherwise) {
  try {
    return read();
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES"].includes(error.code)) return otherwise;
    throw error;
  }
}
