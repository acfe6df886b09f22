import { pumpError } from "../../base/errors.ts";
import { CIPHER, newSetKey, savedSetKey, setKeyText, type Keyring, type SetEncryption, type SetKey } from "../../dump/set-key.ts";
import type { ControlTable } from "../control-table.ts";
import type { ExportPlan } from "./export-plan.ts";
import type { JobDefinition } from "../definition.ts";
import type { JobRun } from "../run.ts";

const CIPHERS = { AES128: CIPHER.AES128, AES192: CIPHER.AES192, AES256: CIPHER.AES256 } as const;

/** ENCRYPTION, ENCRYPTION_ALGORITHM and ENCRYPTION_MODE of an export with their defaults. */
export interface EncryptionChoice {
  readonly what: "ALL" | "DATA_ONLY" | "METADATA_ONLY" | "ENCRYPTED_COLUMNS_ONLY";
  readonly algorithm: keyof typeof CIPHERS;
  readonly mode: "PASSWORD" | "TRANSPARENT" | "DUAL";
}

/**
 * What the parameters of an export say of encryption; null: nothing is encrypted.
 * @param hasMarks whether any column of the database is marked
 * @throws ORA-39002 with ORA-39050, ORA-39053, ORA-39174 or ORA-28365 for what does not go together
 */
export function chooseEncryption(
  { parameters }: Pick<JobDefinition, "parameters">,
  { password, masterKeys }: Keyring,
  hasMarks: boolean,
): EncryptionChoice | null {
  const { ENCRYPTION: what, ENCRYPTION_ALGORITHM: algorithm, ENCRYPTION_MODE: mode } = parameters;
  assertTogether(parameters, password);
  if (what === "NONE" || (what === undefined && mode === undefined && password === null)) {
    if (algorithm === undefined) return null;
    throw pumpError([["ORA-39002"], ["ORA-39053", "ENCRYPTION", "EXPORT"]], "Say what to encrypt, such as encryption=all.");
  }
  if (!hasMarks && needsNoKey(parameters, { password, masterKeys })) return null;
  return {
    what: (what ?? "ALL") as EncryptionChoice["what"],
    algorithm: (algorithm ?? "AES256") as EncryptionChoice["algorithm"],
    mode: chooseMode((mode ?? null) as EncryptionChoice["mode"] | null, { password, masterKeys }),
  };
}

/** No column is marked, and nobody has asked for a key. */
function needsNoKey({ ENCRYPTION: what, ENCRYPTION_MODE: mode }: JobDefinition["parameters"], keyring: Keyring): boolean {
  return what === "ENCRYPTED_COLUMNS_ONLY" && mode === undefined && keyring.password === null && keyring.masterKeys === null;
}

const NO_KEY_HINT =
  "Nothing was given to encrypt with: open the wallet, or give a password (encryption_pwd_prompt=y, TSDP_ENCRYPTION_PASSWORD or encryption_password_file).";

/** Without ENCRYPTION_MODE, what there are keys for. */
function chooseMode(asked: EncryptionChoice["mode"] | null, { password, masterKeys }: Keyring): EncryptionChoice["mode"] {
  const mode = asked ?? defaultMode(password, masterKeys);
  if (mode !== "TRANSPARENT" && password === null) throw pumpError([["ORA-39002"], ["ORA-39174"]]);
  if (mode !== "PASSWORD" && masterKeys === null)
    throw pumpError([["ORA-39002"], ["ORA-28365"]], asked === null ? NO_KEY_HINT : undefined);
  return mode;
}

function defaultMode(password: string | null, masterKeys: Keyring["masterKeys"]): EncryptionChoice["mode"] {
  if (password === null) return "TRANSPARENT";
  return masterKeys === null ? "PASSWORD" : "DUAL";
}

