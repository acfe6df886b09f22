import { readFileSync } from "node:fs";
import { formatTimestamp } from "./sizes.ts";

/** The version in package.json; read on demand, it costs less than a module. */
export function productVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}

/** The lines that the output of a job starts with, on the screen and in its log file. */
export function banner(operation: "EXPORT" | "IMPORT", now: Date): readonly string[] {
  const product = operation === "EXPORT" ? "Export" : "Import";
  const version = productVersion();
  return ["", `${product}: Release ${version} - Production on ${formatTimestamp(now)}`, `Version ${version}`, ""];
}

/** @param database path of the folder of schemas, or of the one SQLite file */
export function connectedLine(database: string): string {
  return `Connected to: tsdp Release ${productVersion()} - ${database}`;
}

/** `linux/x64` */
export function platformName(): string {
  return `${process.platform}/${process.arch}`;
}
