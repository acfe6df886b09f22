import { ITEM } from "../format/items.ts";

/** A file that another tool wrote, and what its first bytes say (KU$_DFHDR_ code and text). */
export interface ForeignFile {
  /** 1: Data Pump (Oracle's expdp), 2: original Export (exp), 3: external table (ORACLE_DATAPUMP). */
  readonly fileType: 1 | 2 | 3;
  readonly items: ReadonlyMap<number, string>;
}

const ORACLE_BLOCK_LENGTH = 4096;
const NEWEST_INTERNAL_MAJOR = 9;
const ORACLE_TEXTS: readonly (readonly [code: number, pattern: RegExp])[] = [
  [ITEM.JOB_NAME, /"[^"\p{Cc}]{1,128}"\."[^"\p{Cc}]{1,128}"/u],
  [ITEM.PLATFORM, /[A-Za-z0-9_]{2,20}\/(?:Linux|WIN|Solaris|AIX|HPUX)[\x20-\x7e]{0,40}/],
  [ITEM.DB_VERSION, /(?<!\d)\d\d(?:\.\d\d){4}(?!\d)/],
];

/** Tells from the first block which of Oracle's tools wrote a file; undefined when none did. */
export function identifyForeign(block: Buffer): ForeignFile | undefined {
  return originalExport(block) ?? dataPumpLayout(block);
}

/**
 * Original Export: 0x03, character set id (2 bytes, big-endian), then `EXPORT:V11.02.00` and a newline.
 * With direct=y a line `D` comes before (seen in a trace of exp 11.2; conventional files have none).
 */
function originalExport(block: Buffer): ForeignFile | undefined {
  if (block[0] !== 3) return undefined;
  const match = /^(D\n)?EXPORT:V(\d[\d.]{0,30})\r?\n/.exec(block.toString("latin1", 3, 64));
  if (match?.[2] === undefined) return undefined;
  const items = new Map([
    [ITEM.CHARSET_ID, String(block.readUInt16BE(1))],
    [ITEM.DIRPATH, match[1] === undefined ? "0" : "1"],
    [ITEM.DB_VERSION, match[2]],
  ]);
  return { fileType: 2, items };
}

/**
 * Files of Oracle's Data Pump engine: internal version (major, minor), and a header block that holds texts between binary fields.
 * Only the texts with a form of their own are taken; where the other fields are is not known for sure.
 * A job name is in files of expdp; files of external tables have none.
 */
function dataPumpLayout(block: Buffer): ForeignFile | undefined {
  const [major = 0, minor = 0] = block;
  if (block.length < ORACLE_BLOCK_LENGTH || major > NEWEST_INTERNAL_MAJOR || minor !== 1) return undefined;
  const items = new Map<number, string>([[ITEM.FILE_VERSION, `${major}.${minor}`]]);
  const text = block.toString("latin1");
  for (const [code, pattern] of ORACLE_TEXTS) {
    const found = pattern.exec(text)?.[0].trimEnd();
    if (found !== undefined) items.set(code, found);
  }
  if (!items.has(ITEM.PLATFORM) && !items.has(ITEM.DB_VERSION)) return undefined;
  return { fileType: items.has(ITEM.JOB_NAME) ? 1 : 3, items };
}
