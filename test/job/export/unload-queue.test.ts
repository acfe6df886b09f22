import { expect, test } from "vitest";
import { firstItems, TableUnload, UnloadQueue } from "../../../src/job/export/unload-queue.ts";
import type { Unloaded } from "../../../src/worker/messages.ts";

const SHAPE = {
  ...{ name: "v", withoutRowid: false, rowid: "rowid", integerPrimaryKey: null },
  ...{ columns: ["a"], storedColumns: ["a"], constraints: [] },
};

function tableOf(object: number): TableUnload {
  return new TableUnload({ object, schema: "S", shape: SHAPE, filter: null, remaps: [] }, null, 100 - object);
}

test("what is left of a view is for the worker that has read it, which finishes it before it leaves", () => {
  const [view, other] = [tableOf(1), tableOf(2)];
  const queue = new UnloadQueue(
    firstItems([
      { unload: view, range: { kind: "scan", offset: 0n, ofView: true } },
      { unload: other, range: { kind: "rowid", low: 1n, high: 10n } },
    ]),
  );
  const another = { worker: 1, isLeaving: false };
  const first = queue.take({ worker: 3, isLeaving: false });
  if (first === null) throw new Error("the queue is empty");
  const rest: Unloaded["rest"] = [{ kind: "scan", offset: 5n, ofView: true }];
  queue.giveBack(
    first,
    { rest, rowsPerPiece: 5, piece: null, salvaging: false, isRepeatable: true, lost: [] },
    { worker: 3, idle: 1 },
  );
  expect(queue.take({ worker: 1, isLeaving: true })).toBeNull();
  expect(queue.take(another)?.table).toBe(other);
  expect(queue.take(another)).toBeNull();
  expect(view.isDone).toBe(false);
  expect(queue.take({ worker: 3, isLeaving: true })).toMatchObject({ table: view, range: rest[0] });
  expect(view.waiting).toBe(0);
});
