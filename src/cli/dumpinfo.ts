import { KU } from "../api/constants.ts";
import type { DumpfileInfo, DumpfileItem } from "../api/status-types.ts";
import { formatLine, toPumpError } from "../base/errors.ts";
import { assertDumpFiles, maskedDatabase } from "./dump-arguments.ts";
import { errorFacts } from "./error-report.ts";
import { withoutSecrets } from "./commands/client-command.ts";
import type { Output } from "./output.ts";
import type { SessionOptions } from "./session-commands.ts";
import { printable, printableJson, printableLines } from "../base/printable.ts";

const RULE = "-----";
const LABEL_WIDTH = 27;

type ItemType = "text" | "number" | "boolean";

/** The labels of the items, with the type that their values have. Items that are not here are not shown. */
const ITEMS: ReadonlyMap<number, readonly [label: string, type: ItemType]> = new Map([
  [KU.DFHDR_FILE_VERSION, ["Dump File Version", "text"]],
  [KU.DFHDR_MASTER_PRESENT, ["Master Table Present", "boolean"]],
  [KU.DFHDR_GUID, ["Job Guid", "text"]],
  [KU.DFHDR_FILE_NUMBER, ["Dump File Number", "number"]],
  [KU.DFHDR_CHARSET_ID, ["Character Set ID", "number"]],
  [KU.DFHDR_CREATION_DATE, ["Creation Date", "text"]],
  [KU.DFHDR_FLAGS, ["Internal Dump Flags", "number"]],
  [KU.DFHDR_JOB_NAME, ["Job Name", "text"]],
  [KU.DFHDR_PLATFORM, ["Platform Name", "text"]],
  [KU.DFHDR_INSTANCE, ["Instance Name", "text"]],
  [KU.DFHDR_LANGUAGE, ["Language Name", "text"]],
  [KU.DFHDR_BLOCKSIZE, ["Dump File Block Size", "number"]],
  [KU.DFHDR_DIRPATH, ["Direct Path Mode", "boolean"]],
  [KU.DFHDR_METADATA_COMPRESSED, ["Metadata Compressed", "boolean"]],
  [KU.DFHDR_DB_VERSION, ["Database Version", "text"]],
  [KU.DFHDR_MASTER_PIECE_COUNT, ["Master Table Piece Count", "number"]],
  [KU.DFHDR_MASTER_PIECE_NUMBER, ["Master Table Piece Number", "number"]],
  [KU.DFHDR_DATA_COMPRESSED, ["Table Data Compressed", "boolean"]],
  [KU.DFHDR_METADATA_ENCRYPTED, ["Metadata Encrypted", "boolean"]],
  [KU.DFHDR_DATA_ENCRYPTED, ["Table Data Encrypted", "boolean"]],
  [KU.DFHDR_COLUMNS_ENCRYPTED, ["TDE Columns Encrypted", "boolean"]],
  [KU.DFHDR_ENCRYPTION_MODE, ["Encryption Mode", "text"]],
  [KU.DFHDR_COMPRESSION_ALG, ["Compression Algorithm", "text"]],
]);

const ENCRYPTION_MODES: ReadonlyMap<string, string> = new Map([
  [String(KU.DFHDR_ENCMODE_NONE), "None"],
  [String(KU.DFHDR_ENCMODE_PASSWORD), "Password"],
  [String(KU.DFHDR_ENCMODE_DUAL), "Dual"],
  [String(KU.DFHDR_ENCMODE_TRANS), "Transparent"],
]);

const COMPRESSION_ALGORITHMS: ReadonlyMap<string, string> = new Map([
  [String(KU.DFHDR_CMPALG_NONE), "None"],
  [String(KU.DFHDR_CMPALG_BASIC), "Basic"],
  [String(KU.DFHDR_CMPALG_LOW), "Low"],
  [String(KU.DFHDR_CMPALG_MEDIUM), "Medium"],
  [String(KU.DFHDR_CMPALG_HIGH), "High"],
]);

/** What may be said beside the file. */
export interface InfoOptions extends SessionOptions {
  readonly credential?: string;
}

