import { assertMeaning } from "../../api/inapplicable.ts";
import { pumpError } from "../../base/errors.ts";
import { clientCommandText } from "../commands/client-command.ts";
import { LEGACY_PARAMETERS, type LegacyParameter } from "./legacy-parameters.ts";
import type { Assignment } from "../lexer.ts";
import type { Command } from "./parameter.ts";
import { clientPrefix } from "../settings.ts";
import { booleanOf } from "./values.ts";

/** Where a parameter stands. */
export type Location = "Command Line" | "Parameter File";

/** What a parameter of the original exp or imp has become: nothing when it is ignored. */
export interface Replaced {
  readonly typed: Assignment;
  readonly location: Location;
  readonly becomes: readonly Assignment[];
}

/** Assignments without the parameters of the original exp and imp, and what has become of those. */
export interface Rewritten {
  readonly assignments: readonly Assignment[];
  readonly replaced: readonly Replaced[];
}

/** What the client says of legacy mode; nothing without it. @param added parameters that it has set by itself */
export function legacyLines(replaced: readonly Replaced[], added: readonly Assignment[]): readonly string[] {
  if (replaced.length === 0) return [];
  return [
    "Legacy Mode Active due to the following parameters:",
    ...replaced.map(({ typed, location, becomes }) => {
      const told = becomes.length === 0 ? "ignored." : `Replaced with: "${becomes.map(clientCommandText).join(" ")}"`;
      return `Legacy Mode Parameter: "${clientCommandText(typed)}" Location: ${location}, ${told}`;
    }),
    ...added.map((assignment) => `Legacy Mode has set ${clientCommandText(assignment)} parameter.`),
  ];
}

/**
 * Legacy mode: parameters of the original exp and imp become those of Data Pump.
 * @throws UDE-/UDI-00054 for one that can't be followed, UDE-/UDI-00014 for a value, TSDP-00002 for what can't mean anything here
 */
export function rewriteLegacy(command: Command, typed: readonly Assignment[], location: Location): Rewritten {
  if (!isLegacy(command, typed)) return { assignments: typed, replaced: [] };
  const assignments: Assignment[] = [];
  const replaced: Replaced[] = [];
  for (const assignment of typed) {
    const parameter = legacyOf(command, assignment.name);
    if (parameter === undefined) {
      assignments.push(assignment);
      continue;
    }
    const becomes = replacement(command, parameter, assignment, typed);
    assignments.push(...becomes);
    replaced.push({ typed: assignment, location, becomes });
  }
  const transports = replaced.some((one) => one.typed.name === "transport_tablespace" && one.becomes.length > 0);
  return { assignments: transports ? assignments.filter(({ name }) => name !== "tablespaces") : assignments, replaced };
}

/** Whether a parameter that only exp or imp has is among them. */
function isLegacy(command: Command, typed: readonly Assignment[]): boolean {
  return typed.some(({ name }) => legacyOf(command, name)?.onlyInLegacyMode === false);
}

function legacyOf(command: Command, name: string): LegacyParameter | undefined {
  return LEGACY_PARAMETERS.find((parameter) => parameter.name === name && parameter.commands.includes(command));
}

/** @param typed all that stands in the same place */
function replacement(
  command: Command,
  { name, becomes }: LegacyParameter,
  assignment: Assignment,
  typed: readonly Assignment[],
): readonly Assignment[] {
  switch (becomes.kind) {
    case "ignored":
      return [];
    case "refused":
      throw pumpError([[`${clientPrefix(command)}-00054`, name]], becomes.hint);
    case "name":
      return [{ ...assignment, name: becomes.parameter }];
    case "constant":
      return [assignmentOf(becomes.parameter, becomes.value)];
    case "flag":
      return flagOf(command, assignment) ? becomes.yes.map(parsed) : becomes.no.map(parsed);
    case "fixed":
      if (flagOf(command, assignment) === (becomes.refused === "Y"))
        assertMeaning("legacy parameter", `${name.toUpperCase()}=${becomes.refused}`);
      return [];
    case "inapplicable":
      assertMeaning("legacy parameter", name);
      return [];
    default:
      return severalOf(command, becomes.kind, assignment, typed);
  }
}

/** What takes several assignments, before or after. */
function severalOf(
  command: Command,
  kind: "index file" | "users" | "tablespaces",
  assignment: Assignment,
  typed: readonly Assignment[],
): readonly Assignment[] {
  switch (kind) {
    case "index file":
      return [{ ...assignment, name: "sqlfile" }, assignmentOf("include", "INDEX")];
    case "users":
      return [remapOf(assignment, typed)];
    case "tablespaces":
      return flagOf(command, assignment) ? [transportedTablespaces(typed)] : [];
  }
}

function flagOf(command: Command, { name, text }: Assignment): boolean {
  const flag = booleanOf(text);
  if (flag === undefined) throw pumpError([[`${clientPrefix(command)}-00014`, name]], "Valid values are Y and N.");
  return flag;
}

function parsed(text: string): Assignment {
  const [name = "", value = ""] = text.split("=");
  return assignmentOf(name, value);
}

function assignmentOf(name: string, text: string): Assignment {
  return { name, text, elements: [text] };
}

/** FROMUSER and TOUSER together are pairs: schemas that are taken, and where they go. */
function remapOf(to: Assignment, typed: readonly Assignment[]): Assignment {
  const from = typed.find(({ name }) => name === "fromuser");
  if (from?.elements.length !== to.elements.length)
    throw pumpError([["UDI-00014", "touser"]], "Give one FROMUSER for each TOUSER.");
  const pairs = from.elements.map((user, i) => `${user}:${to.elements[i] ?? ""}`);
  return { name: "remap_schema", text: pairs.join(","), elements: pairs };
}

/** TABLESPACES are those of TRANSPORT_TABLESPACE=Y, wherever they stand beside it. */
function transportedTablespaces(typed: readonly Assignment[]): Assignment {
  const tablespaces = typed.find(({ name }) => name === "tablespaces");
  if (tablespaces === undefined)
    throw pumpError([["UDE-00014", "transport_tablespace"]], "Name the tablespaces beside it: TABLESPACES=HR,OE.");
  return { ...tablespaces, name: "transport_tablespaces" };
}
