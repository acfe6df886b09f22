import { appendFileSync } from "node:fs";
import { ReusedBuffer } from "../base/reused-buffer.ts";
import { OpenFiles } from "../dump/open-files.ts";
import { readPiece } from "../dump/piece-reader.ts";
import type { DumpFileSet } from "../dump/reader.ts";
import type { MasterTable } from "../metadata/master-table.ts";
import { checkPageImage } from "../sqlite/page-image.ts";
import { BadImage } from "../sqlite/piece-image.ts";
import type { Storage } from "../storage/storage.ts";
import { factsOfPages, pagesOfSchema } from "./pages.ts";
import { PrivateFolder } from "./private-folder.ts";

/**
 * What is wrong with the file that the pages of a schema make; null: an import would take it. There has to be room for it in the temporary
 * folder.
 */
export async function badSchemaPages(
  set: DumpFileSet,
  master: MasterTable,
  number: number,
  storage: Storage,
): Promise<string | null> {
  const files = new OpenFiles(storage);
  const folder = new PrivateFolder();
  const room = new ReusedBuffer();
  try {
    const path = folder.newFile();
    for (const { location } of pagesOfSchema(set, number).pieces)
      appendFileSync(path, await readPiece(location, files.open, room.take));
    checkPageImage(path, factsOfPages(master, number));
    return null;
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
  } finally {
    folder.remove();
    await files.close();
  }
}
