import { basename, dirname, resolve } from "node:path";
import type { DataPump } from "../../api/data-pump.ts";
import { pumpError, type StackEntry } from "../../base/errors.ts";
import { quoteIdentifier } from "../../base/identifiers.ts";
import type { JobPlan, PlannedFile } from "../job-plan.ts";
import type { Assignment } from "../lexer.ts";
import { fileOf, plainOrQuoted } from "./values.ts";

/** What stands above the error of a file. */
const OUTER = {
  dump: [["ORA-39001"], ["ORA-39000"]],
  log: [["ORA-39002"], ["ORA-39070"]],
  script: [["ORA-39001"]],
} as const satisfies Record<string, readonly StackEntry[]>;

/** The parameters that name files. */
const OF_FILES: ReadonlySet<string> = new Set(["dumpfile", "logfile", "sqlfile"]);

/** A plan whose files have their places, and how assignments are shown that name them by their paths. */
export interface PlacedFiles {
  readonly plan: JobPlan;
  readonly shown: (assignment: Assignment) => Assignment;
}

/**
 * exp and imp name files by their paths, Data Pump by a directory object: the one that is the folder of the path.
 * @throws ORA-39087 when there is none
 */
export async function placeLegacyFiles(pump: Pick<DataPump, "directories">, plan: JobPlan): Promise<PlacedFiles> {
  const directories = await pump.directories();
  /** `directory:file` by paths. */
  const places = new Map<string, string>();
  const place = <T extends PlannedFile | null>(file: T, kind: keyof typeof OUTER): T => {
    if (file === null || !file.name.includes("/") || file.name.includes("://")) return file;
    const folder = resolve(dirname(file.name));
    const found = directories.find(({ path }) => path === folder);
    if (found === undefined)
      throw pumpError(
        [...OUTER[kind], ["ORA-39087", folder]],
        `Files are named by a directory object and a name; make one for that folder: tsdp directory create NAME ${folder}`,
      );
    const name = basename(file.name);
    places.set(file.name, `${plainOrQuoted(found.name)}:${name}`);
    return { ...file, name, directory: quoteIdentifier(found.name) };
  };
  const placed = {
    ...plan,
    log: place(plan.log, "log"),
    script: place(plan.script, "script"),
    dumps: plan.dumps.map((dump) => place(dump, "dump")),
  };
  const shown = (assignment: Assignment) => (OF_FILES.has(assignment.name) ? withPlaces(assignment, places) : assignment);
  return { plan: placed, shown };
}

function withPlaces(assignment: Assignment, places: ReadonlyMap<string, string>): Assignment {
  if (!assignment.elements.some((element) => places.has(fileOf(element).name))) return assignment;
  const elements = assignment.elements.map((element) => places.get(fileOf(element).name) ?? element);
  return { ...assignment, text: elements.join(","), elements };
}
