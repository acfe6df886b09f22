import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command as Program } from "commander";
import type { DumpOptions } from "../api/dump-access.ts";
import { pumpError } from "../base/errors.ts";
import { maskedConnectString } from "../base/masked-connect-string.ts";
import { dumpPassword, userPassword } from "./passwords.ts";

/** The options of every command that looks into a dump. */
export interface DumpArguments {
  readonly encryptionPasswordFile?: string;
  readonly encryptionPwdPrompt?: boolean;
  readonly credential?: string;
  readonly userid?: string;
}

export const DUMP_FILES =
  "paths or URLs of the dump files, or a template (dump_%U.dmp); one of them is enough when the others are beside it";

/** Declares the options by which an encrypted dump is opened. */
export function addDumpOptions(program: Program): Program {
  return program
    .option("--encryption-password-file <path>", "file whose first line is the password of the dump files")
    .option(
      "--encryption-pwd-prompt",
      "ask for the password of the dump files; else $TSDP_ENCRYPTION_PASSWORD, or the open wallet",
    )
    .option("--credential <name>", "credential of the object store that holds the dump files")
    .option(
      "--userid <text>",
      "connect string of the database whose wallet opens the dump files, and whose user has the credential",
    );
}

/** What is shown in place of a word that can be no dump file, as there is no such folder, and may be a connect string; null: it may be a file. */
export function maskedDatabase(word: string): string | null {
  const shown = maskedConnectString(word);
  const isFile = !word.includes("@") || shown === word || word.includes("://") || existsSync(dirname(resolve(word)));
  return isFile ? null : shown;
}

/** The name of a file that is not there would show its password. @throws ORA-31640 for what may be a connect string */
export function assertDumpFiles(files: readonly string[]): void {
  const shown = files.map(maskedDatabase).find((masked) => masked !== null);
  if (shown === undefined) return;
  throw pumpError(
    [["ORA-39001"], ["ORA-39000"], ["ORA-31640", shown]],
    "Give the path of a dump file; --userid takes a database.",
  );
}

/**
 * What the options say, the password read or asked for.
 * @throws ORA-29283 for a password file that can't be read, and as `assertDumpFiles`
 */
export async function dumpOptions(files: readonly string[], options: DumpArguments): Promise<DumpOptions> {
  assertDumpFiles(files);
  const { encryptionPasswordFile: file, encryptionPwdPrompt: prompt = false, credential, userid: database } = options;
  const password = await dumpPassword({ password: undefined, prompt, file }, false);
  return { password, credential, database, userPassword };
}
