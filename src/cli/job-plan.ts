import { DATA_OPTION_BITS } from "../api/data-options.ts";
import { pumpError } from "../base/errors.ts";
import { quoteLiteral } from "../base/identifiers.ts";
import { objectFilters, type Filters } from "./object-filters.ts";
import { supportedParameters } from "./parameters/parameters.ts";
import { rowFilters, type DataFilters } from "./row-filters.ts";
import { metadataRemaps, type Remaps } from "./remaps.ts";
import { metadataTransforms, type Transforms } from "./transforms.ts";
import { clientCode, spelledOut, type Settings } from "./settings.ts";
import { booleanOf, dataRemapOf, fileOf, tableOf, unquote, urlOf, type DataRemapText } from "./parameters/values.ts";

/** The directory object of files for which none is named. */
export const DEFAULT_DIRECTORY = "DATA_PUMP_DIR";

/** A file as ADD_FILE takes it; directory object or credential as typed, since the catalogue reads its quotes. */
export interface PlannedFile {
  readonly name: string;
  /** Null: a URL that is entered without a credential. */
  readonly directory: string | null;
}

/** A dump file, on disk or in an object store. */
export interface PlannedDump extends PlannedFile {
  readonly isUrl: boolean;
}

/** What a command line asks for, in the words of the API. */
export interface JobPlan {
  readonly operation: "EXPORT" | "IMPORT" | "SQL_FILE";
  /** Null: all that the dump holds, and the user may have. */
  readonly mode: "FULL" | "SCHEMA" | "TABLE" | "TABLESPACE" | "TRANSPORTABLE" | null;
  /** Database link of the source, null: none. */
  readonly remoteLink: string | null;
  /** null: the engine makes one. */
  readonly jobName: string | null;
  /** null: no log file. */
  readonly log: PlannedFile | null;
  /** The script of a SQL_FILE job, null for other jobs. */
  readonly script: PlannedFile | null;
  readonly dumps: readonly PlannedDump[];
  /** Largest size of a dump file as typed, null when it was not given. */
  readonly filesize: string | null;
  /** 1 or 0, null when it was not given. */
  readonly reusefile: number | null;
  readonly filters: Filters;
  readonly remaps: Remaps;
  readonly dataRemaps: readonly DataRemapText[];
  readonly transforms: Transforms;
  readonly parameters: readonly (readonly [name: string, value: string | number])[];
  readonly includeRows: boolean;
  readonly dataFilters: DataFilters;
  /** COMPATIBLE or LATEST. */
  readonly version: string;
  /** Of START_JOB: 0 never. */
  readonly abortStep: number;
  /** Number of workers, null when it was not given. */
  readonly degree: number | null;
}

/**
 * Checks what the parameters say together and turns them into a plan, before anything is connected or written.
 * @throws UDE-/UDI-00010, 00011 and 00014
 */
export function planJob(settings: Settings): JobPlan {
  checkModes(settings);
  checkPassword(settings);
  checkScript(settings);
  checkRows(settings);
  checkRemapKey(settings);
  const content = settings.keyword("content");
  const reuse = settings.flag("reuse_dumpfiles");
  const degree = settings.text("parallel");
  return {
    operation: operation(settings),
    mode: jobMode(settings),
    remoteLink: settings.identifier("network_link") ?? null,
    jobName: settings.identifier("job_name") ?? null,
    log: logFile(settings),
    script: scriptFile(settings),
    dumps: dumpFiles(settings),
    filesize: settings.text("filesize") ?? null,
    reusefile: reuse === undefined ? null : Number(reuse),
    filters: metadataFilters(settings),
    remaps: metadataRemaps(settings),
    dataRemaps: dataRemaps(settings),
    transforms: metadataTransforms(settings),
    parameters: [
      ...setParameters(settings),
      ...dataOptions(settings),
      ...(content === "DATA_ONLY" ? [["INCLUDE_METADATA", 0] as const] : []),
    ],
    includeRows: content !== "METADATA_ONLY",
    dataFilters: rowFilters(settings),
    version: settings.text("version") ?? "COMPATIBLE",
    abortStep: Number(settings.text("abort_step") ?? 0),
    degree: degree === undefined ? null : Number(degree),
  };
}

function operation(settings: Settings): JobPlan["operation"] {
  if (settings.command === "export") return "EXPORT";
  return settings.has("sqlfile") ? "SQL_FILE" : "IMPORT";
}

