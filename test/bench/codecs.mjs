// `npm run bench:codecs -- [--write]`: speed and ratio of zstd levels on piece images, with every implementation that is installed.
// Seconds are of the processor, of one thread: other work on the machine hardly counts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { generate } from "./data.mjs";
import { median } from "./measure.mjs";
import { writeSection } from "./report.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const { loadZstdCodec, ZSTD_CODECS } = await import(join(ROOT, "dist", "format", "zstd.js"));
const { LEVELS } = await import(join(ROOT, "dist", "format", "compression.js"));
const [MEGABYTES, ROWS_PER_PIECE, RUNS] = [40, 30_000, 3];
const NUMBERS = [-5, -3, -1, 1, 2, 3, 5, 6, 9, 12, 15, 19];

const images = makeImages();
const lines = [];
for (const name of ZSTD_CODECS) {
  const codec = await loadZstdCodec(name);
  if (codec === undefined) continue;
  for (const level of NUMBERS) {
    const row = measure(codec, level);
    console.log(`${name} ${level}: ${row.join(" ")}`);
    lines.push(`| ${[name, level, algorithmsOf(level), ...row].join(" | ")} |`);
  }
}
const text = [
  "### Levels of zstd",
  "",
  `${images.length} piece images of ${ROWS_PER_PIECE.toLocaleString("en")} rows of the data above; megabytes a second of one processor, medians of ${RUNS} runs.`,
  "",
  "| implementation | level | COMPRESSION_ALGORITHM | ratio | compress MB/s | decompress MB/s |",
  "|---|---|---|---|---|---|",
  ...lines,
  "",
  "Repeat: `npm run bench:codecs -- --write`",
  "",
].join("\n");
if (process.argv.includes("--write")) writeSection(join(ROOT, "docs", "performance.md"), "codecs", text);
else console.log(`\n${text}`);

function algorithmsOf(level) {
  return Object.keys(LEVELS)
    .filter((algorithm) => LEVELS[algorithm] === level)
    .join(", ");
}

/** Rows as an export stages them: one table in a file of its own. */
function makeImages() {
  const folder = mkdtempSync(join(tmpdir(), "tsdp-codecs-"));
  try {
    const path = join(folder, "BENCH.db");
    const rows = generate(path, MEGABYTES, 42);
    const found = [];
    for (let first = 1; first <= rows; first += ROWS_PER_PIECE) {
      const image = new Database(":memory:");
      image.prepare("ATTACH ? AS source").run(path);
      image.exec("CREATE TABLE tsdp_piece (k, c1, c2, c3, c4, c5, c6)");
      image
        .prepare("INSERT INTO tsdp_piece SELECT * FROM source.orders WHERE id BETWEEN ? AND ?")
        .run(first, first + ROWS_PER_PIECE - 1);
      image.exec("DETACH source");
      found.push(image.serialize());
      image.close();
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(codec, level) {
  const raw = images.reduce((sum, { length }) => sum + length, 0);
  const packed = images.map((image) => Buffer.from(codec.compress(image, level)));
  const stored = packed.reduce((sum, { length }) => sum + length, 0);
  const compress = speed(() => images.forEach((image) => codec.compress(image, level)), raw);
  const decompress = speed(() => packed.forEach((image, i) => codec.decompress(image, images[i].length)), raw);
  return [(raw / stored).toFixed(2), compress, decompress];
}

function speed(work, bytes) {
  const seconds = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  });
  return Math.round(bytes / 1e6 / median(seconds));
}
