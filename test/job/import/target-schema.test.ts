import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pumpError } from "../../../src/base/errors.ts";
import { failpoint } from "../../../src/base/failpoint.ts";
import { ControlTable } from "../../../src/job/control-table.ts";
import { ImportState } from "../../../src/job/import/import-state.ts";
import type { SchemaImport } from "../../../src/job/import/import-plan.ts";
import { TargetSchema } from "../../../src/job/import/target-schema.ts";
import { openDatabase } from "../../../src/sqlite/database.ts";
import { commitPublication, preparePublication } from "../../../src/sqlite/publish.ts";
import { readSettings } from "../../../src/sqlite/schema.ts";
import { createProgressTable, listStaging, notePiece, progressName } from "../../../src/sqlite/staging.ts";
import { setJournalMode } from "../../../src/sqlite/target.ts";
import { failureOf } from "../pump-jobs.ts";
import { jobDefinition } from "../job-definition.ts";

vi.mock(import("node:fs"), async (original) => {
  const fs = await original();
  return { ...fs, linkSync: vi.fn(fs.linkSync) };
});
vi.mock(import("../../../src/base/failpoint.ts"), async (original) => {
  const real = await original();
  return { ...real, failpoint: vi.fn(real.failpoint) };
});
vi.mock(import("../../../src/sqlite/staging.ts"), async (original) => {
  const staging = await original();
  return { ...staging, createProgressTable: vi.fn(staging.createProgressTable) };
});
vi.mock(import("../../../src/sqlite/target.ts"), async (original) => {
  const target = await original();
  return { ...target, setJournalMode: vi.fn(target.setJournalMode) };
});

const GUID = "0123456789ABCDEF0123456789ABCDEF";
const PROGRESS = progressName(GUID);
const PLAN: SchemaImport = {
  plan: {
    encoding: "UTF-8",
    progress: PROGRESS,
    drops: [],
    renames: [],
    tables: [],
    creations: [],
    definitions: [],
    indexes: [],
    rejected: null,
    validates: false,
  },
  loads: [],
  problems: [],
  dependentProblems: [],
  notes: [],
  dependents: { views: [], triggers: [] },
};
const SETTINGS = {
  encoding: "UTF-8",
  pageSize: 4096,
  autoVacuum: 0,
  userVersion: 0,
  applicationId: 0,
  journalMode: "delete",
} as const;

let folder: string;
let table: ControlTable;
const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-target-"));
  const definition = jobDefinition({ operation: "IMPORT", mode: "FULL", database: folder, guid: GUID });
  table = ControlTable.create(at("job.db"), definition);
  const existing = openDatabase(at("HR.db"));
  existing.exec("CREATE TABLE emp (a); INSERT INTO emp VALUES (1)");
  existing.close();
  copyFileSync(at("HR.db"), at("backup"));
});

afterEach(() => {
  table.close();
  rmSync(folder, { recursive: true });
});

function open(existingPath: string | null = at("HR.db")): TargetSchema {
  const source = { name: "HR", settings: SETTINGS };
  return TargetSchema.open(
    { name: "HR", path: at("HR.db"), link: null, existingPath, source },
    { table, guid: GUID, jobs: folder },
  );
}

/** A run that has staged, and loaded one piece. */
function load(): TargetSchema {
  const target = open();
  target.stage(PLAN);
  const worker = openDatabase(at("HR.db"));
  notePiece(worker, "main", { progress: PROGRESS, object: 1, piece: 1, rejected: null }, 0);
  worker.close();
  return target;
}

function publish(path = at("HR.db")): void {
  const worker = openDatabase(path);
  preparePublication(worker, true, PLAN.plan, () => undefined);
  commitPublication(worker);
  worker.close();
}

function staging(): readonly string[] {
  const connection = openDatabase(at("HR.db"));
  const names = listStaging(connection, GUID);
  connection.close();
  return names;
}

