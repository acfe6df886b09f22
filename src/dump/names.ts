import { extname } from "node:path";
import { pumpError } from "../base/errors.ts";
import { BAD_DUMP_FILE } from "./faults.ts";

const DEFAULT_EXTENSION = ".dmp";

/**
 * The name of a dump file within its directory object, with the default extension when the name has none.
 * @throws ORA-39088 for a name with a path, ORA-39144 for an empty one, TSDP-00001 for substitution variables.
 */
export function dumpFileName(name: string): string {
  if (name === "") throw pumpError([...BAD_DUMP_FILE, ["ORA-39144"]]);
  if (/[/\\]/.test(name) || name.includes("\0") || name === "." || name === "..")
    throw pumpError([...BAD_DUMP_FILE, ["ORA-39088"]]);
  if (name.includes("%"))
    throw pumpError([...BAD_DUMP_FILE, ["TSDP-00001", `a substitution variable in a dump file name ("${name}")`]]);
  return extname(name) === "" ? name + DEFAULT_EXTENSION : name;
}
