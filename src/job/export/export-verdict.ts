import { pumpError } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import type { DumpObject } from "../../metadata/dump-object.ts";
import type { JobRun } from "../run.ts";
import type { TableUnload } from "./unload-queue.ts";
import type { WorkerThread } from "../worker-thread.ts";

/** As many losses of one table are named. */
const NAMED_LOSSES = 100;

/**
 * SQLite's own count is the judge of whether the ranges met every row once.
 * @throws ORA-31693 when they did not
 */
export async function verifyCount(run: JobRun, table: TableUnload, worker: WorkerThread, object: DumpObject): Promise<void> {
  const count = async (byTable: boolean) => worker.call({ do: "count", table: table.table, byTable });
  if ((await count(false)) === table.rows) return;
  const rows = await count(true);
  const name = qualifiedName(object.schema, object.name);
  if (rows !== table.rows)
    throw pumpError([
      ["ORA-31693", name],
      ["ORA-02354"],
      ["TSDP-00010", `${table.rows} rows were read, but the table has ${rows}`],
    ]);
  const reason = `an index of table ${name} is damaged: it holds another number of rows than the table; all ${rows} rows of the table were exported`;
  run.report(pumpError([["TSDP-00010", reason]]).lines);
}

/** Names the rows that could not be read. */
export function reportLost(run: JobRun, table: TableUnload, object: DumpObject): void {
  const lost = table.lost.map(({ rows, cause }) => ({
    code: "ORA-02354",
    text: `error in exporting/importing data: ${rows} can't be read: ${cause}`,
  }));
  const { lines } = pumpError([["ORA-31693", qualifiedName(object.schema, object.name)], ...lost.slice(0, NAMED_LOSSES)]);
  run.report(
    lines.map((line, i) =>
      i === 0 ? { ...line, text: line.text.replace(" and is being skipped due to error:", " in part:") } : line,
    ),
  );
}