/** SCHEMA without a filter is the schema of the user; an import of a dump without a mode takes all that it holds. */
function jobMode(settings: Settings): JobPlan["mode"] {
  if (settings.has("schemas")) return "SCHEMA";
  if (settings.has("tables") || settings.has("views_as_tables")) return "TABLE";
  if (settings.has("tablespaces")) return "TABLESPACE";
  if (settings.has("transport_tablespaces")) return "TRANSPORTABLE";
  if (settings.flag("full") === true) return "FULL";
  const readsDump = settings.command === "import" && !settings.has("network_link");
  return readsDump && !settings.has("full") ? null : "SCHEMA";
}

function checkModes(settings: Settings): void {
  const modes = [
    ...(settings.flag("full") === true ? ["full"] : []),
    ...(settings.has("schemas") ? ["schema"] : []),
    ...(settings.has("tables") || settings.has("views_as_tables") ? ["tables"] : []),
    ...(settings.has("tablespaces") ? ["tablespaces"] : []),
    ...(settings.has("transport_tablespaces") ? ["transport_tablespaces"] : []),
  ];
  const [first, second] = modes;
  if (first === undefined || second === undefined) return;
  const hint = "Ask for one of full=y, schemas=, tables= and tablespaces=; a table may carry its schema, schema.table.";
  throw pumpError([[clientCode(settings.command, "00010"), first, second]], hint);
}

function checkPassword(settings: Settings): void {
  const given = [
    ...(settings.has("encryption_password") ? ["encryption_password"] : []),
    ...(settings.has("encryption_password_file") ? ["encryption_password_file"] : []),
    ...(settings.flag("encryption_pwd_prompt") === true ? ["encryption_pwd_prompt"] : []),
  ];
  const [first, second] = given;
  if (first !== undefined && second !== undefined)
    throw pumpError([[clientCode(settings.command, "00011"), first, second]], "Say the password in one way.");
}

/** A script holds no rows. */
function checkScript(settings: Settings): void {
  if (!settings.has("sqlfile")) return;
  const excluded = [
    ...(settings.keyword("content") === "DATA_ONLY" ? ["content=data_only"] : []),
    ...["query", "remap_data", "table_exists_action", "data_options"].filter((name) => settings.has(name)),
  ];
  const [first] = excluded;
  if (first !== undefined)
    throw pumpError([[clientCode(settings.command, "00011"), "sqlfile", first]], "A script holds definitions only.");
}

function scriptFile(settings: Settings): PlannedFile | null {
  const [element] = settings.elements("sqlfile");
  return element === undefined ? null : plannedFile(settings, "sqlfile", element);
}

/** Without rows there is nothing for a filter of rows. */
function checkRows(settings: Settings): void {
  const filter = ["query", "sample"].find((name) => settings.has(name));
  if (filter === undefined || settings.keyword("content") !== "METADATA_ONLY") return;
  throw pumpError([[clientCode(settings.command, "00011"), filter, "content=metadata_only"]], "Leave one of the two out.");
}

function checkRemapKey(settings: Settings): void {
  const given = ["remap_data_key_file", "remap_data_key_prompt"].filter(
    (name) => settings.has(name) && settings.flag(name) !== false,
  );
  const [first, second] = given;
  if (first === undefined) return;
  if (second !== undefined) throw pumpError([[clientCode(settings.command, "00011"), first, second]], "Say the key in one way.");
  if (!settings.has("remap_data")) throw settings.invalidValue(first, "The key is for remap_data=.");
}

function dumpFiles(settings: Settings): readonly PlannedDump[] {
  const elements = settings.elements("dumpfile");
  if (settings.flag("estimate_only") === true) {
    assertEstimate(settings);
    return [];
  }
  const needsNone = settings.command === "import" && settings.has("network_link");
  const files = (elements.length === 0 && !needsNone ? ["expdat.dmp"] : elements).map((element) =>
    plannedDump(settings, element),
  );
  if (!settings.has("credential") || files.some(({ isUrl }) => isUrl)) return files;
  throw pumpError(
    [[clientCode(settings.command, "00011"), "credential", "dumpfile"]],
    "A credential is for dump files in an object store: give dumpfile=https://... or s3://..., or leave credential out.",
  );
}

/** An estimate writes nothing and counts all rows. */
function assertEstimate(settings: Settings): void {
  const other = ["dumpfile", "query", "sample"].find((name) => settings.has(name));
  if (other === undefined) return;
  throw pumpError([[clientCode(settings.command, "00011"), "estimate_only", other]], "Leave one of the two out.");
}

function plannedDump(settings: Settings, element: string): PlannedDump {
  const url = urlOf(element);
  if (url === undefined) return { ...plannedFile(settings, "dumpfile", element), isUrl: false };
  return { name: url.name, directory: url.directory ?? settings.elements("credential")[0] ?? null, isUrl: true };
}

