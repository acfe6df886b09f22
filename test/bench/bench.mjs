// `npm run bench -- [--mb 400] [--runs 3] [--parallel 2] [--seed 42] [--peers | --no-peers] [--write]`
// [--only pages]: only the tasks of whose kind that is a part, such as "pages" or "link".
// Generates data from a seed, runs tsdp and its peers in turn on it, and prints medians and ratios as Markdown.
// Under `.ci/object-store.sh` the same jobs run with their dump file in the object store too (`--only store`: only these).
// `TSDP_S3_CPUS=1 .ci/object-store.sh taskset -c 0 npm run bench -- ...`: the store has a processor of its own.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import { fingerprint, generate } from "./data.mjs";
import { peakMemory, timed } from "./measure.mjs";
import { loadPostgres, startPostgres } from "./postgres.mjs";
import { section, writeSection } from "./report.mjs";
import { clear, linkTasks, pageTasks, postgresTasks, sqliteTasks, storeTasks, tsdpTasks, verifyTasks } from "./tasks.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const STARTUP_RUNS = 11;

const { TSDP_S3_ENDPOINT: endpoint, TSDP_S3_KEY: key, TSDP_S3_SECRET: secret } = process.env;

// Settings of the user's own databases have no part in this.
for (const name of Object.keys(process.env)) if (name.startsWith("TSDP_") || name === "DATA_PUMP_DIR") delete process.env[name];

await main();

async function main() {
  const options = readOptions();
  const folder = mkdtempSync(join(tmpdir(), "tsdp-bench-"));
  let postgres;
  try {
    const context = makeContext(folder, options);
    const notes = [];
    postgres = options.peers && options.only === "" ? preparePostgres(context, notes) : undefined;
    const store = endpoint === undefined ? undefined : await prepareStore(context);
    const tasks = choose(context, options, { postgres, store }, notes);
    for (let i = 1; i <= options.runs; i++) await runAll(tasks, i, options.runs);
    const startups = options.tsdp && options.only === "" ? await measureStartups(context) : [];
    const text = section({ ...options, rows: context.rows, versions: await versions(postgres, options), tasks, startups, notes });
    console.log(`\n${text}`);
    if (options.write) writeSection(join(ROOT, "docs", "performance.md"), `${options.megabytes} ${options.only}`.trim(), text);
  } finally {
    postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOptions() {
  const number = (value) => ({ type: "string", default: value });
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      mb: number("400"),
      runs: number("3"),
      parallel: number("2"),
      seed: number("42"),
      peers: { type: "boolean", default: true },
      tsdp: { type: "boolean", default: true },
      only: { type: "string", default: "" },
      write: { type: "boolean", default: false },
    },
  });
  const [megabytes, runs, parallel, seed] = [values.mb, values.runs, values.parallel, values.seed].map((text) => {
    const whole = Number(text);
    if (!Number.isInteger(whole) || whole < 1) throw new Error(`a whole number from 1 is needed, not '${text}'`);
    return whole;
  });
  const { peers, tsdp, only, write } = values;
  return { megabytes, runs, parallel, seed, peers, tsdp, only, write };
}

function makeContext(folder, { megabytes, seed, parallel }) {
  const source = join(folder, "BENCH.db");
  say(`generating ${megabytes} MB in ${folder}`);
  const rows = generate(source, megabytes, seed);
  say(`${rows} rows, ${(statSync(source).size / 1e6).toFixed(0)} MB`);
  const tsdp = `'${process.execPath}' '${join(ROOT, "bin", "tsdp.js")}'`;
  return { folder, source, rows, parallel, tsdp, fingerprint: fingerprint(source) };
}

function preparePostgres({ folder, source }, notes) {
  const postgres = startPostgres(folder);
  if (postgres.reason !== undefined) {
    notes.push(`pg_dump and pg_restore were skipped: ${postgres.reason}.`);
    say(notes.at(-1));
    return undefined;
  }
  say("loading the same rows into PostgreSQL");
  loadPostgres(postgres, source);
  return postgres;
}

/** The client library is loaded only where there is a store. */
async function prepareStore(context) {
  const { makeBucket } = await import("./object-store.mjs");
  return makeBucket(context, { endpoint, key, secret });
}

function choose(context, { peers, tsdp, only }, { postgres, store }, notes) {
  const missing = peers ? ["sqlite3", "zstd"].filter((name) => spawnSync(name, ["--version"]).error !== undefined) : [];
  if (missing.length > 0) notes.push(`The SQLite peers were skipped: ${missing.join(" and ")} not installed.`);
  const withSqlite = peers && missing.length === 0;
  return [
    ...(tsdp ? tsdpTasks(context) : []),
    ...(tsdp && store !== undefined ? storeTasks(context, store) : []),
    ...(tsdp ? verifyTasks(context) : []),
    ...(tsdp ? [...pageTasks(context, withSqlite), ...linkTasks(context, withSqlite)] : []),
    ...(withSqlite ? sqliteTasks(context) : []),
    ...(postgres === undefined ? [] : postgresTasks(context, postgres)),
  ]
    .filter(({ kind }) => kind.includes(only))
    .map((task) => ({ ...task, seconds: [] }));
}

/** Every task once; in the last round also once more for its memory, since watching it costs time. */
async function runAll(tasks, round, rounds) {
  for (const task of tasks) {
    await prepare(task);
    task.seconds.push(await timed(task));
    task.check?.();
    say(`round ${round}/${rounds}  ${task.name.padEnd(32)} ${task.seconds.at(-1).toFixed(2)} s`);
    if (round < rounds || task.serverHoldsMemory) continue;
    await prepare(task);
    task.peak = await peakMemory(task);
  }
}

async function prepare(task) {
  clear(task);
  if (task.prepare !== undefined) await timed({ ...task, command: task.prepare });
}

/** Starts in turn: bare Node, the version, and a whole export of the HR sample schema. */
async function measureStartups({ folder, tsdp }) {
  const database = new Database(join(folder, "HR.db"));
  database.exec(readFileSync(join(ROOT, "fixtures", "hr.sql"), "utf8"));
  database.close();
  const startups = [
    { name: "node -e 0", command: `'${process.execPath}' -e 0` },
    { name: "tsdp --version", command: `${tsdp} --version` },
    { name: "tsdp export schemas=HR", command: `${tsdp} export schemas=HR dumpfile=hr.dmp reuse_dumpfiles=y` },
  ].map((startup) => ({ ...startup, folder, seconds: [] }));
  for (let i = 0; i < STARTUP_RUNS; i++) {
    for (const startup of startups) startup.seconds.push(await timed(startup));
  }
  return startups;
}

async function versions(postgres, options) {
  const line = (command, ...words) => (spawnSync(command, words, { encoding: "utf8" }).stdout ?? "").trim().split("\n")[0];
  const sqlite = line("sqlite3", "--version").split(" ")[0];
  return [
    `Node ${process.version}`,
    ...(options.tsdp ? [`codec ${await codec()}`] : []),
    ...(options.peers ? [`sqlite3 ${sqlite}`, line("zstd", "--version").replaceAll("*", "").trim()] : []),
    ...(postgres === undefined ? [] : [postgres.version]),
  ];
}

/** The name of the codec that compression=all uses on this machine. */
async function codec() {
  const path = join(ROOT, "dist", "format", "compression.js");
  if (!existsSync(path)) return "(not built)";
  const { loadCodec } = await import(path);
  return loadCodec();
}

function say(text) {
  console.error(text);
}
