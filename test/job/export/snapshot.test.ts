import Sqlite from "better-sqlite3";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { expectSuccess, runExport, runImport } from "../pump-jobs.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const ACCOUNTS = 30_000;
const BALANCE = 100;
const TOTAL = 2 * ACCOUNTS * BALANCE;

/**
 * Moves money for ever: within BANK by transactions over both of its tables, and from BANK to VAULT by two transactions, so
 * that at each moment 1 at most is on its way.
 */
const MOVES = `
  const Sqlite = require(process.argv[1]);
  const open = (path) => {
    const database = new Sqlite(path, { timeout: 0 });
    database.pragma("synchronous = off");
    return database;
  };
  const [bank, vault] = process.argv.slice(2).map(open);
  const some = () => 1 + Math.floor(Math.random() * ${ACCOUNTS});
  const insistently = (step) => {
    for (;;) {
      try {
        return step();
      } catch (error) {
        if (!String(error.code).startsWith("SQLITE_BUSY")) throw error;
      }
    }
  };
  const take = bank.prepare("UPDATE checking SET balance = balance - ? WHERE id = ?");
  const give = bank.prepare("UPDATE savings SET balance = balance + ? WHERE id = ?");
  const inside = bank.transaction(() => { const sum = some(); take.run(sum, some()); give.run(sum, some()); });
  const store = vault.prepare("UPDATE deposits SET balance = balance + 1 WHERE id = 1");
  for (let moved = 1; ; moved++) {
    insistently(() => inside.immediate());
    insistently(() => take.run(1, some()));
    insistently(() => store.run());
    if (moved % 10 === 0) process.stdout.write("moved " + moved + "\\n");
  }`;

function writeBank(folder: string, journalMode: string): void {
  const rows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ACCOUNTS})`;
  const bank = new Sqlite(join(folder, "BANK.db"));
  bank.pragma(`journal_mode = ${journalMode}`);
  for (const table of ["checking", "savings"]) {
    bank.exec(
      `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, balance, note); ${rows} INSERT INTO ${table} SELECT i, ${BALANCE}, printf('%080d', i) FROM n`,
    );
  }
  bank.close();
  const vault = new Sqlite(join(folder, "VAULT.db"));
  vault.pragma(`journal_mode = ${journalMode}`);
  vault.exec(`CREATE TABLE deposits (id INTEGER PRIMARY KEY, balance); INSERT INTO deposits VALUES (1, 0)`);
  vault.close();
}

/** A process that moves money until the test ends; resolves when it has begun. */
async function startMoving(folder: string): Promise<{ moved: () => number }> {
  const sqlite = createRequire(import.meta.url).resolve("better-sqlite3");
  const child: ChildProcess = spawn(process.execPath, ["-e", MOVES, sqlite, join(folder, "BANK.db"), join(folder, "VAULT.db")]);
  const ended = once(child, "exit");
  let said = "";
  let trouble = "";
  child.stderr?.on("data", (bytes) => (trouble += String(bytes)));
  child.stdout?.on("data", (bytes) => (said = String(bytes)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    expect(trouble).toBe("");
  });
  if (child.stdout !== null) await once(child.stdout, "data");
  return { moved: () => Number(/moved (\d+)\n$/.exec(said)?.[1]) };
}

function sumOf(path: string, tables: readonly string[]): number {
  const database = new Sqlite(path, { readonly: true });
  const sum = tables.reduce(
    (total, table) => total + (database.prepare(`SELECT sum(balance) FROM ${table}`).pluck().get() as number),
    0,
  );
  database.close();
  return sum;
}

test.each([
  { journalMode: "wal", exports: 3 },
  { journalMode: "delete", exports: 2 },
])("an export beside a writer in $journalMode mode is one state of all tables and schemas", async ({ journalMode, exports }) => {
  const folder = temporaryFolder();
  writeBank(folder, journalMode);
  const writer = await startMoving(folder);
  for (let round = 1; round <= exports; round++) {
    const before = writer.moved();
    const dumpFiles = [`round${round}.dmp`];
    expectSuccess(await runExport(folder, { schemas: "IN ('BANK','VAULT')", dumpFiles, parallel: 3 }));
    expectSuccess(
      await runImport(folder, {
        dumpFiles,
        remap: [
          ["BANK", `BANK${round}`],
          ["VAULT", `VAULT${round}`],
        ],
      }),
    );
    const inBank = sumOf(join(folder, `BANK${round}.db`), ["checking", "savings"]);
    const inVault = sumOf(join(folder, `VAULT${round}.db`), ["deposits"]);
    expect([0, 1]).toContain(TOTAL - inBank - inVault);
    expect(writer.moved()).toBeGreaterThan(before);
  }
});
