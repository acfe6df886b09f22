// `npm run quickstart`: the HR sample schema, exported, imported under another name, and compared.
// Works in ./quickstart, which is emptied first.
import Database from "better-sqlite3";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const FOLDER = join(ROOT, "quickstart");
const TSDP = join(ROOT, "bin", "tsdp.js");
const TABLES = ["REGIONS", "COUNTRIES", "LOCATIONS", "DEPARTMENTS", "JOBS", "EMPLOYEES", "JOB_HISTORY"];

process.exitCode = main();

function main() {
  makeSampleDatabase();
  const done =
    run("Export the schema HR to one dump file", "export", "schemas=HR", "dumpfile=example1.dmp") &&
    run("Import it as the schema BLAKE", "import", "dumpfile=example1.dmp", "remap_schema=HR:BLAKE") &&
    run("What the dump file says of itself", "dumpinfo", "example1.dmp") &&
    compareSchemas();
  if (done) summarize();
  else console.error(`\nThe quickstart stopped at the step above. Its files are in ${FOLDER}`);
  return done ? 0 : 1;
}

function makeSampleDatabase() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  heading("A database is a folder with one SQLite file per schema: make HR.db from fixtures/hr.sql");
  const database = new Database(join(FOLDER, "HR.db"));
  database.exec(readFileSync(join(ROOT, "fixtures", "hr.sql"), "utf8"));
  database.close();
  console.log(`${join(FOLDER, "HR.db")}: ${TABLES.length} tables`);
}

/** Runs tsdp in the folder and shows the command as it can be repeated there. */
function run(title, ...words) {
  heading(title);
  console.log(`$ node ${relative(FOLDER, TSDP)} ${words.join(" ")}`);
  const { status, error } = spawnSync(process.execPath, [TSDP, ...words], {
    cwd: FOLDER,
    stdio: "inherit",
    env: cleanEnvironment(),
  });
  if (error !== undefined) console.error(error.message);
  else if (status !== 0) console.error(`tsdp ended with exit code ${status}`);
  return status === 0;
}

/** Settings of the user's own databases have no part in this. */
function cleanEnvironment() {
  const names = Object.keys(process.env).filter((name) => !name.startsWith("TSDP_") && name !== "DATA_PUMP_DIR");
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

function compareSchemas() {
  heading("Compare HR and BLAKE with plain SQL");
  const hr = open("HR.db");
  const blake = open("BLAKE.db");
  const wrong = TABLES.filter((table) => !isSame(hr, blake, table, `SELECT * FROM ${table}`));
  const definitions = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
  if (!isSame(hr, blake, "definitions", definitions)) wrong.push("definitions");
  hr.close();
  blake.close();
  return wrong.length === 0;
}

function open(name) {
  return new Database(join(FOLDER, name), { readonly: true, fileMustExist: true });
}

function isSame(hr, blake, what, sql) {
  const [left, right] = [hr, blake].map((database) => database.prepare(sql).safeIntegers().raw().all());
  const same = isDeepStrictEqual(left, right);
  console.log(
    `${what.padEnd(12)} ${String(left.length).padStart(4)} ${same ? "the same" : `DIFFERENT (${right.length} in BLAKE)`}`,
  );
  return same;
}

function summarize() {
  heading("Done");
  console.log("HR was exported to a dump file and imported as BLAKE; both hold the same rows and definitions.");
  console.log(`Everything is in ${FOLDER}`);
  const notes = {
    "HR.db": "the source",
    "example1.dmp": "the dump file",
    "export.log": "log of the export",
    "import.log": "log of the import",
    "BLAKE.db": "the copy",
  };
  for (const [name, note] of Object.entries(notes)) {
    console.log(`  ${name.padEnd(14)}${String(statSync(join(FOLDER, name)).size).padStart(8)} bytes  ${note}`);
  }
  console.log("Next: cd quickstart && npx tsdp export help=y");
}

function heading(text) {
  console.log(`\n== ${text}`);
}
