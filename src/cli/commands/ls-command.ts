import type { DumpListing, ListedObject } from "../../api/inspect.ts";
import { pumpError } from "../../base/errors.ts";
import { printableJson } from "../../base/printable.ts";
import { dumpOptions, type DumpArguments } from "../dump-arguments.ts";
import { errorJson } from "../error-report.ts";
import type { Output } from "../output.ts";
import { tableLines } from "../text/table-text.ts";

export interface LsOptions extends DumpArguments {
  readonly name?: readonly string[];
  readonly schema?: readonly string[];
  readonly type?: readonly string[];
  readonly json?: boolean;
}

const TYPES = ["TABLE", "VIEW", "INDEX", "TRIGGER"] as const;

const SCHEMA = "tsdp.ls/1";

/** `tsdp ls DUMP...`. @returns the exit code */
export async function listDumps(files: readonly string[], options: LsOptions, output: Output): Promise<number> {
  try {
    output.out(...(await shownListing(files, options)));
    return 0;
  } catch (error) {
    if (options.json !== true) throw error;
    output.out(errorJson(SCHEMA, error));
    return 1;
  }
}

async function shownListing(files: readonly string[], options: LsOptions): Promise<readonly string[]> {
  const { listDump } = await import("../../api/inspect.ts");
  const { name: names, schema: schemas } = options;
  const types = options.type?.map(typeNamed);
  const filter = { ...(names && { names }), ...(schemas && { schemas }), ...(types && { types }) };
  const listing = await listDump(files, { ...(await dumpOptions(files, options)), ...filter });
  return options.json === true ? [listingJson(listing)] : listingLines(listing);
}

function typeNamed(text: string): (typeof TYPES)[number] {
  const type = TYPES.find((known) => known === text.toUpperCase());
  if (type === undefined)
    throw pumpError([["ORA-39001"], ["ORA-39207", text, "--type"]], `Types are ${TYPES.join(", ").toLowerCase()}.`);
  return type;
}

function listingLines({ objects }: DumpListing): readonly string[] {
  if (objects.length === 0) return ["No objects."];
  return tableLines(
    ["NUMBER", "SCHEMA", "TYPE", "NAME", "ROWS", "BYTES", "STORED", "STATE"],
    objects.map((object) => {
      const { number, schema, name, rows, rawBytes, storedBytes } = object;
      return [
        number,
        schema,
        typeText(object),
        name,
        ...(rows === null ? ["", "", ""] : [rows, rawBytes, storedBytes]),
        stateText(object),
      ];
    }),
  );
}

function typeText({ type, kind }: ListedObject): string {
  return kind === "virtual" || kind === "shadow" ? `${type} (${kind})` : type;
}

function stateText({ state, reason }: ListedObject): string {
  return reason === null ? state : `${state}: ${reason}`;
}

function listingJson({ job, files, schemas, objects }: DumpListing): string {
  const facts = Object.fromEntries(JOB_FACTS.map(([key, fact]) => [key, job.get(fact) ?? null]));
  return printableJson({ schema: SCHEMA, job: facts, files, schemas, objects });
}

const JOB_FACTS = [
  ["owner", "OWNER"],
  ["name", "JOB_NAME"],
  ["mode", "MODE"],
  ["content", "CONTENT"],
  ["guid", "GUID"],
  ["instance", "INSTANCE"],
  ["startTime", "START_TIME"],
  ["writer", "WRITER"],
  ["databaseVersion", "DATABASE_VERSION"],
] as const;
