import "./small-pieces.ts";
import Sqlite from "better-sqlite3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pumpError } from "../../src/base/errors.ts";
import { WorkerThread } from "../../src/job/worker-thread.ts";
import type { WorkerRequest } from "../../src/worker/messages.ts";
import { expectSuccess, runExport, runImport } from "./pump-jobs.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tsdp-failing-"));
  const database = new Sqlite(join(folder, "SRC.db"));
  database.exec(`CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO t SELECT printf('%0300d', i) FROM n`);
  database.close();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The first request of a kind fails, once `others` have been answered. */
function failAt(kind: WorkerRequest["do"], others: { readonly do?: WorkerRequest["do"]; readonly count: number }): void {
  const call = Reflect.get(WorkerThread.prototype, "call");
  let answered = 0;
  vi.spyOn(WorkerThread.prototype, "call").mockImplementation(async function (this: WorkerThread, request, onEvent) {
    if (request.do === kind) {
      await vi.waitUntil(() => answered >= others.count, { timeout: 60_000 });
      throw pumpError([["ORA-39126", "worker", "no"]]);
    }
    const answer = await call.call(this, request, onEvent);
    if (request.do === others.do) answered += 1;
    return answer;
  });
}

test("an export ends when a worker fails while another waits for a range", async () => {
  failAt("unload", { count: 0 });
  const { state, errors } = await runExport(folder, { schemas: "= 'SRC'", dumpFiles: ["a.dmp"], parallel: 2 });
  expect([state, ...errors]).toEqual(["STOPPED", expect.stringContaining("ORA-39126")]);
});

test("an import ends when a worker fails while another waits for its turn at the schema", async () => {
  expectSuccess(await runExport(folder, { schemas: "= 'SRC'", dumpFiles: ["a.dmp"] }));
  failAt("load", { do: "decode", count: 2 });
  const { state, errors } = await runImport(folder, { dumpFiles: ["a.dmp"], remap: [["SRC", "NEW"]], parallel: 2 });
  expect([state, ...errors]).toEqual(["STOPPED", expect.stringContaining("ORA-39126")]);
});