function logFile(settings: Settings): PlannedFile | null {
  const [element] = settings.elements("logfile");
  if (settings.flag("nologfile") !== true) return plannedFile(settings, "logfile", element ?? `${settings.command}.log`);
  if (element === undefined) return null;
  throw pumpError([[clientCode(settings.command, "00011"), "nologfile", "logfile"]], "Leave one of the two out.");
}

function plannedFile(settings: Settings, parameter: string, element: string): PlannedFile {
  if (urlOf(element) !== undefined)
    throw settings.invalidValue(
      parameter,
      "It can't be in an object store: give a file name, and its place with directory=NAME.",
    );
  const { directory = defaultDirectory(settings), name } = fileOf(element);
  if (name === "" || directory === "") throw settings.invalidValue(parameter, "Give [directory:]file.");
  return { name, directory };
}

/** DIRECTORY, else the object that the environment names, else DATA_PUMP_DIR. */
function defaultDirectory(settings: Settings): string {
  const fromEnvironment = process.env[DEFAULT_DIRECTORY] ?? "";
  return settings.elements("directory")[0] ?? (fromEnvironment === "" ? DEFAULT_DIRECTORY : fromEnvironment);
}

function metadataFilters(settings: Settings): Filters {
  const [tables, views] = [tableFilter(settings, "tables"), tableFilter(settings, "views_as_tables")];
  return [
    ...nameList(settings, "schemas", "SCHEMA_EXPR"),
    ...nameList(settings, "tablespaces", "TABLESPACE_EXPR"),
    ...nameList(settings, "transport_tablespaces", "TABLESPACE_EXPR"),
    ...(tables === "" ? [] : [["TABLE_FILTER", tables] as const]),
    ...(views === "" ? [] : [["VIEWS_AS_TABLES", views] as const]),
    ...(excludesTables(settings) ? [["EXCLUDE_TABLES", "YES"] as const] : []),
    ...objectFilters(settings),
  ];
}

function nameList(settings: Settings, parameter: string, filter: string): Filters {
  const names = settings.identifiers(parameter).map(quoteLiteral);
  return names.length === 0 ? [] : [[filter, `IN (${names.join(",")})`]];
}

function tableFilter(settings: Settings, parameter: "tables" | "views_as_tables"): string {
  const tables = settings.elements(parameter).map((element) => {
    const table = tableOf(element);
    if (table === undefined)
      throw settings.invalidValue(
        parameter,
        `Give [schema.]${parameter === "tables" ? "table" : "view"}; SQLite has no partitions, and needs no template. Quote a name that holds a dot or a colon.`,
      );
    return table;
  });
  return tables.join(",");
}

/** Views alone: a TABLE job without TABLE_FILTER would take all tables. */
function excludesTables(settings: Settings): boolean {
  const [hasTables, hasViews] = [settings.has("tables"), settings.has("views_as_tables")];
  const excludes = settings.flag("exclude_tables") ?? (hasViews && !hasTables);
  if (excludes && hasTables)
    throw pumpError([[clientCode(settings.command, "00011"), "exclude_tables", "tables"]], "Leave one of the two out.");
  if (excludes && !hasViews) throw settings.invalidValue("exclude_tables", "Name the views with views_as_tables=.");
  return excludes;
}

function dataRemaps(settings: Settings): JobPlan["dataRemaps"] {
  return settings.elements("remap_data").map((element) => {
    const remap = dataRemapOf(element);
    if (remap === undefined)
      throw settings.invalidValue("remap_data", "Give [schema.]table.column:package.function, such as HR.JOBS.TITLE:MASK.HASH.");
    return remap;
  });
}

/** The options as one sum of bits. @throws UDE-/UDI-00014 for a name that Data Pump does not have */
function dataOptions(settings: Settings): JobPlan["parameters"] {
  const bits = new Set(
    settings.elements("data_options").map((element) => {
      const bit = DATA_OPTION_BITS[unquote(element).toUpperCase()];
      if (bit === undefined) throw settings.invalidValue("data_options", `${element} is none of the options; help=y lists them.`);
      return bit;
    }),
  );
  return bits.size === 0 ? [] : [["DATA_OPTIONS", [...bits].reduce((sum, bit) => sum + bit, 0)]];
}

/** The parameters whose row in the table says SET_PARAMETER: YES and NO as numbers, keywords in upper case, texts as typed. */
function setParameters(settings: Settings): JobPlan["parameters"] {
  return supportedParameters(settings.command).flatMap((parameter) => {
    const { name, type, call } = parameter;
    const [element] = settings.elements(name);
    if (call.procedure !== "SET_PARAMETER" || type === "data-option" || element === undefined) return [];
    const text = unquote(element);
    const value = type === "yes-no" ? Number(booleanOf(element)) : type === "keyword" ? spelledOut(parameter, text) : text;
    return [[call.argument, value] as const];
  });
}
