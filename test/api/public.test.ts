import { expect, test } from "vitest";
import { DataPump } from "../../src/api/data-pump.ts";
import * as tsdp from "../../src/index.ts";

test("the package gives these names and no others", () => {
  expect(Object.keys(tsdp).sort()).toEqual([
    ...["EXCEPTIONS", "KU", "PumpError", "UndecodableText", "connect", "listDump", "queryDump", "readDumpTable"],
  ]);
  expect(Object.getOwnPropertyNames(DataPump.prototype).sort()).toEqual([
    ...["addFile", "attach", "close", "constructor", "createDirectory", "dataFilter", "dataRemap", "detach", "directories"],
    ...[
      "dropDirectory",
      "getDumpfileInfo",
      "getStatus",
      "jobs",
      "leftovers",
      "logEntry",
      "metadataFilter",
      "metadataRemap",
      "metadataTransform",
    ],
    ...["open", "query", "removeLeftover", "setParallel", "setParameter", "startJob", "stopJob", "stopWorker", "waitForJob"],
  ]);
});
