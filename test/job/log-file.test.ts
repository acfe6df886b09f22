import { closeSync, openSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type * as FileSystem from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { StoredMessage } from "../../src/job/control-table.ts";
import type { JobDefinition, JobFile } from "../../src/job/definition.ts";
import { LogFile } from "../../src/job/log-file.ts";
import { environmentWithoutSecrets } from "../../src/job/secrets.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Stands for the disk, when it is to take only a part of what it is given. */
const disk = vi.hoisted(() => ({ write: null as ((descriptor: number, bytes: Buffer, offset: number) => number) | null }));
const fs = await vi.importActual<typeof FileSystem>("node:fs");
vi.mock("node:fs", async (original) => {
  const actual = await original<typeof FileSystem>();
  const writeSync = (descriptor: number, bytes: Buffer, offset: number) =>
    (disk.write ?? actual.writeSync)(descriptor, bytes, offset);
  return { ...actual, writeSync };
});

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

describe("a log that is gone on with", () => {
  const begun = 'Starting "HR"."J":  hr/******** ';
  const told = [begun, "reopened", "an error", "reopened", "done"].map((text, i) => {
    const lines = [{ code: null, text }];
    return { seq: i + 1, kind: "wip", lines, time: "2026-01-01T00:00:00Z" } satisfies StoredMessage;
  });
  const messages = {
    lastMessage: () => told.length,
    messagesAfter: (seq: number, limit = 1000) => told.filter((message) => message.seq > seq).slice(0, limit),
  };
  const whole = `${begun}\nreopened\nan error\nreopened\ndone\n`;
  let [path, definition, file] = ["", {} as JobDefinition, {} as JobFile];
  beforeEach(() => {
    const folder = temporaryFolder();
    path = join(folder, "a.log");
    const facts = { owner: "HR", name: "J", database: folder, operation: "SQL_FILE", files: [], parameters: {} };
    definition = facts as unknown as JobDefinition;
    file = { type: "log", name: "a.log", directory: "D", directoryPath: folder, fileSize: null, reuse: true };
  });

  test("gets what was told and not written, also between lines that are the same, and keeps the rest", () => {
    for (let written = 1; written <= told.length; written++) {
      const log = LogFile.open(definition, file, new Date());
      for (const message of told.slice(0, written)) log.write(message, new Date());
      log.close();
      writeFileSync(path, `earlier\n${readFileSync(path, "utf8")}`);
      LogFile.reopen(definition, file, messages).close();
      expect(readFileSync(path, "utf8")).toBe(`earlier\n${whole}`);
    }
  });

  test.each([
    ["is gone", null],
    ["is empty", ""],
    ["is torn", `${begun}\nreopened\nan er`],
    ["is another job's, which has said the same last", 'Starting "HR"."K":  hr/******** \nreopened\n'],
    ["is another job's", 'Starting "HR"."K":  hr/******** \nother\n'],
  ])("is written anew with all messages when it %s", (_, text) => {
    if (text !== null) writeFileSync(path, text);
    const other = text === null ? null : openSync(path, "r");
    LogFile.reopen(definition, file, messages).close();
    expect(readFileSync(path, "utf8")).toBe(whole);
    if (other === null) return;
    expect(readFileSync(other, "utf8"), "nothing goes into the file of another job").toBe(text);
    closeSync(other);
  });
});

test("a message of which a full disk takes a part only is not in the log at all, and one that it takes in parts is whole", () => {
  const folder = temporaryFolder();
  const definition = { database: folder, operation: "SQL_FILE", files: [], parameters: {} } as unknown as JobDefinition;
  const file: JobFile = { type: "log", name: "a.log", directory: "D", directoryPath: folder, fileSize: null, reuse: true };
  const log = LogFile.open(definition, file, new Date());
  const say = (text: string) => {
    log.write({ kind: "wip", lines: [{ code: null, text }] }, new Date());
  };
  let room = Infinity;
  disk.write = (descriptor, bytes, offset) => {
    if (room === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    const length = Math.min(bytes.length - offset, room, 5);
    room -= length;
    return fs.writeSync(descriptor, bytes, offset, length);
  };
  onTestFinished(() => {
    disk.write = null;
  });
  say("the first line");
  room = 7;
  expect(() => {
    say("the second line");
  }).toThrow("no space");
  room = Infinity;
  say("the third line");
  log.close();
  expect(readFileSync(join(folder, "a.log"), "utf8")).toBe("the first line\nthe third line\n");
});

test("a log whose folder has been moved away says that, whether it is opened or gone on with", () => {
  const moved = join(temporaryFolder(), "moved");
  const definition = { database: moved, operation: "SQL_FILE", files: [], parameters: {} } as unknown as JobDefinition;
  const file: JobFile = { type: "log", name: "a.log", directory: "D", directoryPath: moved, fileSize: null, reuse: true };
  const hint = expect.stringContaining(`${moved}, which the job was defined with, is not there`) as string;
  for (const open of [
    () => LogFile.open(definition, file, new Date()),
    () => LogFile.reopen(definition, file, { lastMessage: () => 0, messagesAfter: () => [] }),
  ])
    expect(open).toThrow(expect.objectContaining({ code: "ORA-39002", hint }) as Error);
});

test("no secret of the client is in the environment of a process that it starts", () => {
  for (const name of ["ENCRYPTION_PASSWORD", "WALLET_PASSWORD", "CREDENTIAL_SECRET"]) vi.stubEnv(`TSDP_${name}`, "secret");
  expect(Object.entries(environmentWithoutSecrets()).filter(([, value]) => value === "secret")).toEqual([]);
});
