import type { Command as Program } from "commander";
import type { DumpOptions } from "../api/dump-access.ts";
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

/** What the options say, the password read or asked for. @throws ORA-29283 for a password file that can't be read */
export async function dumpOptions(options: DumpArguments): Promise<DumpOptions> {
  const { encryptionPasswordFile: file, encryptionPwdPrompt: prompt = false, credential, userid: database } = options;
  const password = await dumpPassword({ password: undefined, prompt, file }, false);
  return { password, credential, database, userPassword };
}
