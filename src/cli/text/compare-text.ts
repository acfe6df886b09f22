import type { ObjectDifference, RowDifferences, SchemaComparison } from "../../api/verify.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import { printable } from "../../base/printable.ts";

/** What differs between a schema of a dump and a live one, a line for each object, and the verdict. */
export function comparisonLines(comparison: SchemaComparison): readonly string[] {
  const { schema, live, exists, differences, settings } = comparison;
  const heading = `Schema ${schema} of the dump and live schema ${live}`;
  if (!exists) return [printable(`${heading}: there is no such live schema`)];
  return [
    ...differences.map(differenceLine),
    ...settings.map(({ name, dump, live: now }) => `Setting ${name}: ${dump} in the dump, ${now} in the live schema`),
    `${heading}: ${verdict(comparison)}`,
  ].map(printable);
}

function verdict({ content, same, differences }: SchemaComparison): string {
  const tables = differences.filter(({ type }) => type === "TABLE").length;
  const others = differences.length - tables;
  const equal = differences.length === 0 ? `all ${same} table(s) are the same` : `${same} table(s) are the same`;
  const changed = differences.length === 0 ? "" : `${tables} table(s) and ${others} other object(s) differ, `;
  return `${changed}${equal}${LEFT_OUT[content]}`;
}

const LEFT_OUT: Readonly<Record<SchemaComparison["content"], string>> = {
  ALL: "",
  DATA_ONLY: " (the dump holds tables and rows only: indexes, views and triggers were not compared)",
  METADATA_ONLY: " by their definitions (the dump holds no rows: none were compared)",
};

function differenceLine({ type, schema, name, is, definition, columns, rows, reason }: ObjectDifference): string {
  const shown = `${type} ${qualifiedName(schema, name)}`;
  const details = [
    ...(definition ? ["its definition"] : []),
    ...columns.onlyInDump.map((column) => `column ${column} is only in the dump`),
    ...columns.onlyLive.map((column) => `column ${column} is only live`),
    ...(rows === null ? [] : rowDetails(rows)),
    ...(reason === null ? [] : [`rows not compared: ${reason}`]),
  ];
  const tail = details.length === 0 ? "" : `: ${details.join("; ")}`;
  switch (is) {
    case "onlyInDump":
      return `${shown} is only in the dump${tail}`;
    case "onlyLive":
      return `${shown} is only live`;
    case "notCompared":
      return `${shown} can't be compared${tail}`;
    case "different":
      return `${shown} differs${tail}`;
  }
}

function rowDetails(rows: RowDifferences): readonly string[] {
  const words = { different: "different", onlyInDump: "only in the dump", onlyLive: "only live" } as const;
  return (["different", "onlyInDump", "onlyLive"] as const)
    .filter((is) => rows[is] > 0)
    .map((is) => {
      const keys = rows.examples.filter((example) => example.is === is).map(({ key }) => key);
      const examples = keys.length === 0 ? "" : ` (${keys.join(" | ")}${rows[is] > keys.length ? " | ..." : ""})`;
      return `${rows[is]} row(s) ${words[is]}${examples}`;
    });
}
