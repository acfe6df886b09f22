import { Command as Program } from "commander";
import type { Output } from "../output.ts";
import { USERID, type SessionOptions } from "../session-commands.ts";

/** `tsdp role`. */
export function roleProgram(output: Output): Program {
  const program = new Program("role").description("roles: what users may do");
  const name = ["<role>", "name of the role"] as const;
  const userid = ["--userid <text>", USERID] as const;
  program
    .command("list")
    .description("show all roles and who has them; who has no role of Data Pump sees his own")
    .option("--json", "write one JSON document")
    .option(...userid)
    .action(async (options: SessionOptions) => (await import("./role-command.ts")).listRoles(options, output));
  for (const verb of ["create", "drop"] as const) {
    program
      .command(verb)
      .description(verb === "create" ? "make a role of your own" : "forget a role, whoever has it")
      .argument(...name)
      .option(...userid)
      .action(async (role: string, options: SessionOptions) =>
        (await import("./role-command.ts")).changeRoles(verb, role, options, output),
      );
  }
  for (const verb of ["grant", "revoke"] as const) {
    program
      .command(verb)
      .description(verb === "grant" ? "give a role to somebody" : "take a role from somebody")
      .argument(...name)
      .argument("<grantee>", "a user, a role, or PUBLIC for everybody")
      .option(...userid)
      .action(async (role: string, grantee: string, options: SessionOptions) =>
        (await import("./role-command.ts")).changeGrants(verb, role, grantee, options, output),
      );
  }
  return program;
}
