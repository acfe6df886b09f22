import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { failpoint } from "../../base/failpoint.ts";
import { writeBadFile } from "../../sqlite/bad-file.ts";
import { openDatabase } from "../../sqlite/database.ts";
import { listStaging, progressName, readProgress } from "../../sqlite/staging.ts";
import { dropStaging } from "../../sqlite/target.ts";
import { BadFile } from "./bad-file.ts";
import type { ControlTable } from "../control-table.ts";
import { skipsConstraintErrors } from "../data-options.ts";
import type { JobDefinition } from "../definition.ts";
import { ImportState, isPublished, type SavedTarget } from "./import-state.ts";
import { hasTakenName, removeDatabase, removeImages, unfinishedPath } from "./target-files.ts";
import { lockTarget } from "./target-lock.ts";

/**
 * Unfinished schema files and piece images go, and from schemas that existed the tables in which rows have arrived. A schema that
 * is published stays, and the rows that it has refused go to its bad file: the import is whole there. A removal that ends anywhere in
 * between is done by the next one, and the job may still be started again.
 */
export function removeImportLeftovers(table: ControlTable): void {
  const leftovers = new Leftovers(table);
  for (const [name, saved] of leftovers.state.targets()) leftovers.remove(name, saved);
}

class Leftovers {
  readonly state: ImportState;
  readonly #definition: JobDefinition;
  readonly #jobs: string;

  constructor(table: ControlTable) {
    this.state = new ImportState(table);
    this.#definition = table.definition();
    this.#jobs = dirname(table.path);
  }

  /** @throws ORA-39002 when another job has the schema */
  remove(name: string, saved: SavedTarget): void {
    const { guid } = this.#definition;
    const bad = skipsConstraintErrors(this.#definition) ? BadFile.of(this.#definition, name) : null;
    const lock = lockTarget(this.#jobs, name, saved.link ?? saved.path);
    const workPath = unfinishedPath(saved.path, guid);
    let isNamed: boolean;
    try {
      isNamed = this.#noteName(name, saved, workPath);
      removeImages(saved.path, guid);
      if (saved.existing === null) removeDatabase(workPath);
      else if (!saved.isFinished && existsSync(saved.path)) this.#removeStaging(name, saved, bad);
    } finally {
      lock.remove();
    }
    // Of a schema that is published it is the only place of its rows.
    if (saved.existing !== null || isNamed) bad?.takeName(() => undefined);
    bad?.remove();
  }

  /** Whether a new schema has got its name; noted before its former one goes, so that a removal that ends in between knows it again. */
  #noteName(name: string, saved: SavedTarget, workPath: string): boolean {
    if (saved.isFinished) return true;
    if (!hasTakenName(workPath, saved.path, saved.identity)) return false;
    this.state.save(name, { ...saved, isFinished: true });
    return true;
  }

  #removeStaging(name: string, saved: SavedTarget, bad: BadFile | null): void {
    const { guid } = this.#definition;
    const connection = openDatabase(saved.path, { mustExist: true });
    try {
      const isDone = isPublished(saved, readProgress(connection, progressName(guid)));
      // In this order: a restart finds what is done noted, and no schema that looks published.
      this.state.save(name, isDone ? { ...saved, isPublished: true } : { ...saved, isStaged: false });
      if (isDone) keepRejected(saved, bad);
      dropStaging(connection, listStaging(connection, guid));
      failpoint("leftovers dropped");
    } finally {
      connection.close();
    }
  }
}

/** The file is durable before the rows go from the schema. */
function keepRejected({ path, rejecting }: SavedTarget, bad: BadFile | null): void {
  if (bad === null || rejecting === undefined || bad.isWhole) return;
  bad.remove();
  if (!writeBadFile(path, bad.partPath, rejecting.reasons, rejecting.tables)) return;
  bad.makeWhole();
}
