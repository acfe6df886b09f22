import { expect, onTestFinished, test, vi } from "vitest";
import { KU } from "../../src/api/constants.ts";
import { pumpError } from "../../src/base/errors.ts";
import { LivenessLock, lockPath } from "../../src/job/liveness.ts";
import { JobRun } from "../../src/job/run.ts";
import { controlTable, exampleSession, expectCodes } from "./example-session.ts";

test("a running export is asked for several files at once, and records all of them or none", async () => {
  const session = await exampleSession();
  const { pump } = session;
  const handle = await pump.open("EXPORT", "SCHEMA", null, "EXAMPLE1");
  const table = controlTable(session);
  table.updateJob({ state: "EXECUTING", startTime: new Date().toISOString() });
  const lock = LivenessLock.acquire(lockPath(table.path), 1000);
  const facts = { log: null, keyring: { password: null, masterKeys: null }, places: { access: [], queries: {} } };
  const run = new JobRun(table, table.definition(), { ...facts, restarts: false, remapKey: null });
  onTestFinished(() => {
    run.end();
    lock.release();
  });
  const addFiles = vi.fn(() => Promise.resolve()).mockRejectedValueOnce(pumpError([["ORA-27038"]]));
  run.begin({ setDegree: vi.fn(), addFiles, stopWorker: vi.fn() }, () => undefined);
  const more = { directory: "DATA_PUMP_DIR", filesize: null, filetype: KU.FILE_TYPE_DUMP_FILE, reusefile: null };
  const files = ["a.dmp", "b.dmp"].map((filename) => ({ filename, ...more }));
  const names = () => table.definition().files.map(({ name }) => name);
  await expectCodes(pump.addFiles(handle, files), "ORA-27038");
  expect(names()).toEqual([]);
  await pump.addFiles(handle, files);
  expect([names(), addFiles.mock.calls.length]).toEqual([["a.dmp", "b.dmp"], 2]);
});
