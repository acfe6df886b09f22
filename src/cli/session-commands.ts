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

/** Runs work in a session of its own. */
export async function withSession(userid: string | undefined, work: (pump: DataPump) => Promise<void>): Promise<void> {
  const { connect } = await import("../api/data-pump.ts");
  const pump = await connect(userid);
  try {
    await work(pump);
  } finally {
    await pump.close();
  }
}
