import { readFileSync } from "node:fs";
import { uptime } from "node:os";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";
/** Clocks may be set a little between two looks. */
const TOLERANCE_SECONDS = 60;

/** Names the run of the machine, from one boot to the next. */
export function bootName(): string {
  try {
    return readFileSync(BOOT_ID, "utf8").trim();
  } catch {
    // Only Linux has it; elsewhere the time of the boot does.
    return String(Math.round(Date.now() / 1000 - uptime()));
  }
}

/** Whether the machine has not been started anew since. */
export function isSameBoot(name: string): boolean {
  const now = bootName();
  return now === name || Math.abs(Number(now) - Number(name)) < TOLERANCE_SECONDS;
}
