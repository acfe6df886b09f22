import { type PumpError } from "../base/errors.ts";
import type { DumpFile } from "../dump/file-ends.ts";
import { checksumAlgorithm, faultOf, type ByteRange, type SegmentSums } from "../dump/verify.ts";
import type { Crew } from "./crew.ts";
import type { JobRun } from "./run.ts";

/** What a worker reads at a time. */
const BATCH_BYTES = 64 << 20;

interface Batch {
  readonly file: DumpFile;
  readonly first: number;
  readonly ranges: readonly ByteRange[];
}

/** Checks every byte of the files by all workers. @returns the faults of the files that have one, by their numbers */
export async function verifyByCrew(run: JobRun, crew: Crew, files: readonly DumpFile[]): Promise<ReadonlyMap<number, PumpError>> {
  const sums = new Map(files.map((file) => [file, Array<SegmentSums>(file.segments.length)]));
  const batches = files.flatMap(batchesOf);
  let next = 0;
  await crew.run(async (worker) => {
    while (!run.isStopping && crew.goesOn(worker)) {
      const batch = batches[next];
      if (batch === undefined) break;
      next += 1;
      const { file, first, ranges } = batch;
      const found = await worker.call({ do: "sum segments", path: file.path, ranges, algorithm: checksumAlgorithm(file) });
      sums.get(file)?.splice(first, found.length, ...found);
    }
  });
  if (run.isStopping) return new Map();
  return new Map(
    [...sums].flatMap(([file, found]) => {
      const fault = faultOf(file, found);
      return fault === null ? [] : [[file.number, fault] as const];
    }),
  );
}

function batchesOf(file: DumpFile): Batch[] {
  const batches: Batch[] = [];
  let ranges: ByteRange[] = [];
  let bytes = 0;
  file.segments.forEach(({ offset, length }, i) => {
    ranges.push({ offset, length });
    bytes += length;
    if (bytes < BATCH_BYTES && i < file.segments.length - 1) return;
    batches.push({ file, first: i - ranges.length + 1, ranges });
    ranges = [];
    bytes = 0;
  });
  return batches;
}
