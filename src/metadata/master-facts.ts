import { foldName } from "../base/identifiers.ts";
import type { DumpObject } from "./dump-object.ts";

/** A fact that is a list of object numbers, `3,7`; one that is something else says nothing. */
export function objectNumbers(fact: string | undefined): ReadonlySet<number> {
  return new Set(
    (fact ?? "")
      .split(",")
      .filter((number) => /^\d{1,15}$/.test(number))
      .map(Number),
  );
}

/** Facts about single objects, for the master table; those about none are left out. */
export function objectFacts(facts: Readonly<Record<string, Iterable<number>>>): Readonly<Record<string, string>> {
  const texts = Object.entries(facts).map(([name, numbers]) => [name, [...numbers].join(",")] as const);
  return Object.fromEntries(texts.filter(([, numbers]) => numbers !== ""));
}

/** Whether a dump holds its schemas as the pages of their files. */
export function isTransported(job: ReadonlyMap<string, string>): boolean {
  return job.has("TRANSPORTABLE");
}

/** The fact that gives the rows of tables by their numbers, `3:107,7:25`: pages don't tell them. */
export function rowsFact(rows: ReadonlyMap<number, number>): string {
  return [...rows].map(([object, count]) => `${object}:${count}`).join(",");
}

/** What `rowsFact` has written; what is something else says nothing. */
export function rowsOfTables(job: ReadonlyMap<string, string>): ReadonlyMap<number, number> {
  const entries = (job.get("ROWS") ?? "").split(",").filter((entry) => /^\d{1,15}:\d{1,15}$/.test(entry));
  return new Map(entries.map((entry) => entry.split(":").map(Number) as [number, number]));
}

/** Whether a dump holds only some objects of its schemas, so that it says nothing of the others. */
export function isPartialDump(job: ReadonlyMap<string, string>): boolean {
  return ["TABLE", "TABLESPACE"].includes(job.get("MODE") ?? "") || job.get("PARTIAL") === "1";
}

/**
 * Those of a schema's objects whose definitions can be proven by themselves: what a partial export has taken without its table, such as
 * indexes alone, only a target can tell.
 */
export function provableObjects(objects: readonly DumpObject[], job: ReadonlyMap<string, string>): readonly DumpObject[] {
  if (!isPartialDump(job)) return objects;
  const bases = new Set(objects.filter(({ type }) => type === "table" || type === "view").map(({ name }) => foldName(name)));
  return objects.filter(({ tableName }) => bases.has(foldName(tableName)));
}

/** The objects, with those marked that the export made of views. */
export function markViews(objects: readonly DumpObject[], job: ReadonlyMap<string, string>): readonly DumpObject[] {
  const fromViews = objectNumbers(job.get("VIEWS_AS_TABLES"));
  const isMarked = (object: DumpObject) => object.objectType === "TABLE" && object.kind === "table" && fromViews.has(object.id);
  return objects.map((object) => (isMarked(object) ? { ...object, fromView: true } : object));
}