test("pieces are taken up by the next run, or go with a job that has failed", () => {
  load().close(true);
  const second = open();
  expect(second.loaded).toEqual([{ object: 1, piece: 1, rejected: 0 }]);
  second.close(false);
  expect(staging()).toEqual([]);
  const third = open();
  expect([third.loaded, third.isPublished, third.startsOver]).toEqual([[], false, false]);
  third.close(false);
});

test.each([true, false])("a commit whose worker never answered is known to the next run (kept %s)", (keep) => {
  const target = load();
  publish();
  target.close(keep);
  expect(staging()).toEqual([PROGRESS]);
  const next = open();
  expect([next.isPublished, next.loaded]).toEqual([true, []]);
  next.close(false);
  expect(staging()).toEqual([PROGRESS]);
  // From here on the note is enough.
  const worker = openDatabase(at("HR.db"));
  worker.exec(`DROP TABLE "${PROGRESS}"`);
  worker.close();
  const last = open();
  expect(last.isPublished).toBe(true);
  last.close(false);
});

test("an empty file takes the settings of the dump, and one with another encoding is refused", () => {
  const source = { name: "HR", settings: { ...SETTINGS, encoding: "UTF-16le", pageSize: 8192, userVersion: 7 } } as const;
  const openAs = (name: string) =>
    TargetSchema.open(
      { name: "HR", path: at(name), link: null, existingPath: at(name), source },
      { table, guid: GUID, jobs: folder },
    );
  expect(() => openAs("HR.db")).toThrow(/stored as UTF-8/);
  writeFileSync(at("EMPTY.db"), "");
  openAs("EMPTY.db").close(false);
  const made = openDatabase(at("EMPTY.db"));
  expect(readSettings(made)).toEqual(source.settings);
  made.close();
});

test("an old copy of the schema that has been put back is loaded from the beginning", () => {
  load().close(true);
  copyFileSync(at("backup"), at("HR.db"));
  const target = open();
  expect([target.isPublished, target.startsOver, target.loaded]).toEqual([false, true, []]);
  target.stage(PLAN);
  expect(staging()).toEqual([PROGRESS]);
  target.close(false);
});

test("a copy from before the publication is loaded on, whatever was noted", () => {
  const target = load();
  copyFileSync(at("HR.db"), at("loaded"));
  publish();
  target.published();
  target.close(true);
  copyFileSync(at("loaded"), at("HR.db"));
  const next = open();
  expect([next.isPublished, next.loaded.length]).toEqual([false, 1]);
  next.close(false);
  expect(staging()).toEqual([]);
});

test("a new schema whose name is taken waits for it, with all that is loaded", () => {
  rmSync(at("HR.db"));
  const target = open(null);
  target.stage(PLAN);
  publish(target.workPath);
  target.published();
  copyFileSync(at("backup"), at("HR.db"));
  expect(() => {
    target.finish();
  }).toThrow("EEXIST");
  target.close(false);
  const next = open(null);
  expect([next.isPublished, next.startsOver]).toEqual([true, false]);
  rmSync(at("HR.db"));
  next.finish();
  next.close(false);
  expect(staging()).toEqual([PROGRESS]);
});

/** Ends like a process that is killed at the failpoint: nothing is closed or noted any more. */
function dieAt(name: string, target: TargetSchema): void {
  vi.mocked(failpoint).mockImplementation((passed) => {
    if (passed === name) throw new Error("killed");
  });
  expect(() => {
    target.finish();
  }).toThrow("killed");
  vi.mocked(failpoint).mockReset();
  target.close(true);
}

function publishedNew(): TargetSchema {
  rmSync(at("HR.db"));
  const target = open(null);
  target.stage(PLAN);
  publish(target.workPath);
  target.published();
  return target;
}

test.each(["import named", "import finished"])(
  "a new schema that has its name when its job dies at '%s' has but that one then",
  (name) => {
    const target = publishedNew();
    dieAt(name, target);
    // Others may use it by then.
    const user = openDatabase(at("HR.db"));
    user.exec("CREATE TABLE mine (a)");
    user.close();
    const next = open(null);
    expect(next.isFinished).toBe(true);
    next.close(true);
    expect(existsSync(target.workPath)).toBe(false);
    expect(staging()).toEqual([PROGRESS]);
  },
);

