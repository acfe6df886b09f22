import { Command as Program } from "commander";
import { addDumpOptions, DUMP_FILES } from "../dump-arguments.ts";
import type { Output } from "../output.ts";
import type { VerifyOptions } from "./verify-command.ts";

/** `tsdp verify`. */
export function verifyProgram(output: Output, end: (exitCode: number) => void): Program {
  return addDumpOptions(new Program("verify"))
    .description("check dump files to the row level without importing them, and compare them with live schemas")
    .argument("<files...>", DUMP_FILES)
    .option(
      "--against <connect string>",
      "compare the dump by content with the schemas of this database, as this user or that of --userid: [user[/password]@]database",
    )
    .option("--schemas <names>", "with --against: compare these schemas of the dump only")
    .option("--remap-schema <source:target,...>", "with --against: compare schema source with the live schema target")
    .option("--json", "write one JSON document")
    .action(async (files: readonly string[], options: VerifyOptions) => {
      const { verify } = await import("./verify-command.ts");
      end(await verify(files, options, output));
    });
}
