import type { DataPump } from "../api/data-pump.ts";
import type { Output } from "./output.ts";
import { printable, printableJson } from "../base/printable.ts";
import { tableLines } from "./table-text.ts";

/** What the commands that need a session but no job have in common. */
export interface SessionOptions {
  /** Connect string; undefined: the default of the environment. */
  readonly userid?: string;
  readonly json?: boolean;
}

/** `tsdp directory create NAME PATH`. */
export async function createDirectory(
  name: string,
  path: string,
  options: SessionOptions & { replace?: boolean },
  output: Output,
) {
  await withSession(options.userid, async (pump) => {
    const directory = await pump.createDirectory(name, path, { replace: options.replace === true });
    output.out(`Directory ${printable(directory.name)} created: ${printable(directory.path)}`);
  });
}

/** `tsdp directory list`. */
export async function listDirectories(options: SessionOptions, output: Output) {
  await withSession(options.userid, async (pump) => {
    const directories = await pump.directories();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.directories/1", directories }));
    else
      output.out(
        ...tableLines(
          ["DIRECTORY_NAME", "DIRECTORY_PATH"],
          directories.map(({ name, path }) => [name, path]),
        ),
      );
  });
}

/** `tsdp directory drop NAME`. */
export async function dropDirectory(name: string, options: SessionOptions, output: Output) {
  await withSession(options.userid, async (pump) => {
    await pump.dropDirectory(name);
    output.out(`Directory ${printable(name)} dropped.`);
  });
}

type Jobs = Awaited<ReturnType<DataPump["jobs"]>>;

/** `tsdp jobs`. */
export async function listJobs(options: SessionOptions, output: Output) {
  await withSession(options.userid, async (pump) => {
    const jobs = await pump.jobs();
    output.out(...(options.json === true ? [printableJson({ schema: "tsdp.jobs/1", jobs })] : jobLines(jobs)));
  });
}

/** The jobs as a table with the columns of DBA_DATAPUMP_JOBS, the process and how far it is. */
export function jobLines(jobs: Jobs): readonly string[] {
  if (jobs.length === 0) return ["No jobs."];
  const heading = ["OWNER_NAME", "JOB_NAME", "OPERATION", "JOB_MODE", "STATE", "DEGREE", "PID", "PERCENT"];
  return tableLines(
    heading,
    jobs.map((job) => [job.owner, job.name, job.operation, job.mode, job.state, job.degree, job.pid ?? "", job.percentDone]),
  );
}

async function withSession(userid: string | undefined, work: (pump: DataPump) => Promise<void>): Promise<void> {
  const { connect } = await import("../api/data-pump.ts");
  const pump = await connect(userid);
  try {
    await work(pump);
  } finally {
    await pump.close();
  }
}
