import { NO_KEYS, type Keyring, type MasterKey } from "../dump/set-key.ts";

/** What a client hands to the control process beside the control table; it is never written down. */
export type JobSecrets = Readonly<Record<string, string>>;

const PASSWORD = "ENCRYPTION_PASSWORD";
const WALLET = "WALLET";

export function secretsOf({ password, masterKeys }: Keyring): JobSecrets {
  return {
    ...(password === null ? {} : { [PASSWORD]: password }),
    ...(masterKeys === null ? {} : { [WALLET]: JSON.stringify(masterKeys.map(({ id, key }) => [hex(id), hex(key)])) }),
  };
}

export function keyringOf(secrets: JobSecrets): Keyring {
  const wallet = secrets[WALLET];
  const pairs = wallet === undefined ? null : (JSON.parse(wallet) as [id: string, key: string][]);
  return {
    ...NO_KEYS,
    password: secrets[PASSWORD] ?? null,
    masterKeys: pairs?.map(([id, key]): MasterKey => ({ id: Buffer.from(id, "hex"), key: Buffer.from(key, "hex") })) ?? null,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
