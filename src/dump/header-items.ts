import * as os from "node:os";
import { formatTimestamp } from "../base/sizes.ts";
import type { CompressionAlgorithm } from "../format/compression.ts";
import { FORMAT_MAJOR } from "../format/header.ts";
import { ITEM } from "../format/items.ts";
import type { SetEncryption } from "./set-key.ts";

export { FORMAT_MINOR } from "../format/header.ts";

/** What an export knows about its dump file set before the first piece. */
export interface DumpFileSetFacts {
  /** Of the version of the format: files of 1.0 name no other files. */
  readonly formatMinor: number;
  /** 32 hex digits, upper case. */
  readonly guid: string;
  /** As shown: `"HR"."SYS_EXPORT_SCHEMA_01"`. */
  readonly jobName: string;
  /** Name of the exported database. */
  readonly instance: string;
  /** Text encoding of the exported schemas. */
  readonly encoding: "UTF-8" | "UTF-16";
  /** Version of the SQLite library: `3.53.2`. */
  readonly databaseVersion: string;
  readonly compressionAlgorithm: CompressionAlgorithm;
  readonly metadataCompressed: boolean;
  readonly dataCompressed: boolean;
  readonly encryption: SetEncryption | null;
}

const CHARSET = { "UTF-8": { id: "873", name: "AL32UTF8" }, "UTF-16": { id: "2000", name: "AL16UTF16" } } as const;
const COMPRESSION_ALG = { NONE: "2", BASIC: "3", LOW: "4", MEDIUM: "5", HIGH: "6" } as const;
const ENCRYPTION_MODE = { NONE: "2", PASSWORD: "3", DUAL: "4", TRANSPARENT: "5" } as const;
const BLOCK_SIZE = 4096;

/** The text items of a header, in the order of their codes. */
export function headerItems(facts: DumpFileSetFacts, fileNumber: number, creationTime: Date): ReadonlyMap<number, string> {
  const charset = CHARSET[facts.encoding];
  const compressed = facts.metadataCompressed || facts.dataCompressed;
  return new Map<number, string>([
    [ITEM.FILE_VERSION, `${FORMAT_MAJOR}.${facts.formatMinor}`],
    [ITEM.GUID, facts.guid],
    [ITEM.FILE_NUMBER, String(fileNumber)],
    [ITEM.CHARSET_ID, charset.id],
    [ITEM.CREATION_DATE, formatTimestamp(creationTime)],
    [ITEM.FLAGS, "0"],
    [ITEM.JOB_NAME, facts.jobName],
    [ITEM.PLATFORM, `${os.machine()}/${os.type()} ${os.release()}`],
    [ITEM.INSTANCE, facts.instance],
    [ITEM.LANGUAGE, charset.name],
    [ITEM.BLOCKSIZE, String(BLOCK_SIZE)],
    [ITEM.METADATA_COMPRESSED, flag(facts.metadataCompressed)],
    [ITEM.DB_VERSION, dottedVersion(facts.databaseVersion)],
    [ITEM.DATA_COMPRESSED, flag(facts.dataCompressed)],
    [ITEM.METADATA_ENCRYPTED, flag(facts.encryption?.metadata === true)],
    [ITEM.DATA_ENCRYPTED, flag(facts.encryption?.data === true)],
    [ITEM.COLUMNS_ENCRYPTED, flag(facts.encryption?.columns === true)],
    [ITEM.ENCRYPTION_MODE, ENCRYPTION_MODE[encryptionMode(facts.encryption)]],
    [ITEM.COMPRESSION_ALG, COMPRESSION_ALG[compressed ? facts.compressionAlgorithm : "NONE"]],
  ]);
}

function encryptionMode(encryption: SetEncryption | null): keyof typeof ENCRYPTION_MODE {
  if (encryption === null) return "NONE";
  const { password, wallet } = encryption.key.stanzas;
  if (wallet === null) return "PASSWORD";
  return password === null ? "TRANSPARENT" : "DUAL";
}

function flag(value: boolean): string {
  return value ? "1" : "0";
}

/** `3.53.2` as Oracle writes versions: five numbers of two digits, `03.53.02.00.00`. */
function dottedVersion(version: string): string {
  const numbers = version.split(".").concat("0", "0", "0", "0", "0");
  return numbers
    .slice(0, 5)
    .map((number) => number.padStart(2, "0"))
    .join(".");
}
