import Sqlite from "better-sqlite3";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { expectSuccess, followJob, runImport } from "../pump-jobs.ts";
import { askAt, defined } from "../restarts.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const ACCOUNTS = 30_000;
const BALANCE = 100;
const POLL_MS = 10;
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
  for (;;) {
    insistently(() => inside.immediate());
    insistently(() => take.run(1, some()));
    insistently(() => store.run());
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

/** A process that moves money until the test ends. `movesOn` resolves when it has moved more than it had. */
function startMoving(folder: string): { movesOn: () => Promise<void> } {
  const sqlite = createRequire(import.meta.url).resolve("better-sqlite3");
  const child = spawn(process.execPath, ["-e", MOVES, sqlite, join(folder, "BANK.db"), join(folder, "VAULT.db")]);
  const ended = once(child, "exit");
  let trouble = "";
  child.stderr.on("data", (bytes) => (trouble += String(bytes)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    expect(trouble).toBe("");
  });
  return {
    movesOn: async () => {
      const before = sumOf(join(folder, "VAULT.db"), ["deposits"]);
      while (sumOf(join(folder, "VAULT.db"), ["deposits"]) === before) {
        if (child.exitCode !== null) throw new Error("the writer has ended");
        await sleep(POLL_MS);
      }
    },
  };
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

// In delete mode a writer waits for every reader: it can move on before and after the export only.
test.each([
  { journalMode: "wal", exports: 3, during: true },
  { journalMode: "delete", exports: 2, during: false },
])(
  "an export beside a writer in $journalMode mode is one state of all tables and schemas",
  async ({ journalMode, exports, during }) => {
    const folder = temporaryFolder();
    writeBank(folder, journalMode);
    const writer = startMoving(folder);
    await writer.movesOn();
    for (let round = 1; round <= exports; round++) {
      const dumpFiles = [`round${round}.dmp`];
      const job = await defined("EXPORT", folder, { schemas: "IN ('BANK','VAULT')", dumpFiles, parallel: 3 });
      await askAt("export piece unloaded:1", job, folder, async () => {
        if (during) await writer.movesOn();
      });
      expectSuccess(await followJob(job.pump, job.handle));
      await job.pump.close();
      await writer.movesOn();
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
    }
  },
);
