import { existsSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pumpError, type PumpError } from "../base/errors.ts";
import { maskedConnectString } from "../base/masked-connect-string.ts";
import { catalogName, isPrintableName } from "./names.ts";

/** Who works on which database. */
export interface ConnectIdentity {
  /** Upper case unless it was quoted. */
  readonly user: string;
  readonly password: string | null;
  /** Absolute real path of a folder of schemas, or of one SQLite file. */
  readonly database: string;
}

/** Who connects, and by which password. */
type Login = Pick<ConnectIdentity, "user" | "password">;

const DEFAULT_LOGIN: Login = { user: "SYSTEM", password: null };

/**
 * Reads `[user[/password]@]database`. An existing path is the database, whole; otherwise the text is split at its last `@`.
 * Without a database it is `$TSDP_DATABASE`, else the current directory.
 * @param otherwise who connects when the text names no user
 * @throws ORA-12154 when the database is neither a folder nor a regular file; a password is never part of the message.
 */
export function parseConnectString(
  text: string | undefined,
  currentDirectory: string,
  otherwise: Login = DEFAULT_LOGIN,
): ConnectIdentity {
  const { login, database } = split(text ?? "", currentDirectory);
  const path = database === "" ? defaultDatabase() : database;
  const { user, password } = login === "" ? otherwise : loginOf(login);
  if (!isPrintableName(user)) throw pumpError([["ORA-12154", path]], "A user name has 1 to 128 printable characters.");
  return { user, password, database: databasePath(path, currentDirectory) };
}

function loginOf(login: string): Login {
  const slash = login.indexOf("/");
  const user = slash < 0 ? login : login.slice(0, slash);
  return {
    user: user === "" ? DEFAULT_LOGIN.user : catalogName(user),
    password: slash < 0 ? null : login.slice(slash + 1),
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
    throw noDatabase(path, currentDirectory, error);
  }
  throw noDatabase(path, currentDirectory);
}

/** Without `@` the whole text is the database, also of who meant a user and a password by it. */
function noDatabase(path: string, currentDirectory: string, cause?: unknown): PumpError {
  const shown = maskedConnectString(path, currentDirectory);
  const hint = shown === path ? undefined : "There is no such path. Who connects stands before an @: user/password@database.";
  return pumpError([["ORA-12154", shown]], hint, cause);
}
