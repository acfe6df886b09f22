import { PumpError, toPumpError } from "../../base/errors.ts";
import type { DumpFileSetWriter, SavedFile } from "../../dump/writer.ts";
import type { ControlTable } from "../control-table.ts";
import { dumpFilesOf } from "../definition.ts";

const TAKEN_BACK = "The files that were added since the job ran last are taken back: start it again without them, or add others.";

/** How many files and templates of the definition earlier runs have begun. */
export function begunSpecifications(files: readonly SavedFile[]): number {
  return 1 + Math.max(...files.map(({ specification }) => specification));
}

/**
 * Begins the dump files that were added to a job while it did not run. When one can't be begun all of them are taken out of the
 * definition again: else no later start would come any further.
 * @param begun see `begunSpecifications`
 * @throws what `DumpFileSetWriter.addFiles` throws
 */
export async function beginAddedFiles(table: ControlTable, writer: DumpFileSetWriter, begun: number): Promise<void> {
  try {
    await writer.addFiles(dumpFilesOf(table.definition()).slice(begun));
  } catch (error) {
    table.define((definition) => {
      const added = dumpFilesOf(definition).slice(begun);
      return { files: definition.files.filter((file) => !added.includes(file)) };
    });
    const { lines, hint } = toPumpError(error);
    throw new PumpError(lines, hint === undefined ? TAKEN_BACK : `${hint}\n${TAKEN_BACK}`);
  }
}
