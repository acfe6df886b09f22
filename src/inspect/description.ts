import type { DumpObject } from "../metadata/dump-object.ts";

/** What the description that precedes an object's first piece has to say (docs/format.md, "Object descriptions"). */
export interface ExpectedDescription {
  readonly schema: string;
  readonly name: string;
  /** In base64. */
  readonly sql: string | null;
}

export function expectedDescription({ schema, name, sql }: DumpObject): ExpectedDescription {
  return { schema, name, sql: sql === null ? null : Buffer.from(sql).toString("base64") };
}

/** What is wrong with a description; null: nothing. */
export function badDescription(raw: Buffer, expected: ExpectedDescription): string | null {
  const found = parsed(raw);
  if (found === null) return "it is no description of an object";
  for (const [member, value] of Object.entries(expected)) {
    if (found[member] !== value) return `its ${member} is not that of the master table`;
  }
  return null;
}

function parsed(raw: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(raw.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
