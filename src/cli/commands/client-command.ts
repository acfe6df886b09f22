import { existsSync } from "node:fs";
import { MASK, maskedConnectString } from "../../base/masked-connect-string.ts";
import type { Assignment } from "../lexer.ts";
import { findParameter } from "../parameters/parameters.ts";

/** As much as may belong to a URL: commas, too. */
const URLS = /[a-z][a-z0-9+.-]*:\/\/[^\s"']*/gi;
const PARAMETER_FILE_RULE = "*".repeat(74);
const USER = /^([^/]*\/\/)[^/?#]*@/;
const QUERY = /([?#]).*$/;

/**
 * The command line as the log echoes it (CLIENT_COMMAND): the user with the password masked, then what was typed.
 * @param user who the session belongs to, for a command line that names none
 */
export function clientCommand(user: string, connectString: string | undefined, typed: readonly Assignment[]): string {
  const parameters = typed.filter(({ name }) => name !== "userid" && name !== "json");
  return [echoedConnectString(user, connectString), ...parameters.map(clientCommandText)].join(" ");
}

/** `hr/********@hr.db`; whether a password was given doesn't show. */
function echoedConnectString(user: string, connectString: string | undefined): string {
  const plain = `${user.toLowerCase()}/${MASK}`;
  if (connectString === undefined) return plain;
  const shown = maskedConnectString(connectString);
  const at = existsSync(connectString) ? -1 : shown.lastIndexOf("@");
  if (at === -1) return `${plain}@${shown}`;
  return `${shown.slice(0, at).split("/")[0] ?? ""}/${MASK}${shown.slice(at)}`;
}

/** One parameter as it is echoed. */
export function clientCommandText({ name, text }: Assignment): string {
  const parameter = findParameter(name);
  const masked = parameter?.status === "supported" && parameter.masked === true;
  return `${name}=${masked ? MASK : withoutSecrets(text)}`;
}

/** What stands in parameter files, as LOG_ENTRY takes it to the log file: the last parameter first; lines of a value below its first one. */
export function parameterFileLines(ofFiles: readonly Assignment[]): readonly string[] {
  if (ofFiles.length === 0) return [];
  const lines = ofFiles.toReversed().flatMap((assignment) => {
    const [first = "", ...others] = clientCommandText(assignment).split(/\r\n?|\n/);
    return [` parfile:  ${first}`, ...others.map((line) => ` _parfile: ${line}`)];
  });
  return [PARAMETER_FILE_RULE, "Parfile values:", ...lines, PARAMETER_FILE_RULE];
}

/** A text whose URLs show neither a query string, which is the secret of a pre-authenticated one, nor a user. */
export function withoutSecrets(text: string): string {
  return text.replace(URLS, (url: string) => url.replace(USER, `$1${MASK}@`).replace(QUERY, `$1${MASK}`));
}
