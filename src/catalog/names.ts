import { upperName } from "../base/identifiers.ts";

/** A user or directory name as Oracle reads it: in double quotes as it stands, otherwise in upper case. */
export function catalogName(text: string): string {
  const quoted = /^"(.+)"$/su.exec(text)?.[1];
  return quoted ?? upperName(text);
}

/** What `isPrintableName` asks, in words. */
export const NAME_RULE = "A name has 1 to 128 printable characters.";

/** Whether a text may name a job, a directory or a user: 1 to 128 printable characters, blanks included. */
export function isPrintableName(text: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,128}$/u.test(text);
}
