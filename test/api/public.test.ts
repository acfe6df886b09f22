import { expect, test } from "vitest";
import { DataPump } from "../../src/api/data-pump.ts";
import { DatabaseSession } from "../../src/api/database-session.ts";
import * as tsdp from "../../src/index.ts";

test("the package gives these names and no others", () => {
  expect(Object.keys(tsdp).sort()).toEqual([
    ...["EXCEPTIONS", "KU", "PumpError", "UndecodableText", "connect", "listDump", "queryDump", "readDumpTable"],
  ]);
  const methods = [DataPump, DatabaseSession].flatMap((part) => Object.getOwnPropertyNames(part.prototype));
  expect([...new Set(methods)].sort()).toEqual([
    ...["addFile", "addFiles", "attach", "close", "closeWallet", "constructor", "createCredential", "createDatabaseLink"],
    ...["createDirectory", "createWallet", "credentials", "dataFilter", "dataRemap", "databaseLinks", "detach", "directories"],
    "directoryGrants",
    ...["dropCredential", "dropDatabaseLink", "dropDirectory", "dryRun"],
    ...["getDumpfileInfo", "getStatus", "grantDirectory", "jobs", "leftovers", "logEntry"],
    ...[
      "metadataFilter",
      "metadataRemap",
      "metadataTransform",
      "open",
      "openWallet",
      "privileges",
      "query",
      "removeLeftover",
      "revokeDirectory",
      "rotateWallet",
    ],
    ...["setParallel", "setParameter", "startJob", "stopJob", "stopWorker", "waitForJob", "walletStatus"],
  ]);
});
