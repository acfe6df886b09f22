import { existsSync } from "node:fs";
import { dirname, parse, resolve } from "node:path";

/** What stands for a secret wherever it might be shown. */
export const MASK = "********";

/**
 * A connect string, or a word that may have been meant as one, as it may be shown: `hr/********@data`. Without `@` what follows the
 * first slash is a password, too, unless the text is a path.
 */
export function maskedConnectString(text: string, currentDirectory = "."): string {
  if (isPath(text, currentDirectory)) return text;
  const at = text.lastIndexOf("@");
  const login = at < 0 ? text : text.slice(0, at);
  const slash = login.indexOf("/");
  return slash < 0 ? text : `${login.slice(0, slash)}/${MASK}${text.slice(login.length)}`;
}

/** One that exists, or that can be no user and password: it begins with a dot, or is absolute in a folder that exists. */
function isPath(text: string, currentDirectory: string): boolean {
  const path = resolve(currentDirectory, text);
  if (existsSync(path)) return true;
  if (text.includes("@")) return false;
  const folder = dirname(path);
  return /^\.{1,2}\//.test(text) || (text.startsWith("/") && folder !== parse(folder).root && existsSync(folder));
}
