import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { connect, type DataPump } from "../../src/api/data-pump.ts";
import type { ErrorLine, PumpError } from "../../src/base/errors.ts";
import { ControlTable } from "../../src/job/control-table.ts";
import { controlTablePath } from "../../src/job/jobs.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

export interface ExampleSession {
  readonly folder: string;
  readonly pump: DataPump;
}

/** A session on an empty database folder with the directory object DMPDIR (`dumps`). */
export async function exampleSession(): Promise<ExampleSession> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "dumps"));
  const pump = await connect(folder, { currentDirectory: folder });
  await pump.createDirectory("DMPDIR", "dumps");
  onTestFinished(async () => pump.close());
  return { folder, pump };
}

/** A second connection to the control table of a job of SYSTEM, as a control process has one. */
export function controlTable({ folder }: ExampleSession, jobName = "EXAMPLE1"): ControlTable {
  const table = ControlTable.open(controlTablePath(join(folder, ".tsdp"), "SYSTEM", jobName));
  onTestFinished(() => {
    table.close();
  });
  return table;
}

/** Expects a rejection with these codes, outermost first. */
export async function expectCodes(call: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as PumpError,
  );
  expect(error?.lines.map((line: ErrorLine) => line.code)).toEqual(codes);
}
