import { decodeHeader, encodeHeader, type FileHeader } from "../../src/format/header.ts";
import type { MasterKey } from "../../src/format/key-stanza.ts";
import { CIPHER, type SetEncryption } from "../../src/dump/set-key.ts";
import type { TextEncoding } from "../../src/sqlite/schema.ts";
import { seedBy, seededBytes } from "./random.ts";
import { remade } from "./reseal.ts";
import { masterImage, readContents, rewritten, type Contents, type SourceSchema } from "./source.ts";
import { encryptionBy, writeFiles, type Secrets, type SetRules } from "./write.ts";
import type { Vector, VectorFile } from "./vector.ts";

/** Bytes that are the same in every run. */
export const WALLET: MasterKey = { id: Buffer.alloc(16, "wallet key id"), key: Buffer.alloc(32, "a key of the test wallet") };
export const AES = { AES128: CIPHER.AES128, AES192: CIPHER.AES192, AES256: CIPHER.AES256 } as const;

/** A vector as its author describes it. */
export interface VectorRequest {
  readonly name: string;
  readonly comment: string;
  /** Makes the schema. */
  readonly sql: string;
  readonly encoding?: TextEncoding;
  /** Columns that are kept apart in second images, by table. */
  readonly secret?: SourceSchema["secret"] | undefined;
  readonly more?: readonly SourceSchema[];
  readonly rowsInPiece?: number;
  readonly pagesInPiece?: number;
  /** Changes what is written, before it is written. */
  readonly contents?: (contents: Contents) => Contents;
  readonly rules?: Omit<SetRules, "guid">;
  /** Changes the master table. */
  readonly masterSql?: string;
  /** Another master table. */
  readonly master?: (contents: Contents) => Buffer;
  /** Changes the header of every file; all sums are put right afterwards. */
  readonly header?: (header: FileHeader) => FileHeader;
  readonly secrets?: Secrets;
  readonly encryption?: Partial<SetEncryption>;
  /** Changes the bytes of the files. */
  readonly damage?: (files: readonly VectorFile[]) => readonly VectorFile[] | Promise<readonly VectorFile[]>;
  /** What the reader is given, when that is not what the set was written with. */
  readonly keys?: { readonly password: string | null; readonly wallet: MasterKey | null };
  readonly given?: readonly string[];
  /** A failure; none: `success`. */
  readonly failure?: Failure;
}

export interface Failure {
  readonly expect: string;
  readonly read: Vector["read"];
  readonly codes: readonly string[];
  readonly reason: string | null;
}

export async function makeVector(request: VectorRequest): Promise<Vector> {
  const { name, comment, failure, given = null, secrets } = request;
  seedBy(name);
  const { files, contents } = await makeSet(request, newGuid());
  const damaged = (await request.damage?.(files)) ?? files;
  const keys = request.keys ?? { password: secrets?.password ?? null, wallet: secrets?.wallet ?? null };
  const wallet = keys.wallet === null ? null : { id: Buffer.from(keys.wallet.id), key: Buffer.from(keys.wallet.key) };
  const outcome = failure ?? { expect: "success", read: "rows" as const, codes: [], reason: null };
  const rows = failure === undefined ? contents.rows : null;
  return { ...outcome, comment, password: keys.password, wallet, given, rows, files: damaged };
}

/** The files of a set, before they are damaged. */
export async function makeSet(
  request: Omit<VectorRequest, "name" | "comment">,
  guid: string,
): Promise<{ files: readonly VectorFile[]; contents: Contents }> {
  const { sql, encoding = "UTF-8", secret, more = [], rowsInPiece = 1000, pagesInPiece, secrets, rules } = request;
  const read = readContents([{ name: "V", sql, encoding, secret, pagesInPiece }, ...more], guid, rowsInPiece);
  const contents = request.contents?.(read) ?? read;
  const encryption = secrets === undefined ? null : encryptionBy(guid, secrets, request.encryption);
  const charset = encoding === "UTF-8" ? ("UTF-8" as const) : ("UTF-16" as const);
  const change = { encryption, encoding: charset, ...rules?.change };
  const files = await writeFiles(contents, { ...rules, guid, change, master: masterOf(request, contents) });
  const { header } = request;
  if (header === undefined) return { files, contents };
  const changed = (bytes: Buffer) => encodeHeader(header(decodeHeader(bytes)));
  return { files: remade(files, (parts) => ({ ...parts, header: changed(parts.header) })), contents };
}

function masterOf({ master, masterSql }: Pick<VectorRequest, "master" | "masterSql">, contents: Contents): Buffer {
  const image = master?.(contents) ?? masterImage(contents);
  return masterSql === undefined ? image : rewritten(image, masterSql);
}

function newGuid(): string {
  return seededBytes(16).toString("hex").toUpperCase();
}
