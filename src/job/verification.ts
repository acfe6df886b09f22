import { causeLines, type PumpError } from "../base/errors.ts";
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

/**
 * VERIFY_CHECKSUM; without it sets that have checksums, and, unsaid, all before anything that exists could get half an import.
 * @param makesAll whether no schema of the import exists
 * @returns whether the job goes on
 */
export async function verifyFirst(run: JobRun, crew: Crew, files: readonly DumpFile[], makesAll: boolean): Promise<boolean> {
  const asked = run.parameter("VERIFY_CHECKSUM");
  if (asked === 0) {
    run.say("Warning: dump file checksum verification is disabled");
    return true;
  }
  const isTold = asked === 1 || files.some(({ trailer }) => trailer.checksum !== undefined);
  if (!isTold && makesAll) return true;
  if (isTold) run.say("Verifying dump file checksums");
  const [fault] = (await verifyByCrew(run, crew, files)).values();
  if (fault !== undefined) throw fault;
  return !run.isStopping;
}

/** VERIFY_ONLY: what is wrong with the files is told, and nothing else is done. */
export async function verifyOnly(
  run: JobRun,
  crew: Crew,
  files: readonly DumpFile[],
  tellStart: () => void,
): Promise<"done" | "stopped"> {
  if (run.restarts) run.beginAnew();
  run.say("Verifying dump file checksums");
  const faults = await verifyByCrew(run, crew, files);
  if (run.isStopping) return "stopped";
  tellStart();
  run.say("dump file set is complete");
  for (const { number, path } of files) {
    const fault = faults.get(number);
    if (fault === undefined) run.say(`verified checksum for dump file "${path}"`);
    else run.report(causeLines(fault).slice(2));
  }
  run.say(faults.size === 0 ? "dump file set is consistent" : "dump file set is inconsistent");
  return "done";
}

/** Checks every byte of the files by all workers. @returns the faults of the files that have one, by their numbers */
async function verifyByCrew(run: JobRun, crew: Crew, files: readonly DumpFile[]): Promise<ReadonlyMap<number, PumpError>> {
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
