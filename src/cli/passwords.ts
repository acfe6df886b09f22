import { readFileSync } from "node:fs";
import { causeLines, pumpError } from "../base/errors.ts";

/** The password of dumps for whoever types none: the environment of a nightly job. */
export const PASSWORD_VARIABLE = "TSDP_ENCRYPTION_PASSWORD";

/** Where the password of a dump comes from, as it was typed. */
export interface PasswordSource {
  readonly password: string | undefined;
  readonly prompt: boolean;
  readonly file: string | undefined;
}

/**
 * The password of a dump; null when none was given.
 * @param isNew of a dump that is still to be written: who is asked for it types it twice
 * @throws ORA-29283 for a file that can't be read or is empty, TSDP-00010 when the two differ
 */
export async function dumpPassword({ password, prompt, file }: PasswordSource, isNew: boolean): Promise<string | null> {
  if (password !== undefined) return password;
  if (file !== undefined) return passwordOfFile(file);
  if (prompt) return isNew ? askTwice("Encryption Password: ") : askSecret("Encryption Password: ");
  const fromEnvironment = process.env[PASSWORD_VARIABLE] ?? "";
  return fromEnvironment === "" ? null : fromEnvironment;
}

/**
 * The password of a user for whoever puts none into the connect string; null when nobody is there to be asked: what stands on a pipe
 * are the commands of `attach`.
 */
export async function userPassword(): Promise<string | null> {
  const fromEnvironment = process.env["TSDP_PASSWORD"] ?? "";
  if (fromEnvironment !== "") return fromEnvironment;
  return process.stdin.isTTY ? askSecret("Password: ") : null;
}

/** The key of REMAP_DATA for whoever types none. */
const REMAP_KEY_VARIABLE = "TSDP_REMAP_DATA_KEY";

/** Where the key of REMAP_DATA comes from. There is no parameter for the key itself: others could read it. */
export interface RemapKeySource {
  readonly prompt: boolean;
  readonly file: string | undefined;
}

/** The key of REMAP_DATA; null when none was given. @throws ORA-29283 for a file that can't be read or is empty */
export async function remapDataKey({ prompt, file }: RemapKeySource): Promise<string | null> {
  if (file !== undefined) return secretOfFile(file, "key file");
  if (prompt) return askSecret("Remap Data Key: ", "key");
  const fromEnvironment = process.env[REMAP_KEY_VARIABLE] ?? "";
  return fromEnvironment === "" ? null : fromEnvironment;
}

/** The first line of a file. */
export function passwordOfFile(path: string): string {
  return secretOfFile(path, "password file");
}

/** The same of any secret. @param noun what the file is */
export function secretOfFile(path: string, noun: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw pumpError([["ORA-29283", `cannot read ${noun} "${path}"`], ...causeLines(error)], undefined, error);
  }
  const secret = /^[^\r\n]*/.exec(text.replace(/^\uFEFF/, ""))?.[0] ?? "";
  if (secret === "") throw pumpError([["ORA-29283", `${noun} "${path}" is empty`]]);
  return secret;
}

/** A typing error would lock the dump for good. On a pipe nobody types. */
export async function askTwice(question: string): Promise<string> {
  const secret = await askSecret(question);
  if (process.stdin.isTTY && (await askSecret("Verify password: ")) !== secret)
    throw pumpError([["TSDP-00010", "the passwords differ"]], "Nothing was done; try again.");
  return secret;
}

/** Asks at the terminal without echo; on a pipe the next line is taken. */
export async function askSecret(question: string, noun = "password"): Promise<string> {
  const { stdin, stderr } = process;
  // First: who answers as soon as the question stands must not be echoed.
  if (stdin.isTTY) stdin.setRawMode(true);
  stderr.write(question);
  const secret = await readSecret(stdin).finally(() => {
    if (stdin.isTTY) {
      stdin.setRawMode(false);
      stderr.write("\n");
    }
    stdin.pause();
  });
  // A raw terminal sends no signal: nobody has begun anything yet, so it ends the command as it would have.
  if (secret === null) process.kill(process.pid, "SIGINT");
  if (secret === null || secret === "") throw pumpError([["TSDP-00010", `no ${noun} was given`]]);
  return secret;
}

const CTRL_C = "\u0003";
/** Enter, and Ctrl-D. */
const END: ReadonlySet<string> = new Set(["\r", "\n", "\u0004"]);
const ERASE: ReadonlySet<string> = new Set(["\b", "\u007f"]);

/** Raw terminals hand over every key: backspace, Ctrl-C (null) and the end of the line are ours to see. */
async function readSecret(stdin: NodeJS.ReadStream): Promise<string | null> {
  stdin.setEncoding("utf8");
  return new Promise((resolve) => {
    let secret = "";
    const done = () => {
      stdin.off("data", take).off("end", end);
    };
    const end = () => {
      done();
      resolve(secret);
    };
    const take = (text: string) => {
      const characters = Array.from(text);
      for (const [i, character] of characters.entries()) {
        if (END.has(character)) {
          done();
          stdin.unshift(characters.slice(i + 1).join(""));
          resolve(secret);
          return;
        }
        if (character === CTRL_C) {
          done();
          resolve(null);
          return;
        }
        secret = ERASE.has(character) ? Array.from(secret).slice(0, -1).join("") : secret + character;
      }
    };
    stdin.on("data", take).on("end", end);
    stdin.resume();
  });
}
