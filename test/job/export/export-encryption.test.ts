import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NO_KEYS, type Keyring } from "../../../src/dump/set-key.ts";
import { ControlTable } from "../../../src/job/control-table.ts";
import { chooseEncryption, encryptionOf } from "../../../src/job/export/export-encryption.ts";
import { NO_PLAN } from "../../../src/job/export/export-plan.ts";
import { codesOf, failureOf } from "../pump-jobs.ts";
import { jobDefinition } from "../job-definition.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const WALLET: Keyring = { password: null, masterKeys: [{ id: Buffer.alloc(16, 1), key: Buffer.alloc(32, 2) }] };
const COLUMNS_ONLY = jobDefinition({
  operation: "EXPORT",
  mode: "SCHEMA",
  database: "/db",
  parameters: { ENCRYPTION: "ENCRYPTED_COLUMNS_ONLY" },
});

let table: ControlTable;

beforeEach(() => {
  table = ControlTable.create(join(temporaryFolder(), "SYSTEM.J.db"), COLUMNS_ONLY);
});

afterEach(() => {
  table.close();
});

/** No column is marked: so whether anything is encrypted is up to the keys that are there at a start. */
async function start(keyring: Keyring, restarts: boolean, hasFiles: boolean) {
  const choice = chooseEncryption(COLUMNS_ONLY, keyring, false);
  return encryptionOf(choice, NO_PLAN, { table, keyring, definition: COLUMNS_ONLY, restarts }, hasFiles);
}

test.each([
  ["with the wallet open", WALLET, NO_KEYS],
  ["without keys", NO_KEYS, WALLET],
])("an export that was begun %s goes on in no other way, once it has files", async (_, first, other) => {
  const begun = await start(first, false, false);
  expect(codesOf(await failureOf(start(other, true, true)))).toEqual(["ORA-39002", "TSDP-00010"]);
  expect((await start(first, true, true))?.key.dataKey).toEqual(begun?.key.dataKey);
});

test("an export that has left no files may be encrypted by its restart, and never goes back to clear text", async () => {
  await start(NO_KEYS, false, false);
  expect(await start(WALLET, true, false)).not.toBeNull();
  expect(codesOf(await failureOf(start(NO_KEYS, true, false)))).toEqual(["ORA-39002", "TSDP-00010"]);
});
