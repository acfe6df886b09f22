import { scryptSync } from "node:crypto";
import { CODEC } from "../../src/format/frame.ts";
import { CIPHER, seal } from "../../src/format/encryption.ts";
import { commitmentOf, wrapByWallet, type MasterKey, type PasswordStanza } from "../../src/format/key-stanza.ts";
import { loadZstdCodec } from "../../src/format/zstd.ts";
import type { EncodedPiece } from "../../src/dump/piece.ts";
import type { SetEncryption } from "../../src/dump/set-key.ts";
import { DumpFileSetWriter, type DumpFileSetOptions } from "../../src/dump/writer.ts";
import { MemoryStorage } from "../dump/memory-storage.ts";
import { setOptions, specification } from "../dump/sets.ts";
import { seededBytes } from "./random.ts";
import { masterImage, type Contents, type Image } from "./source.ts";
import type { VectorFile } from "./vector.ts";

/** The one implementation that every platform has, and whose version is pinned: its bytes do not change. */
const zstd = await loadZstdCodec("zstd-wasm");
export const FOLDER = "/vectors";
const CREATED = new Date(Date.UTC(2024, 0, 2, 3, 4, 5));

/** How the files of a vector are to be written. */
export interface SetRules {
  readonly guid: string;
  /** Names or templates. */
  readonly names?: readonly string[];
  readonly fileSize?: number;
  readonly codec?: "stored" | "zstd";
  readonly master?: Buffer;
  /** Images other than those of the contents, as they are to be stored. */
  readonly images?: (images: readonly Image[]) => readonly (Image | EncodedPiece)[];
  readonly change?: Partial<DumpFileSetOptions>;
}

export async function writeFiles(contents: Contents, rules: SetRules): Promise<readonly VectorFile[]> {
  const { guid, names = ["v.dmp"], fileSize = null, codec = "stored", change } = rules;
  const storage = new MemoryStorage();
  const files = names.map((name) => specification(`${FOLDER}/${name}`, { fileSize }));
  const compressed = { dataCompressed: codec === "zstd", metadataCompressed: codec === "zstd" };
  const options = setOptions([], { guid, files, storage, creationTime: CREATED, instance: "vectors", ...compressed, ...change });
  const writer = await DumpFileSetWriter.create(options);
  for (const image of rules.images?.(contents.images) ?? contents.images)
    await writer.append("stored" in image ? image : encodeImage(image, codec));
  const raw = rules.master ?? masterImage(contents);
  await writer.finish(encodeImage({ type: 3, object: 0, piece: 1, image: 0, rows: 0, raw }, codec));
  return [...storage.files].map(([path, bytes]) => ({ name: path.slice(FOLDER.length + 1), bytes }));
}

export function encodeImage({ raw, ...identity }: Image, codec: "stored" | "zstd"): EncodedPiece {
  const small = codec === "zstd" ? compressed(raw) : raw;
  const isSmaller = small.length < raw.length;
  return { ...identity, codec: isSmaller ? CODEC.ZSTD : CODEC.STORED, rawLength: raw.length, stored: isSmaller ? small : raw };
}

export function compressed(raw: Buffer): Buffer {
  return zstd?.compress(raw, 3) ?? Buffer.alloc(0);
}

/** What a set of a vector is encrypted with. */
export interface Secrets {
  readonly password?: string;
  readonly wallet?: MasterKey;
  /** log2 of N; low, so that all vectors are read in seconds. */
  readonly cost?: number;
}

export function encryptionBy(guid: string, secrets: Secrets, change: Partial<SetEncryption> = {}): SetEncryption {
  const { password, wallet, cost = 10 } = secrets;
  const dataKey = seededBytes(32);
  const stanzas = {
    commitment: commitmentOf(dataKey, guid),
    password: password === undefined ? null : passwordStanza(dataKey, guid, password, cost),
    wallet: wallet === undefined ? null : wrapByWallet(dataKey, guid, wallet),
  };
  return { key: { dataKey, stanzas }, cipher: CIPHER.AES256, data: true, metadata: true, columns: false, ...change };
}

/** As docs/format.md says it; `wrapByPassword` knows one cost only. */
function passwordStanza(dataKey: Buffer, guid: string, password: string, cost: number): PasswordStanza {
  const salt = seededBytes(16);
  const costs = { cost, blockSize: 8, parallelization: 1 };
  const key = scryptSync(password.normalize("NFC"), salt, 32, { N: 2 ** cost, r: 8, p: 1, maxmem: 2 ** 29 });
  const additional = [Buffer.from("tsdp password stanza"), Buffer.from(guid, "hex")];
  return { ...costs, salt, wrapped: seal(CIPHER.AES256, key, dataKey, additional) };
}
