import type { DataPump } from "../api/data-pump.ts";
import { formatLine, toPumpError } from "../base/errors.ts";
import { printable, printableJson, printableLines } from "../base/printable.ts";
import { formatSize } from "../base/sizes.ts";
import type { JobScreen } from "./events.ts";
import { addLogFile, defineJob } from "./job-calls.ts";
import type { JobPlan } from "./job-plan.ts";
import type { Output } from "./output.ts";
import { tableLines } from "./text/table-text.ts";

type DryRun = Awaited<ReturnType<DataPump["dryRun"]>>;

/** What shows a dry run. */
interface Client {
  readonly screen: JobScreen;
  readonly output: Output;
  readonly json: boolean;
}

/**
 * `dry_run=y`: defines the job in a session that starts none, and shows what it would do.
 * @returns the exit code: 5 when the job would report errors
 */
export async function showDryRun(
  pump: DataPump,
  plan: JobPlan,
  command: string,
  { screen, output, json }: Client,
): Promise<number> {
  const handle = await defineJob(pump, { ...plan, log: null }, command);
  screen.wait("Looking at what the job would do");
  const { problems, ...rest } = await pump.dryRun(handle);
  const found = { ...rest, problems: [...(await logProblems(pump, handle, plan)), ...problems] };
  const exitCode = found.problems.length === 0 ? 0 : 5;
  screen.close();
  output.out(...(json ? [printableJson({ schema: "tsdp.dry-run/1", ...found, ...sumOf(found), exitCode })] : dryRunLines(found)));
  return exitCode;
}

/** What the job would say of its log file. A dry run writes none, so it can do without. */
async function logProblems(pump: DataPump, handle: number, plan: JobPlan): Promise<DryRun["problems"]> {
  try {
    await addLogFile(pump, handle, plan);
    return [];
  } catch (error) {
    return [toPumpError(error).lines];
  }
}

/** The findings as text. */
export function dryRunLines(found: DryRun): readonly string[] {
  const { taken, leftOut, problems, notes, isEstimated } = found;
  const heading = ["SCHEMA", "TYPE", "NAME", "ACTION", "ROWS", "SIZE"];
  const rows = taken.map(({ schema, type, name, action, rows, bytes }) => [
    ...[schema, type, name, action, rows ?? ""],
    bytes === null ? "" : formatSize(bytes),
  ]);
  const reasons = leftOut.map(({ schema, type, name, reason }) => [schema, type, name, reason]);
  const sum = sumOf(found);
  const about = isEstimated ? "about " : "";
  return [
    ...(taken.length === 0 ? ["Nothing would be taken."] : ["Would be taken:", ...tableLines(heading, rows), ""]),
    ...(leftOut.length === 0 ? [] : ["Would be left out:", ...tableLines(["SCHEMA", "TYPE", "NAME", "REASON"], reasons), ""]),
    ...[...problems, ...notes.map((note) => [note])].flatMap((stack) => stack.map((line) => printableLines(formatLine(line)))),
    printable(
      `Dry run, nothing was written: ${about}${sum.rows} rows and ${about}${formatSize(sum.bytes)} in ${taken.length} objects, ${leftOut.length} left out, ${problems.length} error(s)`,
    ),
  ];
}

function sumOf({ taken }: DryRun): { readonly rows: number; readonly bytes: number } {
  const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  return { rows: sum(taken.map(({ rows }) => rows)), bytes: sum(taken.map(({ bytes }) => bytes)) };
}
