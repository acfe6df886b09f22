import { randomBytes } from "node:crypto";
import { pumpError } from "../base/errors.ts";
import { CIPHER, deriveKey, seal, unseal } from "../format/encryption.ts";
import type { MasterKey } from "../format/key-stanza.ts";

const ID_LENGTH = 16;
const SALT_LENGTH = 32;
const PURPOSE = "tsdp catalog secret";

/**
 * A secret under a master key: id of the key (16 bytes), salt (32), ciphertext and tag. The key is used for this secret only.
 * @param place where the secret belongs: in another place it does not open
 */
export function sealSecret(secret: string, master: MasterKey, place: string): Buffer {
  const salt = randomBytes(SALT_LENGTH);
  const sealed = seal(CIPHER.AES256, deriveKey(master.key, salt, PURPOSE), Buffer.from(secret, "utf8"), [Buffer.from(place)]);
  return Buffer.concat([master.id, salt, sealed]);
}

/**
 * @param masters null: the wallet is closed
 * @throws ORA-28365 when the wallet is closed, ORA-28362 when it lacks the key, ORA-28353 when the bytes were changed
 */
export function unsealSecret(bytes: Buffer, masters: readonly MasterKey[] | null, place: string): string {
  if (masters === null) throw pumpError([["ORA-28365"]]);
  const id = bytes.subarray(0, ID_LENGTH);
  const master = masters.find((candidate) => id.equals(candidate.id));
  if (master === undefined) throw pumpError([["ORA-28362"]], "Open the wallet under which the secret was stored.");
  const key = deriveKey(master.key, bytes.subarray(ID_LENGTH, ID_LENGTH + SALT_LENGTH), PURPOSE);
  const secret = unseal(CIPHER.AES256, key, bytes.subarray(ID_LENGTH + SALT_LENGTH), [Buffer.from(place)]);
  if (secret === undefined)
    throw pumpError([["ORA-28353"], ["TSDP-00010", "a secret of the catalog was changed"]], "Store it again.");
  return secret.toString("utf8");
}
