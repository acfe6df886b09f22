import type { PumpError } from "../base/errors.ts";
import type { EncodedPiece, PieceLocation } from "../dump/piece.ts";
import type { ByteRange, ChecksumAlgorithm, SegmentSums } from "../dump/verify.ts";
import type { CompressionAlgorithm } from "../format/compression.ts";
import type { RemapFunction } from "../mask/remap-function.ts";
import type { RejectingTable } from "../sqlite/bad-file.ts";
import type { PieceFilter } from "../sqlite/filtered-piece.ts";
import type { KeyRange } from "../sqlite/key-range.ts";
import type { PageImageFacts } from "../sqlite/page-image.ts";
import type { PublishEvent, PublishPlan } from "../sqlite/publish-plan.ts";
import type { RowFilter } from "../sqlite/row-filter.ts";
import type { TableShape } from "../sqlite/schema.ts";
import type { CopiedRows, PieceMark, StagingTable } from "../sqlite/staging.ts";
import type { CheckedTables, TargetProblems } from "../sqlite/target.ts";
import type { PlaceKeys } from "../storage/place-keys.ts";

export interface SchemaFile {
  readonly schema: string;
  readonly path: string;
  /** Whether views of it are taken as tables. */
  readonly readsViews?: boolean;
}

/** A table whose rows are to be unloaded. */
export interface UnloadTable {
  readonly object: number;
  readonly schema: string;
  readonly shape: TableShape;
  /** Null: all rows. */
  readonly filter: RowFilter | null;
  readonly remaps: readonly ColumnRemap[];
}

/** A column whose values a function replaces. */
export interface ColumnRemap {
  readonly column: string;
  /** The column with its table, as an error names it. */
  readonly shown: string;
  readonly isNullable: boolean;
  /** Whether it is the INTEGER PRIMARY KEY. */
  readonly isRowid: boolean;
  readonly called: RemapFunction;
}

/** What the control process asks of a worker; each request is answered before the next is sent. */
export type WorkerRequest =
  /** The places of the dump files; it has no answer. */
  | { readonly do: "enter places"; readonly places: PlaceKeys }
  /** The key of the functions that replace values; it has no answer, too. */
  | { readonly do: "take mask key"; readonly key: Uint8Array }
  /** Open the sources read-only. */
  | {
      readonly do: "open sources";
      readonly sources: readonly SchemaFile[];
      readonly compression: CompressionAlgorithm;
    }
  /** Begin a transaction on every source and fix its snapshot by a read. */
  | { readonly do: "begin snapshot" }
  | { readonly do: "end snapshot" }
  /** Open a database with the tables that filters of a schema's rows name. */
  | { readonly do: "attach rows"; readonly schema: string; readonly path: string }
  | { readonly do: "unload"; readonly table: UnloadTable; readonly range: KeyRange }
  /** Go on with a range in which rows can't be read. */
  | { readonly do: "continue salvage" }
  /** Read pages of a schema file that stay as they are while the snapshot is held. */
  | {
      readonly do: "read pages";
      readonly descriptor: number;
      readonly offset: number;
      readonly length: number;
      readonly pages: number;
    }
  | { readonly do: "count"; readonly table: UnloadTable; readonly byTable: boolean }
  /** Whether the replaced values of a table still fit its keys. */
  | { readonly do: "check keys"; readonly table: UnloadTable }
  /** Read parts of a dump file and say what each adds up to. */
  | {
      readonly do: "sum segments";
      readonly path: string;
      readonly ranges: readonly ByteRange[];
      readonly algorithm: ChecksumAlgorithm;
    }
  /** Read a piece, check it, and hold it in a file of the worker's own until it may be loaded. */
  | {
      readonly do: "decode";
      readonly location: PieceLocation;
      /** The second image of a table that has secret columns. */
      readonly second: PieceLocation | null;
      readonly table: StagingTable;
      readonly rows: number;
      /** Null: all rows are to be loaded. */
      readonly filter: PieceFilter | null;
      readonly imagePath: string;
    }
  /** Load the decoded piece, less what its filter leaves out; the connection to the schema file stays open until `end loading`. */
  | {
      readonly do: "load";
      readonly path: string;
      readonly durable: boolean;
      readonly table: StagingTable;
      readonly rows: number;
      readonly mark: PieceMark;
      readonly remaps: readonly ColumnRemap[];
      readonly filter: PieceFilter | null;
    }
  /** Read a piece of pages, check it, and write it to its place in a file that is to become a schema. */
  | { readonly do: "place pages"; readonly location: PieceLocation; readonly path: string; readonly offset: number }
  /** Check a file of which all pages are there. */
  | { readonly do: "check pages"; readonly path: string; readonly dumpFile: string; readonly facts: PageImageFacts }
  | { readonly do: "end loading" }
  /** Open sources of a link; `begin snapshot` and `end snapshot` are for them then. */
  | { readonly do: "open link"; readonly sources: readonly SchemaFile[] }
  /** Copy rows of the frozen state into their staging table. `isOwn`: the target is the job's own file, which nobody else has open. */
  | {
      readonly do: "copy";
      readonly table: UnloadTable;
      readonly range: KeyRange;
      readonly target: string;
      readonly isOwn: boolean;
      readonly staging: StagingTable;
      readonly mark: PieceMark;
      readonly remaps: readonly ColumnRemap[];
    }
  /** How many rows a table of a link has in the frozen state. */
  | { readonly do: "count linked"; readonly table: UnloadTable }
  /** All rows of a source are copied. */
  | { readonly do: "end copying"; readonly schema: string }
  /** Do all that makes a schema visible but the commit; what happens is told by events, all of them before the answer. */
  | { readonly do: "prepare publication"; readonly path: string; readonly durable: boolean; readonly plan: PublishPlan }
  /** Commit what was prepared last; it is undone when the thread ends without that. */
  | { readonly do: "commit publication" }
  /** Drop the mark of a publication that is noted elsewhere. */
  | { readonly do: "drop mark"; readonly path: string; readonly durable: boolean; readonly progress: string }
  /** Write the rows that were kept apart to a new file of their own; it is not durable yet. */
  | {
      readonly do: "write bad file";
      readonly path: string;
      readonly badPath: string;
      readonly reasons: string;
      readonly tables: readonly RejectingTable[];
    }
  /** Remove the rows that were kept apart from the schema file. */
  | {
      readonly do: "drop rejected";
      readonly path: string;
      readonly durable: boolean;
      readonly reasons: string;
      readonly tables: readonly RejectingTable[];
    }
  /** Run SQLite's checks; null: of the whole file. Of views and triggers only those that are named. */
  | {
      readonly do: "check";
      readonly path: string;
      readonly tables: CheckedTables | null;
      readonly views: readonly string[];
      readonly triggers: readonly string[];
    }
  | { readonly do: "close" };

