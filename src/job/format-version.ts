import { pumpError } from "../base/errors.ts";
import { FORMAT_MINOR } from "../dump/header-items.ts";
import { checksumOf } from "./export/export-options.ts";
import type { JobDefinition } from "./definition.ts";
import { isTransportable } from "./transportable.ts";

/** Versions of the dump file format that an export writes, by the numbers of VERSION. */
const MINORS: ReadonlyMap<string, number> = new Map([
  ["1.0", 0],
  ["1.1", 1],
]);

/** `1`, `1.0` and `1.0.0` are one version. @returns undefined when there is no such format */
export function formatVersion(version: string): string | undefined {
  const [major = "", minor = "0", ...rest] = version.split(".").map((number) => String(Number(number)));
  const name = `${major}.${minor}`;
  return MINORS.has(name) && rest.every((number) => number === "0") ? name : undefined;
}

/** The minor version of the dump files; COMPATIBLE and LATEST are the newest one. */
export function formatMinorOf({ version }: Pick<JobDefinition, "version">): number {
  return MINORS.get(version) ?? FORMAT_MINOR;
}

/**
 * Whether the format that VERSION asks for holds what else is asked for.
 * @param encrypts whether anything is encrypted
 * @throws ORA-39002 with ORA-39055
 */
export function assertFormatHolds(definition: JobDefinition, encrypts: boolean): void {
  if (formatMinorOf(definition) > 0) return;
  const feature = encrypts
    ? "ENCRYPTION"
    : checksumOf(definition) !== null
      ? "CHECKSUM"
      : isTransportable(definition)
        ? "TRANSPORTABLE"
        : null;
  if (feature === null) return;
  throw pumpError(
    [["ORA-39002"], ["ORA-39055", feature, definition.version]],
    `Leave VERSION out, or export without ${feature}: dump files of format ${definition.version} can't hold it.`,
  );
}
