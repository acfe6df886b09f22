import { Command as Program } from "commander";
import type { Output } from "../output.ts";
import { USERID, type SessionOptions } from "../session-commands.ts";

/** `tsdp directory`. */
export function directoryProgram(output: Output): Program {
  const program = new Program("directory").description("directory objects: the places on disk that jobs may use");
  program
    .command("create")
    .description("name a folder")
    .argument("<name>", "name of the directory object")
    .argument("<path>", "folder, from the current directory when it is relative")
    .option("--replace", "redefine a directory object that exists")
    .option("--userid <text>", USERID)
    .action(async (name: string, path: string, options: SessionOptions & { replace?: boolean }) => {
      const { createDirectory } = await import("./directory-command.ts");
      await createDirectory(name, path, options, output);
    });
  program
    .command("list")
    .description("show all directory objects")
    .option("--json", "write one JSON document")
    .option("--userid <text>", USERID)
    .action(async (options: SessionOptions) => {
      const { listDirectories } = await import("./directory-command.ts");
      await listDirectories(options, output);
    });
  program
    .command("drop")
    .description("forget a directory object; the folder stays")
    .argument("<name>", "name of the directory object")
    .option("--userid <text>", USERID)
    .action(async (name: string, options: SessionOptions) => {
      const { dropDirectory } = await import("./directory-command.ts");
      await dropDirectory(name, options, output);
    });
  for (const [verb, description, preposition] of GRANTS) {
    program
      .command(verb)
      .description(description)
      .argument("<privileges>", "READ, WRITE, or READ,WRITE")
      .argument("<name>", "name of the directory object")
      .argument("<grantee>", `${preposition} whom: a user, a role, or PUBLIC for everybody`)
      .option("--userid <text>", USERID)
      .action(async (privileges: string, name: string, grantee: string, options: SessionOptions) => {
        const { changeDirectoryGrant } = await import("./directory-command.ts");
        await changeDirectoryGrant(verb, [privileges, name, grantee], options, output);
      });
  }
  return program;
}

const GRANTS = [
  ["grant", "let somebody use a directory object", "to"],
  ["revoke", "take that back", "from"],
] as const;
