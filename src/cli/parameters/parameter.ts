import type { Explanation } from "../../api/explanation.ts";
import type { InapplicableKind } from "../../api/inapplicable.ts";

export type Command = "export" | "import";

/** What one value of a parameter is; it decides how the value is checked and how its name is shown in `--help`. */
export type ValueType =
  | "text"
  | "name"
  | "keyword"
  | "yes-no"
  | "integer"
  | "step"
  | "file"
  | "size"
  | "table"
  | "filter"
  | "remap"
  | "path-remap"
  | "transform"
  | "data-remap"
  | "query"
  | "sample"
  | "data-option";

/** The API call that a parameter turns into; `client` parameters only steer the command line itself. */
export type ApiCall =
  | { readonly procedure: "OPEN"; readonly argument: "job_mode" | "job_name" | "remote_link" | "version" }
  | { readonly procedure: "START_JOB"; readonly argument: "abort_step" }
  | { readonly procedure: "ADD_FILE"; readonly argument: "filename" | "directory" | "filesize" | "reusefile" | "filetype" }
  | { readonly procedure: "METADATA_FILTER"; readonly argument: string }
  | { readonly procedure: "METADATA_TRANSFORM"; readonly argument: string }
  | { readonly procedure: "METADATA_REMAP"; readonly argument: string }
  | { readonly procedure: "DATA_FILTER"; readonly argument: string }
  | { readonly procedure: "DATA_REMAP"; readonly argument: "COLUMN_FUNCTION" }
  | { readonly procedure: "SET_PARAMETER"; readonly argument: string }
  | { readonly procedure: "CONTENT"; readonly argument: "INCLUDE_ROWS, INCLUDE_METADATA" }
  | { readonly procedure: "SET_PARALLEL" }
  | { readonly procedure: "CONNECT" }
  | { readonly procedure: "ATTACH" }
  | { readonly procedure: "client" };

interface ParameterBase {
  /** Lower case, with underscores. */
  readonly name: string;
  readonly commands: readonly Command[];
  /** Help text, one entry a line of at most 78 characters. */
  readonly description: readonly string[];
}

/** A parameter that works. */
export interface JobParameter extends ParameterBase {
  readonly status: "supported";
  readonly type: ValueType;
  /** Valid keyword values, upper case. */
  readonly values?: readonly string[];
  /** Further values of an import. */
  readonly importValues?: readonly string[];
  /** Other ways to write a value. */
  readonly spellings?: Readonly<Record<string, string>>;
  /** Keyword values of Data Pump that can't mean anything here, by what they are. */
  readonly otherValues?: InapplicableKind;
  readonly default?: string | Readonly<Record<Command, string>>;
  /** Takes several values; repeating the parameter adds to them. A repeated scalar: the last one wins. */
  readonly list?: boolean;
  /** The value is shown as `********` wherever the command is echoed. */
  readonly masked?: boolean;
  readonly call: ApiCall;
}

/** A parameter of Data Pump that can't mean anything on SQLite; its description says what it is, why, and what to use instead. */
export interface InapplicableParameter extends ParameterBase {
  readonly status: "inapplicable";
  readonly description: Explanation;
}

export type Parameter = JobParameter | InapplicableParameter;
