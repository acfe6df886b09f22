import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { causeLines, codeOf, pumpError } from "../base/errors.ts";

const HINT = "Set TSDP_HOME to a folder that you can write, or ask for write permission on the folder of the database.";

/**
 * Makes a folder, and those above it, that only its owner may enter (mode 0700).
 * @throws ORA-29283 when it can't be made, with the hint to set TSDP_HOME.
 */
export function ensurePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (recursive) {
    const error = causeOfMissing(path) ?? recursive;
    throw pumpError([["ORA-29283", `cannot make folder "${path}"`], ...causeLines(error)], HINT, error);
  }
}

/** Why the first folder that is missing on a path can't be made: for several at once Node says ENOENT, whatever it is. */
function causeOfMissing(path: string): unknown {
  let missing = resolve(path);
  while (!existsSync(dirname(missing))) missing = dirname(missing);
  try {
    mkdirSync(missing, { mode: 0o700 });
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * Makes an empty file that only its owner may read (mode 0600), before SQLite opens it under the umask; an existing one stays as it is.
 * O_EXCL never opens an existing file, so the locks that this process holds on it survive.
 * @throws ORA-29283 when it can't be made, with the hint to set TSDP_HOME.
 */
export function ensurePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    throw pumpError([["ORA-29283", `cannot make file "${path}"`], ...causeLines(error)], HINT, error);
  }
}
