import { foldName, quoteIdentifier } from "../base/identifiers.ts";
import type { Connection } from "./database.ts";

/** A view or trigger that names what is not there. */
export interface BrokenObject {
  readonly name: string;
  readonly reason: string;
}

/** Views are worked out within each other: the definitions of a dump can make that take forever. */
export const MOST_EXPANSIONS = 1000;
const LONGEST_DEFINITION = 100_000;
const NAME_CHARACTER = /[\w$\u0080-\uffff]/;
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
    this.#texts = new Map(views.map(({ name, sql }) => [foldName(name), foldName(sql)]));
  }

  of(view: string): number {
    const known = this.#known.get(view);
    if (known !== undefined) return known;
    // A view within itself.
    this.#known.set(view, Infinity);
    const effort = this.#measure(view, this.#texts.get(view) ?? "");
    this.#known.set(view, effort);
    return effort;
  }

  /** Of a folded text that may name views. */
  ofText(text: string): number {
    return this.#measure(null, text);
  }

  #measure(view: string | null, text: string): number {
    if (text.length > LONGEST_DEFINITION || occurrences(text, "with") > 0) return Infinity;
    let sum = 1;
    for (const other of this.#texts.keys()) {
      if (other === view) continue;
      const count = occurrences(text, other);
      if (count > 0) sum += count * this.of(other);
      if (sum > MOST_EXPANSIONS) return Infinity;
    }
    return sum;
  }
}

/** How often a name may be meant; a name that can be spelled in several ways, always. */
function occurrences(text: string, name: string): number {
  if (name === "" || /["'`[\]]/.test(name)) return Infinity;
  const joins = (a: string | undefined, b: string | undefined) =>
    a !== undefined && b !== undefined && NAME_CHARACTER.test(a) && NAME_CHARACTER.test(b);
  let count = 0;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!joins(text[at - 1], name[0]) && !joins(name.at(-1), text[at + name.length])) count += 1;
  }
  return count;
}
