import { isTooDense } from "../format/compression.ts";
import { PIECE_TYPE, type ImageFacts } from "../format/frame.ts";
import { MAX_INDEX_ENTRIES } from "../format/segment-index.ts";
import { invalidDumpFile } from "./faults.ts";

/** Bytes of headers and trailers of all files of a set together. */
const MOST_ENDS = 48 << 20;
/** Bytes of an image: of one row, which SQLite limits to 512 MiB; of several; of what is no rows. */
const MOST_OF_ROW = 520 << 20;
const MOST_OF_ROWS = 64 << 20;
const MOST_OF_METADATA = 64 << 20;
/** Names in the headers of a set that are looked for, each in every folder. */
export const MOST_NAMES = 1000;
/** Names in a folder of which is asked whether they may be of the set, and files of all folders whose headers are then read. */
export const MOST_LISTED = 10_000;
export const MOST_LOOKED_INTO = 1000;

/** What the files of one set may still have, before a piece is read. */
export class SetAllowance {
  #ends = MOST_ENDS;
  #segments = MAX_INDEX_ENTRIES;

  /**
   * Takes note of what a file says it has, before it is read.
   * @param ends bytes of header and trailer
   * @throws ORA-31619
   */
  take(path: string, ends: number, segments: number): void {
    if (ends > this.#ends) throw invalidDumpFile(path, `headers and trailers of the set have more than ${MOST_ENDS >> 20} MiB`);
    if (segments > this.#segments) throw invalidDumpFile(path, `the set has more than ${MAX_INDEX_ENTRIES} segments`);
    this.#ends -= ends;
    this.#segments -= segments;
  }

  /** Reads a file; when that fails, or gives undefined, nothing was taken: a file that is not kept leaves room for the right one. */
  async takeIfKept<T>(read: () => Promise<T>): Promise<T> {
    const [ends, segments] = [this.#ends, this.#segments];
    let kept: T | undefined;
    try {
      return (kept = await read());
    } finally {
      if (kept === undefined) [this.#ends, this.#segments] = [ends, segments];
    }
  }
}

/** Why an image of this length is not read; undefined when it is. A few bytes may claim any length. */
export function lengthProblem({
  type,
  rows,
  rawLength,
  storedLength,
}: Pick<ImageFacts, "type" | "rows" | "rawLength" | "storedLength">): string | undefined {
  const length = Math.max(rawLength, storedLength);
  const most = type !== PIECE_TYPE.TABLE_DATA ? MOST_OF_METADATA : rows === 1 ? MOST_OF_ROW : MOST_OF_ROWS;
  if (length > most) return `an image of ${length} bytes is longer than ${most >> 20} MiB`;
  return isTooDense(rawLength, storedLength) ? `an image of ${rawLength} bytes can't come out of ${storedLength}` : undefined;
}
