import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OWNER_ONLY = 0o600;

/** A folder of mode 0700 in the temporary folder of the system, for databases that nobody else is to see. */
export class PrivateFolder {
  readonly #path = mkdtempSync(join(tmpdir(), "tsdp-look-"));
  #files = 0;

  /** The path of a new empty file. */
  newFile(): string {
    this.#files += 1;
    const path = join(this.#path, String(this.#files));
    writeFileSync(path, "", { flag: "wx", mode: OWNER_ONLY });
    return path;
  }

  /**
   * Takes the files away from databases that are open: they are read on without their names, and nothing is left whatever becomes of
   * the process. Where a system can't do that, `remove` does it at the end.
   */
  hide(): void {
    if (process.platform !== "win32") this.remove();
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}
