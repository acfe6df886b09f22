import { Command as Program } from "commander";
import type { Output } from "../output.ts";
import type { SessionOptions } from "../session-commands.ts";

/** `tsdp column`. */
export function columnProgram(output: Output): Program {
  const program = new Program("column").description("columns that encryption=encrypted_columns_only encrypts");
  const names = ["<column...>", "[schema.]table.column"] as const;
  const userid = ["--userid <text>", "connect string of the database"] as const;
  program
    .command("encrypt")
    .description("mark columns as secret")
    .argument(...names)
    .option(...userid)
    .action(async (columns: string[], options: SessionOptions) =>
      (await import("./column-command.ts")).encryptColumns(columns, options, output),
    );
  program
    .command("decrypt")
    .description("take the marks of columns away")
    .argument(...names)
    .option(...userid)
    .action(async (columns: string[], options: SessionOptions) =>
      (await import("./column-command.ts")).decryptColumns(columns, options, output),
    );
  program
    .command("list")
    .description("show the marked columns")
    .option("--json", "write one JSON document")
    .option(...userid)
    .action(async (options: SessionOptions) => (await import("./column-command.ts")).listColumns(options, output));
  return program;
}
