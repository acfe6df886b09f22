import { Command as Program } from "commander";
import type { Output } from "../output.ts";
import type { SessionOptions } from "../session-commands.ts";

/** `tsdp link`. */
export function linkProgram(output: Output): Program {
  const program = new Program("link").description("names for other databases, for network_link=");
  const name = ["<name>", "name of the database link"] as const;
  const userid = ["--userid <text>", "connect string of the database that keeps the link"] as const;
  program
    .command("create")
    .description("name another database")
    .argument(...name)
    .argument("<connect>", "its connect string, [user@]database")
    .option(...userid)
    .action(async (link: string, connect: string, options: SessionOptions) =>
      (await import("./link-command.ts")).createLink(link, connect, options, output),
    );
  program
    .command("list")
    .description("show the links of the user")
    .option("--json", "write one JSON document")
    .option(...userid)
    .action(async (options: SessionOptions) => (await import("./link-command.ts")).listLinks(options, output));
  program
    .command("drop")
    .description("forget a link; the database stays")
    .argument(...name)
    .option(...userid)
    .action(async (link: string, options: SessionOptions) => (await import("./link-command.ts")).dropLink(link, options, output));
  return program;
}
