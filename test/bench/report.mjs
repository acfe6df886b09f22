// Results as a Markdown section, and its place in docs/performance.md.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { BASELINE } from "./tasks.mjs";
import { median } from "./measure.mjs";

/** One section for one size of data. */
export function section({ megabytes, rows, runs, parallel, only, versions, tasks, startups, notes }) {
  return [
    `### ${megabytes} MB, ${rows.toLocaleString("en")} rows, 2 indexes${only === "" ? "" : `: ${only}`}`,
    "",
    `Medians of ${runs} runs, every task in turn in each; ${cpus().length} x ${cpus()[0]?.model.trim()}, ${gigabytes(totalmem())} GB, ` +
      `${process.platform} ${release()}. ${versions.join(", ")}. tsdp: parallel=${parallel}, compression=all.`,
    "",
    ...Object.keys(BASELINE).flatMap((kind) =>
      table(
        tasks.filter((task) => task.kind === kind),
        rows,
      ),
    ),
    ...startupTable(startups),
    ...notes.map((note) => `- ${note}`),
    "",
    `Repeat: \`npm run bench -- --mb ${megabytes} --runs ${runs} --parallel ${parallel}${only === "" ? "" : ` --only ${only}`} --write\``,
    "",
  ].join("\n");
}

/** Puts a section between its markers, or behind everything else. */
export function writeSection(path, name, text) {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end bench ${name} -->`];
  const page = existsSync(path) ? readFileSync(path, "utf8") : "# Performance\n";
  const block = `${begin}\n\n${text}\n${end}`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const next =
    from < 0 || to < from ? `${page.trimEnd()}\n\n${block}\n` : page.slice(0, from) + block + page.slice(to + end.length);
  writeFileSync(path, next);
}

function table(tasks, rows) {
  if (tasks.length === 0) return [];
  const kind = tasks[0].kind;
  const own = tasks.find((task) => task.name === BASELINE[kind]);
  const lines = tasks.map((task) => {
    const seconds = median(task.seconds);
    const spread = `${Math.min(...task.seconds).toFixed(2)}-${Math.max(...task.seconds).toFixed(2)}`;
    const ratio = own === undefined ? "" : `${(seconds / median(own.seconds)).toFixed(2)}`;
    const memory = task.peak === undefined ? "" : `${Math.round(task.peak / 2 ** 20)} MiB`;
    return `| ${task.name.replaceAll("|", "\\|")} | ${seconds.toFixed(2)} | ${spread} | ${((seconds * 1e6) / rows).toFixed(2)} | ${ratio} | ${memory} |`;
  });
  return [`| ${kind} | s | range | µs/row | times tsdp | peak memory |`, "|---|---|---|---|---|---|", ...lines, ""];
}

function startupTable(startups) {
  if (startups.length === 0) return [];
  const lines = startups.map(({ name, seconds }) => `| ${name} | ${(median(seconds) * 1000).toFixed(0)} |`);
  return ["| start-up | ms |", "|---|---|", ...lines, ""];
}

function gigabytes(bytes) {
  return Math.round(bytes / 2 ** 30);
}
