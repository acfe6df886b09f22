import { renameSync, rmSync, unlinkSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { codeOf } from "../../base/errors.ts";
import { failpoint } from "../../base/failpoint.ts";
import type { JobDefinition } from "../definition.ts";
import { identityOf, journalLeftAt, linkOrRename, removeDatabase, syncPath } from "./target-files.ts";

/**
 * The file with the rows of one schema that constraints have refused, beside the log. It has three names, one after the other: while it is
 * written, when it is whole and the schema does not have its name yet, and in the end. Nothing is ever replaced by it.
 */
export class BadFile {
  /** While it is written. */
  readonly partPath: string;
  readonly #wholePath: string;
  readonly #stem: string;

  private constructor(folder: string, stem: string, guid: string) {
    this.#stem = join(folder, stem);
    const hidden = join(folder, `.${stem}.bad.${guid.slice(0, 8)}`);
    this.partPath = `${hidden}.part`;
    this.#wholePath = `${hidden}.whole`;
  }

  /** @returns null for a job without a log file */
  static of({ files, guid }: Pick<JobDefinition, "files" | "guid">, schema: string): BadFile | null {
    const log = files.find(({ type }) => type === "log");
    if (log === undefined) return null;
    return new BadFile(log.directoryPath, `${basename(log.name, extname(log.name))}.${schema}`, guid);
  }

  get isWhole(): boolean {
    return identityOf(this.#wholePath) !== undefined;
  }

  /** What was written has come to the disk, and stays. */
  makeWhole(): void {
    failpoint("bad file written");
    syncPath(this.partPath);
    renameSync(this.partPath, this.#wholePath);
    syncPath(dirname(this.#wholePath));
    failpoint("bad file whole");
  }

  /**
   * Gives a whole file a name that no other has: `import.HR.bad`, `import.HR.2.bad`, and so on.
   * @param named told the name before the job could end and forget it
   */
  takeName(named: (path: string) => void): void {
    const identity = identityOf(this.#wholePath);
    if (identity === undefined) return;
    for (let number = 1; ; number += 1) {
      const path = `${this.#stem}${number === 1 ? "" : `.${number}`}.bad`;
      const other = identityOf(path);
      if (other === undefined && journalLeftAt(path) === undefined) this.#link(path);
      if (identityOf(path) !== identity) continue;
      syncPath(dirname(path));
      failpoint("bad file named");
      named(path);
      rmSync(this.#wholePath, { force: true });
      return;
    }
  }

  #link(path: string): void {
    try {
      linkOrRename(this.#wholePath, path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }

  /** Removes what has no name in the end. */
  remove(): void {
    removeDatabase(this.partPath);
    if (this.isWhole) unlinkSync(this.#wholePath);
  }
}
