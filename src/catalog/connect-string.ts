import { existsSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pumpError } from "../base/errors.ts";
import { catalogName, isPrintableName } from "./names.ts";

/** Who works on which database. */
export interface ConnectIdentity {
  /** Upper case unless it was quoted. */
  readonly user: string;
  readonly password: string | null;
  /** Absolute real path of a folder of schemas, or of one SQLite file. */
  readonly database: string;
}

const DEFAULT_USER = "SYSTEM";

/**
 * Reads `[user[/password]@]database`. An existing path is the database, whole; otherwise the text is split at its last `@`.
 * Without a database it is `$TSDP_DATABASE`, else the current directory; without a user it is SYSTEM.
 * @throws ORA-12154 when the database is neither a folder nor a regular file; a password is never part of the message.
 */
export function parseConnectString(text: string | undefined, currentDirectory: string): ConnectIdentity {
  const { login, database } = split(text ?? "", currentDirectory);
  const slash = login.indexOf("/");
  const user = slash < 0 ? login : login.slice(0, slash);
  const name = user === "" ? DEFAULT_USER : catalogName(user);
  const path = database === "" ? defaultDatabase() : database;
  if (!isPrintableName(name)) throw pumpError([["ORA-12154", path]], "A user name has 1 to 128 printable characters.");
  return {
    user: name,
    password: slash < 0 ? null : login.slice(slash + 1),
    database: databasePath(path, currentDirectory),
  };
}

function split(text: string, currentDirectory: string): { login: string; database: string } {
  const at = text.lastIndexOf("@");
  if (at < 0 || existsSync(resolve(currentDirectory, text))) return { login: "", database: text };
  return { login: text.slice(0, at), database: text.slice(at + 1) };
}

function defaultDatabase(): string {
  const database = process.env["TSDP_DATABASE"];
  return database === undefined || database === "" ? "." : database;
}

function databasePath(path: string, currentDirectory: string): string {
  try {
    const real = realpathSync(resolve(currentDirectory, path));
    const stat = statSync(real);
    if (stat.isDirectory() || stat.isFile()) return real;
  } catch (error) {
    throw pumpError([["ORA-12154", path]], undefined, error);
  }
  throw pumpError([["ORA-12154", path]]);
}