/**
 * `tsdp dumpinfo FILE [--json]`.
 * @returns 0 for a dump file of any type, 1 for a file that is none or can't be read
 */
export async function showDumpfileInfo(path: string, options: InfoOptions, output: Output): Promise<number> {
  const json = options.json === true;
  const file = maskedDatabase(path) ?? withoutSecrets(path);
  try {
    assertDumpFiles([path]);
    const info = await readInfo(path, options);
    output.out(...(json ? [infoJson(file, info)] : infoLines(file, info)));
    return info.filetype === 0 ? 1 : 0;
  } catch (error) {
    if (json) output.out(printableJson({ schema: "tsdp.dumpinfo/1", file, error: errorFacts(toPumpError(error)) }));
    else output.err(...errorBlock(file, error));
    return 1;
  }
}

/** What example 6-9 of the seed prints. */
export function infoLines(file: string, { filetype, infoTable }: DumpfileInfo): readonly string[] {
  const name = printable(file);
  const head = [RULE, `Information for file: ${name}`, `${name} is ${typeText(filetype)}`];
  if (filetype === 0) return [...head, RULE];
  const items = infoTable.flatMap((item) => itemLine(item));
  return [...head, `The information table has ${infoTable.length} entries`, RULE, ...items];
}

/** The same as one JSON document: numbers as numbers, Yes and No as booleans. */
export function infoJson(file: string, { filetype, infoTable }: DumpfileInfo): string {
  const items = infoTable.flatMap((item) => itemFacts(item));
  return printableJson({ schema: "tsdp.dumpinfo/1", file, filetype, type: typeText(filetype), items });
}

function errorBlock(file: string, error: unknown): readonly string[] {
  const { lines, hint } = toPumpError(error);
  const stack = lines.map((line) => printableLines(formatLine(line)));
  const block = [RULE, `Error retrieving information for file: ${printable(file)}`, ...stack, RULE];
  return hint === undefined ? block : [...block, printable(hint)];
}

function typeText(filetype: number): string {
  switch (filetype) {
    case 1:
      return "a Data Pump dump file";
    case 2:
      return "an Original Export dump file";
    case 3:
      return "an External Table dump file";
    default:
      return "not a dump file";
  }
}

function itemLine(item: DumpfileItem): readonly string[] {
  const known = ITEMS.get(item.itemCode);
  return known === undefined ? [] : [`${known[0]}:`.padEnd(LABEL_WIDTH) + printable(shownValue(item, known[1]))];
}

function shownValue({ itemCode, value }: DumpfileItem, type: ItemType): string {
  if (itemCode === KU.DFHDR_ENCRYPTION_MODE) return ENCRYPTION_MODES.get(value) ?? "Unknown";
  if (itemCode === KU.DFHDR_COMPRESSION_ALG) return COMPRESSION_ALGORITHMS.get(value) ?? "Unknown";
  if (type !== "boolean") return value;
  return value === "1" ? "Yes" : value === "0" ? "No" : value;
}

function itemFacts(item: DumpfileItem): readonly object[] {
  const known = ITEMS.get(item.itemCode);
  if (known === undefined) return [];
  const [label, type] = known;
  return [{ code: item.itemCode, label, value: typedValue(shownValue(item, type), item.value, type) }];
}

function typedValue(shown: string, value: string, type: ItemType): string | number | boolean {
  if (type === "boolean" && /^[01]$/.test(value)) return value === "1";
  return type === "number" && /^\d{1,15}$/.test(value) ? Number(value) : shown;
}

/** Without a credential nothing of a database is needed. */
async function readInfo(file: string, { credential, userid }: InfoOptions): Promise<DumpfileInfo> {
  if (credential === undefined) {
    const { clientFileInfo } = await import("../api/dumpfile-info.ts");
    return clientFileInfo(file, ".");
  }
  const { logIn } = await import("./login.ts");
  const pump = await logIn(userid);
  try {
    return await pump.getDumpfileInfo(file, credential);
  } finally {
    await pump.close();
  }
}