/** Answers by request. */
export interface WorkerAnswers {
  "enter places": null;
  "take mask key": null;
  "open sources": null;
  "begin snapshot": null;
  "end snapshot": null;
  "attach rows": null;
  unload: Unloaded;
  "continue salvage": Unloaded;
  "read pages": { readonly piece: UnloadedPiece };
  count: number;
  "check keys": null;
  "sum segments": readonly SegmentSums[];
  decode: null;
  load: CopiedRows;
  "place pages": null;
  /** What SQLite finds of values that their tables do not allow. */
  "check pages": readonly string[];
  "end loading": null;
  "open link": null;
  copy: CopiedRows;
  "count linked": number;
  "end copying": null;
  "prepare publication": null;
  "commit publication": null;
  "drop mark": null;
  /** Whether there are such rows. */
  "write bad file": boolean;
  "drop rejected": null;
  check: TargetProblems;
  close: null;
}

/** Rows that were unloaded, as one image or two: the second of the columns that are kept apart. */
export interface UnloadedPiece {
  readonly rows: number;
  readonly images: readonly Pick<EncodedPiece, "codec" | "rawLength" | "stored">[];
}

/** The outcome of one unload. */
export interface Unloaded {
  /** Null when the range holds no row. The piece number is the control process's to give. */
  readonly piece: UnloadedPiece | null;
  /** Ranges that are left. A WITHOUT ROWID table too large for one piece comes back cut. */
  readonly rest: readonly KeyRange[];
  /** Rows that a piece of this table can take, as far as known. */
  readonly rowsPerPiece: number;
  /** Whether the range is damaged and `continue salvage` is to follow. */
  readonly salvaging: boolean;
  /** Whether another reading would give the same rows in the same order, so that a restart could go on with them. */
  readonly isRepeatable: boolean;
  readonly lost: readonly { readonly rows: string; readonly cause: string }[];
}

export type WorkerReply =
  | { readonly is: "answer"; readonly value: WorkerAnswers[keyof WorkerAnswers] }
  | { readonly is: "event"; readonly event: PublishEvent }
  | { readonly is: "failure"; readonly error: ReturnType<PumpError["toJSON"]> };
