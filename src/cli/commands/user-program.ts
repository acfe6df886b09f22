import { Command as Program } from "commander";
import type { Output } from "../output.ts";
import { USERID, type SessionOptions } from "../session-commands.ts";
import type { PasswordOptions } from "./user-command.ts";

/** `tsdp user`. */
export function userProgram(output: Output): Program {
  const program = new Program("user").description("users: once there is one, is checked who may do what");
  const name = ["<name>", "name of the user"] as const;
  const userid = ["--userid <text>", USERID] as const;
  const passwordFile = ["--password-file <path>", "file whose first line is the password; else $TSDP_USER_PASSWORD"] as const;
  program
    .command("create")
    .description("let somebody connect; the first user turns the checks on")
    .argument(...name)
    .option("--password", "ask for a password; without one whoever says the name may connect")
    .option(...passwordFile)
    .option(...userid)
    .action(async (user: string, options: PasswordOptions) =>
      (await import("./user-command.ts")).createUser(user, options, output),
    );
  program
    .command("password")
    .description("give a user, or oneself, another password: it is asked for")
    .argument(...name)
    .option(...passwordFile)
    .option("--none", "from now on the user needs no password")
    .option(...userid)
    .action(async (user: string, options: PasswordOptions & { none?: boolean }) =>
      (await import("./user-command.ts")).changePassword(user, options, output),
    );
  program
    .command("list")
    .description("show all users; who has no role of Data Pump sees himself")
    .option("--json", "write one JSON document")
    .option(...userid)
    .action(async (options: SessionOptions) => (await import("./user-command.ts")).listUsers(options, output));
  for (const verb of ["lock", "unlock"] as const) {
    program
      .command(verb)
      .description(verb === "lock" ? "let a user connect no more" : "let a locked user connect again")
      .argument(...name)
      .option(...userid)
      .action(async (user: string, options: SessionOptions) =>
        (await import("./user-command.ts")).setUserLocked(user, verb, options, output),
      );
  }
  program
    .command("drop")
    .description("forget a user; schema and jobs stay; SYSTEM goes last and turns the checks off")
    .argument(...name)
    .option("--cascade", "credentials and database links of the user go as well")
    .option(...userid)
    .action(async (user: string, options: SessionOptions & { cascade?: boolean }) =>
      (await import("./user-command.ts")).dropUser(user, options, output),
    );
  return program;
}
