import { pumpError, type PumpError, type StackEntry } from "../base/errors.ts";
import { FormatError } from "../format/format-error.ts";

/** The outer lines of every error about a dump file that can't be used. */
export const BAD_DUMP_FILE: readonly StackEntry[] = [["ORA-39001"], ["ORA-39000"]];

/** ORA-31619 for a file, with what is wrong on the line below. */
export function invalidDumpFile(path: string, detail: string): PumpError {
  return pumpError([...BAD_DUMP_FILE, ["ORA-31619", path], ["TSDP-00010", detail]]);
}

/**
 * Runs a step that decodes bytes of a file; what `format` finds wrong becomes Oracle's error for that file.
 * @param part what is decoded: the file's "header", or else what the message shall name.
 */
export function decoding<T>(path: string, part: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof FormatError) throw formatFault(path, part, error);
    throw error;
  }
}

function formatFault(path: string, part: string, error: FormatError): PumpError {
  switch (error.fault) {
    case "version":
      return pumpError([...BAD_DUMP_FILE, ["ORA-39142", error.message, path]], undefined, error);
    case "unsupported":
      return pumpError([...BAD_DUMP_FILE, ["TSDP-00001", `${error.message} in dump file "${path}"`]], undefined, error);
    case "checksum":
      if (part === "header") return pumpError([...BAD_DUMP_FILE, ["ORA-39411", path]], undefined, error);
      return invalidDumpFile(path, `${part}: ${error.message}`);
    case "invalid":
      return invalidDumpFile(path, `${part}: ${error.message}`);
  }
}
