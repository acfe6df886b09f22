import type { RejectingTable } from "../../sqlite/bad-file.ts";
import { isMarkedPublished, type LoadedPiece } from "../../sqlite/staging.ts";
import type { ExistingObject } from "../../sqlite/target.ts";
import type { ControlTable } from "../control-table.ts";
import type { JobMessage } from "../definition.ts";

/** What an import has decided and done about one schema, over all of its runs. */
export interface SavedTarget {
  /** Where the schema is, or will be. */
  readonly path: string;
  /** The link in the folder of the database that leads to a new schema file elsewhere. */
  readonly link?: string | null;
  /** What it held before the job; null when the job makes it. */
  readonly existing: readonly ExistingObject[] | null;
  /** The run of the machine in which a new schema file was begun: it is written without syncs. */
  readonly boot: string;
  /** The tables in which rows arrive have been made. */
  readonly isStaged: boolean;
  /** Noted when it is known. Undefined: by a version that left no mark in the schema, but dropped the table of its progress. */
  readonly isPublished?: boolean;
  /** Of a new schema file that is whole and may have its name: its `stampOf`. */
  readonly identity: string | null;
  readonly isFinished: boolean;
  /** State of the source that is copied; null: unknown. Of a dump nothing. */
  readonly stamp?: string | null;
  /** What there is to tell of its publication, as it was prepared last; it is told when that is committed. */
  readonly outcome?: readonly JobMessage[];
  /** Where refused rows are kept once it is published, until they are in the bad file. */
  readonly rejecting?: { readonly reasons: string; readonly tables: readonly RejectingTable[] };
}

/**
 * Whether the transaction has been committed that makes everything visible. The schema file itself is the judge, which may be an old copy,
 * as long as it has the table of the progress.
 */
export function isPublished(saved: SavedTarget, progress: readonly LoadedPiece[] | null): boolean {
  return progress === null ? (saved.isPublished ?? saved.isStaged) : isMarkedPublished(progress);
}

/** Whether what is loaded is of the state that the stamp tells; a dump has but one. */
export function isStateOf(saved: SavedTarget, stamp: string | null | undefined): boolean {
  return stamp === undefined || (stamp !== null && stamp === saved.stamp);
}

/** The part of the control table that only imports have. */
export class ImportState {
  readonly #table: ControlTable;

  constructor(table: ControlTable) {
    this.#table = table;
  }

  /** By the name of the schema. */
  targets(): ReadonlyMap<string, SavedTarget> {
    const rows = this.#table.connection.prepare("SELECT schema, content FROM target").all() as {
      schema: string;
      content: string;
    }[];
    return new Map(rows.map(({ schema, content }) => [schema, JSON.parse(content) as SavedTarget]));
  }

  /** Durable when it returns: what follows may rely on it after a power cut. */
  save(schema: string, target: SavedTarget): void {
    this.#table.durably(() => {
      this.#table.connection.prepare("INSERT OR REPLACE INTO target VALUES (?, ?)").run(schema, JSON.stringify(target));
    });
  }

  /** Objects of the dump that are left out at the user's wish, in this run and all further ones. */
  skipped(): ReadonlySet<number> {
    return new Set(this.#table.connection.prepare("SELECT object FROM skipped").pluck().all() as number[]);
  }

  skip(object: number): void {
    this.#table.connection.prepare("INSERT OR IGNORE INTO skipped VALUES (?)").run(BigInt(object));
  }
}
