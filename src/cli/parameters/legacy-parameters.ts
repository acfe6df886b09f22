import type { Command } from "./parameter.ts";

/** What a parameter of the original exp or imp becomes. */
type Becomes =
  | { readonly kind: "ignored" }
  | { readonly kind: "refused"; readonly hint: string }
  | { readonly kind: "name"; readonly parameter: string }
  | { readonly kind: "constant"; readonly parameter: string; readonly value: string }
  | { readonly kind: "flag"; readonly yes: readonly string[]; readonly no: readonly string[] }
  /** One value is what happens anyway; the other can't be had. */
  | { readonly kind: "fixed"; readonly refused: "Y" | "N" }
  /** What it is for can't mean anything here. */
  | { readonly kind: "inapplicable" }
  | { readonly kind: "index file" }
  /** Pairs with FROMUSER. */
  | { readonly kind: "users" }
  /** Says what TABLESPACES means. */
  | { readonly kind: "tablespaces" };

export interface LegacyParameter {
  readonly name: string;
  readonly commands: readonly Command[];
  readonly becomes: Becomes;
  /** Data Pump has the name, too: it is read the old way only beside one that switches legacy mode on. */
  readonly onlyInLegacyMode: boolean;
}

const BOTH = ["export", "import"] as const;
const EXPORT = ["export"] as const;
const IMPORT = ["import"] as const;

const ONE_VOLUME = "Split the dump with FILESIZE and a template such as DUMPFILE=x_%U.dmp.";

/** The parameters of the original exp and imp that Data Pump has not. */
export const LEGACY_PARAMETERS: readonly LegacyParameter[] = [
  renamed("file", BOTH, "dumpfile"),
  renamed("log", BOTH, "logfile"),
  renamed("owner", EXPORT, "schemas"),
  renamed("fromuser", IMPORT, "schemas"),
  legacy("touser", IMPORT, { kind: "users" }),
  legacy("transport_tablespace", EXPORT, { kind: "tablespaces" }),
  legacy("transport_tablespace", IMPORT, { kind: "ignored" }),
  legacy("tts_full_check", EXPORT, { kind: "inapplicable" }),
  legacy("datafiles", IMPORT, { kind: "inapplicable" }),
  flag("rows", BOTH, ["content=ALL"], ["content=METADATA_ONLY"]),
  flag("consistent", EXPORT, ["flashback_time=SYSTIMESTAMP"], []),
  flag("indexes", BOTH, [], ["exclude=INDEX"]),
  flag("triggers", EXPORT, [], ["exclude=TRIGGER"]),
  flag("ignore", IMPORT, ["table_exists_action=APPEND"], []),
  legacy("destroy", IMPORT, { kind: "fixed", refused: "Y" }),
  flag("show", IMPORT, ["sqlfile=show.sql"], []),
  legacy("indexfile", IMPORT, { kind: "index file" }),
  legacy("feedback", BOTH, { kind: "constant", parameter: "status", value: "30" }),
  legacy("constraints", BOTH, { kind: "fixed", refused: "N" }),
  legacy("grants", BOTH, { kind: "ignored" }),
  legacy("volsize", BOTH, { kind: "refused", hint: ONE_VOLUME }),
  legacy("charset", IMPORT, { kind: "refused", hint: "Texts are imported byte for byte; there is nothing to convert." }),
  ...["buffer", "recordlength", "resumable", "resumable_name", "resumable_timeout", "statistics"].map((name) =>
    legacy(name, BOTH, { kind: "ignored" }),
  ),
  ...["compress", "direct", "object_consistent"].map((name) => legacy(name, EXPORT, { kind: "ignored" })),
  ...["commit", "compile", "toid_novalidate", "tts_owners", "streams_instantiation"].map((name) =>
    legacy(name, IMPORT, { kind: "ignored" }),
  ),
  { name: "filesize", commands: IMPORT, becomes: { kind: "ignored" }, onlyInLegacyMode: true },
];

function legacy(name: string, commands: readonly Command[], becomes: Becomes): LegacyParameter {
  return { name, commands, becomes, onlyInLegacyMode: false };
}

function renamed(name: string, commands: readonly Command[], parameter: string): LegacyParameter {
  return legacy(name, commands, { kind: "name", parameter });
}

function flag(name: string, commands: readonly Command[], yes: readonly string[], no: readonly string[]): LegacyParameter {
  return legacy(name, commands, { kind: "flag", yes, no });
}
