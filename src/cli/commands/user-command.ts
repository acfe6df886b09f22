import { printable, printableJson } from "../../base/printable.ts";
import type { Output } from "../output.ts";
import { askTwice, passwordOfFile } from "../passwords.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";

/** The password of a user that is made or changed, for whoever types none. */
const PASSWORD_VARIABLE = "TSDP_USER_PASSWORD";
const QUESTION = "New password: ";

export interface PasswordOptions extends SessionOptions {
  /** Ask for one. */
  readonly password?: boolean;
  readonly passwordFile?: string;
}

/** `tsdp user create NAME`. */
export async function createUser(name: string, options: PasswordOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const isFirst = (await pump.users.list()).length === 0;
    const user = await pump.users.create(
      name,
      async () => givenPassword(options) ?? (options.password === true ? askTwice(QUESTION) : null),
    );
    output.out(`User ${printable(user.name)} created.`);
    if (isFirst) output.out("From now on only users of the database may connect, and what they may do is checked.");
    const system = (await pump.users.list()).find((other) => other.name === "SYSTEM");
    if (system?.hasPassword === false)
      output.err("Warning: SYSTEM, who may do everything, has no password: `tsdp user password SYSTEM` gives it one.");
  });
}

/** `tsdp user password NAME`. */
export async function changePassword(
  name: string,
  options: PasswordOptions & { readonly none?: boolean },
  output: Output,
): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.users.setPassword(name, options.none === true ? null : async () => givenPassword(options) ?? askTwice(QUESTION));
    output.out(`User ${printable(name)} ${options.none === true ? "needs no password any more" : "has a new password"}.`);
  });
}

/** `tsdp user list`. */
export async function listUsers(options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const users = await pump.users.list();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.users/1", users }));
    else if (users.length === 0) output.out("No users: nobody is checked.");
    else
      output.out(
        ...tableLines(
          ["USERNAME", "ACCOUNT_STATUS", "PASSWORD", "CREATED"],
          users.map(({ name, isLocked, hasPassword, created }) => [
            name,
            isLocked ? "LOCKED" : "OPEN",
            hasPassword ? "YES" : "NO",
            created,
          ]),
        ),
      );
  });
}

/** `tsdp user lock NAME` and `tsdp user unlock NAME`. */
export async function setUserLocked(
  name: string,
  verb: "lock" | "unlock",
  options: SessionOptions,
  output: Output,
): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.users[verb](name);
    output.out(`User ${printable(name)} ${verb}ed.`);
  });
}

/** `tsdp user drop NAME`. */
export async function dropUser(
  name: string,
  options: SessionOptions & { readonly cascade?: boolean },
  output: Output,
): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.users.drop(name, options.cascade === true);
    output.out(`User ${printable(name)} dropped.`);
  });
}

/** Never an argument: those are seen by everybody. */
function givenPassword({ passwordFile }: PasswordOptions): string | null {
  if (passwordFile !== undefined) return passwordOfFile(passwordFile);
  const fromEnvironment = process.env[PASSWORD_VARIABLE] ?? "";
  return fromEnvironment === "" ? null : fromEnvironment;
}
