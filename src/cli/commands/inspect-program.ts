import { Command as Program, Option } from "commander";
import { addDumpOptions, DUMP_FILES } from "../dump-arguments.ts";
import type { LsOptions } from "./ls-command.ts";
import type { Output } from "../output.ts";
import { ROW_FORMATS, type CatOptions, type RowsOptions } from "./rows-command.ts";

/** The commands that look into a dump without importing it: `tsdp ls`, `tsdp sql` and `tsdp cat`. */
export function inspectPrograms(output: Output, end: (exitCode: number) => void): readonly Program[] {
  return [lsProgram(output, end), sqlProgram(output, end), catProgram(output, end)];
}

function lsProgram(output: Output, end: (exitCode: number) => void): Program {
  return addDumpOptions(
    new Program("ls")
      .description("list what a dump holds: objects, rows, bytes, and the state of each")
      .argument("<dump...>", DUMP_FILES)
      .option("--name <glob>", "only objects with this name, or SCHEMA.NAME; * stands for any characters, ? for one", collect)
      .option("--schema <name>", "only objects of this schema", collect)
      .option(
        "--type <type>",
        "only objects of this type: table, view, index or trigger; these three options may be repeated",
        collect,
      )
      .option("--json", "write one JSON document"),
  ).action(async (files: string[], options: LsOptions) => {
    end(await (await import("./ls-command.ts")).listDumps(files, options, output));
  });
}

function sqlProgram(output: Output, end: (exitCode: number) => void): Program {
  return rowsProgram(
    new Program("sql")
      .description("run a SELECT over the tables of a dump; only the tables that it reads are read from the dump")
      .argument("<words...>", `${DUMP_FILES}; then the statement`)
      .usage('[options] <dump...> "<statement>"'),
  ).action(async (words: string[], options: RowsOptions) => {
    end(await (await import("./rows-command.ts")).runSql(words, options, output));
  });
}

function catProgram(output: Output, end: (exitCode: number) => void): Program {
  return rowsProgram(
    new Program("cat")
      .description("write the rows of one table of a dump, in their order")
      .argument("<words...>", `${DUMP_FILES}; then the table as [schema.]table`)
      .usage("[options] <dump...> <table>")
      .option("--where <condition>", "only rows for which this SQL condition holds")
      .option("--limit <rows>", "no more rows than this"),
  ).action(async (words: string[], options: CatOptions) => {
    end(await (await import("./rows-command.ts")).runCat(words, options, output));
  });
}

function rowsProgram(program: Program): Program {
  return addDumpOptions(
    program.addOption(new Option("--format <format>", "how rows are written").choices(ROW_FORMATS).default("table")),
  );
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
