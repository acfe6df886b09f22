import { existsSync } from "node:fs";
import type { Assignment } from "../lexer.ts";
import { findParameter } from "../parameters/parameters.ts";

const MASK = "********";
/** As much as may belong to a URL: commas, too. */
const URLS = /[a-z][a-z0-9+.-]*:\/\/[^\s"']*/gi;
const USER = /^([^/]*\/\/)[^/?#]*@/;
const QUERY = /([?#]).*$/;

/**
 * The command line as the log echoes it (CLIENT_COMMAND): the user with the password masked, then what was typed.
 * @param user who the session belongs to, for a command line that names none
 */
export function clientCommand(user: string, connectString: string | undefined, typed: readonly Assignment[]): string {
  const parameters = typed.filter(({ name }) => name !== "userid" && name !== "json");
  return [maskedConnectString(user, connectString), ...parameters.map(clientCommandText)].join(" ");
}

/** `hr/********@hr.db`; whether a password was given doesn't show. An existing path is a database, whole. */
export function maskedConnectString(user: string, connectString: string | undefined): string {
  const plain = `${user.toLowerCase()}/${MASK}`;
  if (connectString === undefined) return plain;
  const at = existsSync(connectString) ? -1 : connectString.lastIndexOf("@");
  if (at === -1) return `${plain}@${connectString}`;
  return `${connectString.slice(0, at).split("/")[0] ?? ""}/${MASK}@${connectString.slice(at + 1)}`;
}

/** One parameter as it is echoed. */
export function clientCommandText({ name, text }: Assignment): string {
  const parameter = findParameter(name);
  const masked = parameter?.status === "supported" && parameter.masked === true;
  return `${name}=${masked ? MASK : withoutSecrets(text)}`;
}

/** A text whose URLs show neither a query string, which is the secret of a pre-authenticated one, nor a user. */
export function withoutSecrets(text: string): string {
  return text.replace(URLS, (url: string) => url.replace(USER, `$1${MASK}@`).replace(QUERY, `$1${MASK}`));
}
