import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { StoredMessage } from "../../src/job/control-table.ts";
import type { JobDefinition, JobFile } from "../../src/job/definition.ts";
import { LogFile } from "../../src/job/log-file.ts";
import { environmentWithoutSecrets } from "../../src/job/secrets.ts";
import { temporaryFolder } from "./temporary-folder.ts";

test("a log replaces the one of its name; a job that still writes into that one does not write into this", () => {
  const folder = temporaryFolder();
  const open = (name: string) => {
    const definition = { database: folder, operation: "SQL_FILE", files: [], parameters: {} } as unknown as JobDefinition;
    const file: JobFile = { type: "log", name, directory: "D", directoryPath: folder, fileSize: null, reuse: true };
    return LogFile.open(definition, file, new Date());
  };
  const say = (log: LogFile, text: string) => {
    log.write({ kind: "wip", lines: [{ code: null, text }] }, new Date());
  };
  const path = join(folder, "a.log");
  writeFileSync(path, "of an earlier job", { mode: 0o640 });
  symlinkSync(path, join(folder, "link.log"));
  const [first, second] = [open("a.log"), open("link.log")];
  say(first, "one");
  say(second, "two\nORA-00600: forged \u001b[2J");
  say(first, "three");
  first.close();
  second.close();
  expect(readFileSync(path, "utf8")).toBe("two\\nORA-00600: forged \\x1b[2J\n");
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test("a log that is gone on with gets what was told and not written, also between lines that are the same", () => {
  const folder = temporaryFolder();
  const definition = { database: folder, operation: "SQL_FILE", files: [], parameters: {} } as unknown as JobDefinition;
  const file: JobFile = { type: "log", name: "a.log", directory: "D", directoryPath: folder, fileSize: null, reuse: true };
  const told = ["begun", "reopened", "an error", "reopened", "done"].map((text, i) => {
    const lines = [{ code: null, text }];
    return { seq: i, kind: "wip", lines, time: "2026-01-01T00:00:00Z" } satisfies StoredMessage;
  });
  for (let written = 1; written <= told.length; written++) {
    const log = LogFile.open(definition, file, new Date());
    for (const message of told.slice(0, written)) log.write(message, new Date());
    log.close();
    LogFile.reopen(definition, file, told).close();
    expect(readFileSync(join(folder, "a.log"), "utf8")).toBe("begun\nreopened\nan error\nreopened\ndone\n");
  }
});

test("a log whose folder has been moved away says that, whether it is opened or gone on with", () => {
  const moved = join(temporaryFolder(), "moved");
  const definition = { database: moved, operation: "SQL_FILE", files: [], parameters: {} } as unknown as JobDefinition;
  const file: JobFile = { type: "log", name: "a.log", directory: "D", directoryPath: moved, fileSize: null, reuse: true };
  const hint = expect.stringContaining(`${moved}, which the job was defined with, is not there`) as string;
  for (const open of [() => LogFile.open(definition, file, new Date()), () => LogFile.reopen(definition, file, [])])
    expect(open).toThrow(expect.objectContaining({ code: "ORA-39002", hint }) as Error);
});

test("no secret of the client is in the environment of a process that it starts", () => {
  for (const name of ["ENCRYPTION_PASSWORD", "WALLET_PASSWORD", "CREDENTIAL_SECRET"]) vi.stubEnv(`TSDP_${name}`, "secret");
  expect(Object.entries(environmentWithoutSecrets()).filter(([, value]) => value === "secret")).toEqual([]);
});
