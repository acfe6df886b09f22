import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";
import { namesOfSql } from "./statement-end.ts";

/** A view or trigger that names what is not there. */
export interface BrokenObject {
  readonly name: string;
  readonly reason: string;
}

/** Views are worked out within each other: the definitions of a dump can make that take forever. */
export const MOST_EXPANSIONS = 1000;
const LONGEST_DEFINITION = 100_000;
const MISSING = /^no such (?:table|column|view)\b/;

/**
 * Those of the views that name a table, view or column that is not there. What else is wrong with a view its source knew, too. Of a
 * view that would take long to work out nothing is said.
 */
export function brokenViews(connection: Connection, names: readonly string[]): readonly BrokenObject[] {
  if (names.length === 0) return [];
  const effort = viewEffort(connection);
  return names.flatMap((name) => {
    if (effort.of(foldName(name)) > MOST_EXPANSIONS) return [];
    const reason = failureOf(connection, `SELECT * FROM main.${quoteIdentifier(name)}`);
    return reason !== null && MISSING.test(reason) ? [{ name, reason }] : [];
  });
}

interface ViewRow {
  readonly name: string;
  readonly sql: string;
}

/** What SQLite says to a statement that is prepared and not run. */
export function failureOf(connection: Connection, sql: string): string | null {
  try {
    connection.prepare(sql);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What the views of the main database cost. */
export function viewEffort(connection: Connection): Effort {
  return new Effort(connection.prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'view'").all() as ViewRow[]);
}

/** How many views SQLite works out for one, at most: without WITH, as often as their names stand in the texts. */
class Effort {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #known = new Map<string, number>();

  constructor(views: readonly ViewRow[]) {
    this.#texts = new Map(views.map(({ name, sql }) => [foldName(name), sql]));
  }

  /** @param depth how many views this one is within */
  of(view: string, depth = 0): number {
    const known = this.#known.get(view);
    if (known !== undefined) return known;
    if (depth > MOST_EXPANSIONS) return Infinity;
    // A view within itself.
    this.#known.set(view, Infinity);
    const effort = this.#measure(view, this.#texts.get(view) ?? "", depth);
    this.#known.set(view, effort);
    return effort;
  }

  /** Of a text that may name views. */
  ofText(text: string): number {
    return this.#measure(null, text, 0);
  }

  #measure(view: string | null, text: string, depth: number): number {
    const named = this.#viewsIn(text);
    if (named === null) return Infinity;
    let sum = 1;
    for (const [other, count] of named) {
      if (other !== view) sum += count * this.of(other, depth + 1);
      if (sum > MOST_EXPANSIONS) return Infinity;
    }
    return sum;
  }

  /** How often each view may be meant, by one pass over the text; null when that can't be told. */
  #viewsIn(text: string): ReadonlyMap<string, number> | null {
    if (text.length > LONGEST_DEFINITION) return null;
    const counts = new Map<string, number>();
    for (const name of namesOfSql(text)) {
      const folded = foldName(name.name);
      if (folded === "with") return null;
      if (this.#texts.has(folded)) counts.set(folded, (counts.get(folded) ?? 0) + 1);
    }
    return counts;
  }
}
