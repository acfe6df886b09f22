import { NO_KEYS, type Keyring, type MasterKey } from "../dump/set-key.ts";
import { NO_PLACE_KEYS, type PlaceKeys } from "../storage/place-keys.ts";

/** What a client hands to the control process beside the control table; it is never written down. */
export type JobSecrets = Readonly<Record<string, string>>;

const PASSWORD = "ENCRYPTION_PASSWORD";
const WALLET = "WALLET";
const PLACES = "PLACES";
const REMAP_KEY = "REMAP_DATA_KEY";

export function secretsOf({ password, masterKeys }: Keyring, places: PlaceKeys, remapKey: string | null = null): JobSecrets {
  return {
    ...(password === null ? {} : { [PASSWORD]: password }),
    ...(masterKeys === null ? {} : { [WALLET]: JSON.stringify(masterKeys.map(({ id, key }) => [hex(id), hex(key)])) }),
    ...(remapKey === null ? {} : { [REMAP_KEY]: remapKey }),
    [PLACES]: JSON.stringify(places),
  };
}

/** The environment of a process that gets them: others may read that of one which lives long, and it needs none from there. */
export function environmentWithoutSecrets(): NodeJS.ProcessEnv {
  const secrets = [
    ...["TSDP_ENCRYPTION_PASSWORD", "TSDP_WALLET_PASSWORD", "TSDP_CREDENTIAL_SECRET", "TSDP_REMAP_DATA_KEY"],
    ...["TSDP_PASSWORD", "TSDP_USER_PASSWORD"],
  ];
  return { ...process.env, ...Object.fromEntries(secrets.map((name) => [name, undefined])) };
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

export function placesOf(secrets: JobSecrets): PlaceKeys {
  const places = secrets[PLACES];
  return places === undefined ? NO_PLACE_KEYS : (JSON.parse(places) as PlaceKeys);
}

/** REMAP_DATA_KEY as it was typed. */
export function remapKeyOf(secrets: JobSecrets): string | null {
  return secrets[REMAP_KEY] ?? null;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
