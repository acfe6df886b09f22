import { DumpFileSet } from "../dump/reader.ts";
import { dumpFilesNamed } from "../inspect/open-dump.ts";
import { verifySet, type OnProgress, type Verification } from "../inspect/verify.ts";
import { dumpAccess, type DumpOptions } from "./dump-access.ts";
import { rejecting } from "./session.ts";

export { rowsLine } from "../job/log-lines.ts";
export type { Fault, OnProgress, Verification, VerifiedFile, VerifiedTable } from "../inspect/verify.ts";

/**
 * Checks a dump file set to the row level without importing it.
 * @param files paths, templates of paths, or URLs; any files of the set
 * @throws what an import of the files would say, when the set can't be opened
 */
export async function verifyDump(files: readonly string[], options: DumpOptions, onProgress?: OnProgress): Promise<Verification> {
  return rejecting(async () => {
    const access = await dumpAccess(options);
    const set = await DumpFileSet.open(await dumpFilesNamed(files, access), access.storage, access.keyring);
    return verifySet(set, access.storage, onProgress);
  });
}
