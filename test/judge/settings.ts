import type { Database } from "better-sqlite3";
import type { CompareOptions, Difference } from "./compare.ts";

const SETTINGS = ["encoding", "page_size", "auto_vacuum", "user_version", "application_id"] as const;

/** A value of the file as a whole. */
export type Setting = (typeof SETTINGS)[number];

export function compareSettings(a: Database, b: Database, options: CompareOptions): readonly Difference[] {
  const ignored: readonly string[] = options.ignoreSettings ?? [];
  const names = [...SETTINGS, ...(options.journalMode === true ? ["journal_mode"] : [])];
  return names
    .filter((name) => !ignored.includes(name))
    .map((name) => ({ where: `pragma ${name}`, a: setting(a, name), b: setting(b, name) }))
    .filter((pair) => pair.a !== pair.b);
}

function setting(database: Database, name: string): string {
  return String(database.pragma(name, { simple: true }));
}

/** The lines of SQLite's own checks, in any order. A read-only connection leaves CHECK constraints out of integrity_check. */
export function compareChecks(a: Database, b: Database, options: CompareOptions): readonly Difference[] {
  const ignored = options.ignoreObjects ?? [];
  return ["integrity_check(100000)", "foreign_key_check"].flatMap((check) => {
    const [inA, inB] = [checkLines(a, check, ignored), checkLines(b, check, ignored)];
    return [
      ...leftOver(inA, inB).map((line) => ({ where: check, a: line, b: "(no such line)" })),
      ...leftOver(inB, inA).map((line) => ({ where: check, a: "(no such line)", b: line })),
    ];
  });
}

/** A check that can't run at all (a function of the application is missing) is made table by table. */
function checkLines(database: Database, check: string, ignored: readonly string[]): readonly string[] {
  const whole = runCheck(database, `PRAGMA ${check}`);
  if (typeof whole !== "string") return whole.filter((line) => !isAbout(line, ignored));
  const name = check.replace(/\(.*/, "");
  return tableNames(database)
    .filter((table) => !ignored.includes(table))
    .flatMap((table) => {
      const lines = runCheck(database, `PRAGMA ${name}("${table.replaceAll('"', '""')}")`);
      return (typeof lines === "string" ? [lines] : lines).map((line) => `${table}: ${line}`);
    });
}

/** The lines, or the message of the error. */
function runCheck(database: Database, sql: string): readonly string[] | string {
  try {
    const rows = database.prepare<[], Record<string, unknown>>(sql).all();
    return rows.map((row) => Object.values(row).map(String).join(" "));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tableNames(database: Database): readonly string[] {
  const sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
  return database.prepare<[], string>(sql).pluck().all();
}

function isAbout(line: string, names: readonly string[]): boolean {
  return names.some((name) => line.split(/[ .,]/).includes(name));
}

/** The lines of one list that the other has not, counting repeats. */
function leftOver(lines: readonly string[], others: readonly string[]): readonly string[] {
  const rest = new Map<string, number>();
  for (const line of others) rest.set(line, (rest.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = rest.get(line) ?? 0;
    rest.set(line, count - 1);
    return count <= 0;
  });
}
