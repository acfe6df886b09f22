import { causeLines, pumpError, toPumpError, type PumpError } from "../base/errors.ts";
import { hasHeaderMagic } from "../format/header.ts";
import { LocalStorage } from "../storage/local.ts";
import type { Storage, StorageReader } from "../storage/storage.ts";
import { readFileEnds, readFirstBlock } from "./file-ends.ts";
import { identifyForeign } from "./foreign.ts";

/** What GET_DUMPFILE_INFO tells of a file. */
export interface DumpFileInfo {
  /** 0: not a dump file, 1: Data Pump, 2: original Export, 3: external table. */
  readonly fileType: 0 | 1 | 2 | 3;
  /** KU$_DFHDR_ codes in ascending order with their values as text; none for file type 0. */
  readonly items: readonly { readonly code: number; readonly value: string }[];
}

/**
 * Describes any file from its first block and, when tsdp wrote it, its header and trailer; the rest is not read.
 * @throws ORA-39211 with its cause for a file that can't be read, is damaged or is cut off.
 */
export async function dumpFileInfo(path: string, storage: Storage = new LocalStorage()): Promise<DumpFileInfo> {
  try {
    const reader = await storage.open(path);
    try {
      return await describe(reader);
    } finally {
      await reader.close();
    }
  } catch (error) {
    throw notRetrieved(toPumpError(error));
  }
}

async function describe(reader: StorageReader): Promise<DumpFileInfo> {
  const firstBlock = await readFirstBlock(reader);
  if (hasHeaderMagic(firstBlock)) {
    const { header, trailer } = await readFileEnds(reader, firstBlock);
    return { fileType: 1, items: sorted(new Map([...header.items, ...trailer.items])) };
  }
  const foreign = identifyForeign(firstBlock);
  return foreign === undefined ? { fileType: 0, items: [] } : { fileType: foreign.fileType, items: sorted(foreign.items) };
}

function sorted(items: ReadonlyMap<number, string>): DumpFileInfo["items"] {
  return [...items].map(([code, value]) => ({ code, value })).sort((a, b) => a.code - b.code);
}

/** ORA-39211 in place of the two lines that say "invalid argument" to a job. */
function notRetrieved(error: PumpError): PumpError {
  const causes = causeLines(error).filter(({ code }) => code !== "ORA-39001" && code !== "ORA-39000");
  return pumpError([["ORA-39211"], ...causes], error.hint, error);
}