test("a file that others have made under the name of a new schema is not taken for it, and stays", () => {
  dieAt("import named", publishedNew());
  copyFileSync(at("backup"), at("other"));
  renameSync(at("other"), at("HR.db"));
  const next = open(null);
  expect([next.isFinished, next.isPublished]).toEqual([false, true]);
  expect(() => {
    next.finish();
  }).toThrow("EEXIST");
  next.close(true);
  expect(readFileSync(at("HR.db")).equals(readFileSync(at("backup")))).toBe(true);
});

test("a new schema that somebody has moved is left alone, and made anew", () => {
  dieAt("import named", publishedNew());
  renameSync(at("HR.db"), at("MOVED.db"));
  const next = open(null);
  expect([next.isFinished, next.isPublished, next.startsOver]).toEqual([false, false, true]);
  expect(statSync(at("MOVED.db"))).toMatchObject({ nlink: 1 });
  next.close(false);
});

test("where there are no hard links, size and time tell whether a new schema has its name", () => {
  vi.mocked(linkSync).mockImplementationOnce(failWith("EPERM"));
  const target = publishedNew();
  dieAt("import named", target);
  expect(existsSync(target.workPath)).toBe(false);
  const next = open(null);
  expect(next.isFinished).toBe(true);
  next.close(true);
});

function failWith(code: string): () => never {
  return () => {
    throw Object.assign(new Error("no"), { code });
  };
}

test.each(["SQLITE_FULL", "SQLITE_IOERR_WRITE", "EDQUOT"])("%s ends a run that stages by what may pass", async (code) => {
  const target = open();
  vi.mocked(createProgressTable).mockImplementationOnce(failWith(code));
  const failure = await failureOf(
    Promise.resolve(PLAN).then((plan) => {
      target.stage(plan);
    }),
  );
  expect(failure).toMatchObject({ lines: [{ code: "TSDP-00012" }, { code }] });
  target.close(false);
});

test("a new schema that finds no room for its name keeps what is published, and a restart names it", async () => {
  rmSync(at("HR.db"));
  const target = open(null);
  target.stage(PLAN);
  publish(target.workPath);
  target.published();
  vi.mocked(setJournalMode).mockImplementationOnce(failWith("ENOSPC"));
  const failure = await failureOf(
    Promise.resolve().then(() => {
      target.finish();
    }),
  );
  expect(failure).toMatchObject({ lines: [{ code: "TSDP-00012" }, { code: "ENOSPC" }] });
  expect(failure).toMatchObject({
    hint: expect.stringMatching(/^Make room .* is complete; START_JOB does what is left/) as unknown,
  });
  target.close(false);
  const next = open(null);
  next.finish();
  next.close(true);
  expect(staging()).toEqual([PROGRESS]);
});

test("what a worker meets after the publication is not told as if nothing were changed", async () => {
  const target = load();
  publish();
  target.published();
  const failure = await failureOf(target.guard(Promise.reject(pumpError([["ORA-39006"], { code: "SQLITE_BUSY", text: "" }]))));
  expect(failure).toMatchObject({ lines: [{ code: "TSDP-00012" }, { code: "SQLITE_BUSY" }] });
  expect(failure).toMatchObject({ hint: expect.not.stringContaining("nothing of the schema was changed") as unknown });
  target.close(true);
});

test("a job of a version that left no mark is not loaded again when its progress is gone", () => {
  load().close(true);
  const state = new ImportState(table);
  const saved = state.targets().get("HR");
  if (saved === undefined) throw new Error("nothing is saved");
  const { isPublished, ...older } = saved;
  expect(isPublished).toBe(false);
  state.save("HR", older);
  copyFileSync(at("backup"), at("HR.db"));
  expect(() => open()).toThrow("it is not known whether schema HR has been published");
});