function assertTogether(parameters: JobDefinition["parameters"], password: string | null): void {
  const { ENCRYPTION: what, ENCRYPTION_MODE: mode, ENCRYPTION_PASSWORD: marked } = parameters;
  // Set in another session: it has not come with this start.
  if (marked !== undefined && password === null) throw pumpError([["ORA-39002"], ["ORA-39174"]]);
  if (mode === "TRANSPARENT" && password !== null) throw incompatible("ENCRYPTION_PASSWORD", "ENCRYPTION_MODE=TRANSPARENT");
  if (what === "NONE") {
    if (password !== null) throw incompatible("ENCRYPTION_PASSWORD", "ENCRYPTION=NONE");
    if (mode !== undefined) throw incompatible("ENCRYPTION_MODE", "ENCRYPTION=NONE");
  }
}

/**
 * The key of the set: a new one, or that of the earlier runs of the job, also when its data is exported anew. So a password that is
 * mistyped at a restart can't become that of the dump.
 * @param hasFiles whether earlier runs have left files to go on with
 * @throws ORA-39176 when the password is not that of the earlier runs; ORA-39002 when they have chosen otherwise
 */
export async function encryptionOf(
  choice: EncryptionChoice | null,
  plan: ExportPlan,
  { table, keyring, definition, restarts }: Pick<JobRun, "table" | "keyring" | "definition" | "restarts">,
  hasFiles: boolean,
): Promise<SetEncryption | null> {
  const saved = restarts ? table.setKey() : null;
  assertChoiceOfEarlierRuns(choice, saved, hasFiles);
  if (choice === null) return null;
  const { what, algorithm, mode } = choice;
  const used = { password: keyring.password, masterKeys: mode === "PASSWORD" ? null : keyring.masterKeys };
  const key = saved === null ? null : await savedSetKey(saved, definition.guid, used);
  return {
    key: key ?? (await keptSetKey(table, definition.guid, used)),
    cipher: CIPHERS[algorithm],
    data: what === "ALL" || what === "DATA_ONLY",
    metadata: what === "ALL" || what === "METADATA_ONLY",
    columns: what === "ENCRYPTED_COLUMNS_ONLY" && secretsOf(plan).length > 0,
  };
}

/** A password or a wallet that is there at one start and not at another would change what the rest of the dump is. */
function assertChoiceOfEarlierRuns(choice: EncryptionChoice | null, savedKey: string | null, hasFiles: boolean): void {
  if (choice === null && savedKey !== null)
    throw pumpError([["ORA-39002"], ["TSDP-00010", "the export was begun with encryption"]], AS_ENCRYPTED);
  if (choice !== null && savedKey === null && hasFiles)
    throw pumpError([["ORA-39002"], ["TSDP-00010", "the export was begun without encryption"]], AS_PLAIN);
}

const AS_ENCRYPTED = "Start it again with the wallet open, or the password, that it was begun with.";
const AS_PLAIN =
  "Start it again without a password and with the wallet closed, as it was begun; or remove it with KILL_JOB and export anew.";

async function keptSetKey(table: ControlTable, guid: string, keyring: Keyring): Promise<SetKey> {
  const key = await newSetKey(guid, keyring);
  table.keepSetKey(setKeyText(key));
  return key;
}

/** ORA-39173: what somebody has marked as secret is in the files for all to read. */
export function warnOfClearColumns(run: JobRun, { holdsMarkedColumns }: ExportPlan, encryption: SetEncryption | null): void {
  if (!holdsMarkedColumns || encryption?.data === true || encryption?.columns === true) return;
  run.once("clear columns", () => {
    run.report(pumpError([["ORA-39173"]]).lines);
  });
}

/** Which columns of which tables are kept apart, as texts that tell one choice from another. */
export function secretsOf({ tables }: ExportPlan): readonly string[] {
  return tables.flatMap(({ unload: { table } }) => {
    const { object, shape } = table;
    return shape.secretColumns === undefined ? [] : [JSON.stringify([object, shape.secretColumns])];
  });
}

function incompatible(one: string, other: string): Error {
  return pumpError([["ORA-39002"], ["ORA-39050", one, other]]);
}
