import { pumpError } from "../../base/errors.ts";
import type { Against } from "../../api/verify.ts";
import { dumpOptions, type DumpArguments } from "../dump-arguments.ts";
import { errorJson, errorLines } from "../error-report.ts";
import type { Output } from "../output.ts";
import { openStepBar } from "../screen/step-bar.ts";
import { comparisonLines } from "../text/compare-text.ts";
import { reportJson, verificationLines } from "../text/verify-text.ts";

export interface VerifyOptions extends DumpArguments {
  readonly against?: string;
  readonly schemas?: string;
  readonly remapSchema?: string;
  readonly json?: boolean;
}

const DONE = 0;
const FAILED = 1;
const DONE_WITH_ERRORS = 5;

/**
 * `tsdp verify FILES...`.
 * @returns 0 whole and the same, 5 something is wrong or differs, 1 the set can't be opened
 */
export async function verify(files: readonly string[], options: VerifyOptions, output: Output): Promise<number> {
  const [verifying, comparing] = [await openStepBar("verifying"), await openStepBar("comparing")];
  const closeBars = () => {
    verifying.close();
    comparing.close();
  };
  try {
    const { isSameContent, verifyDump } = await import("../../api/verify.ts");
    const against = againstOf(options);
    const opening = await dumpOptions(files, { ...options, ...databaseOf(options) });
    const report = await verifyDump(files, opening, against, { verifying: verifying.update, comparing: comparing.update });
    closeBars();
    const { verification, comparisons } = report;
    if (options.json === true) output.out(reportJson(report));
    else output.out(...verificationLines(verification), ...(comparisons ?? []).flatMap(comparisonLines));
    const isGood = verification.faultCount === 0 && (comparisons ?? []).every(isSameContent);
    return isGood ? DONE : DONE_WITH_ERRORS;
  } catch (error) {
    closeBars();
    if (options.json === true) output.out(errorJson("tsdp.verify/1", error));
    else output.err(...errorLines(error));
    return FAILED;
  }
}

/** The wallet is that of the database that is compared with, unless another is named. */
function databaseOf({ userid, against }: VerifyOptions): Pick<VerifyOptions, "userid"> {
  const database = userid ?? against;
  return database === undefined ? {} : { userid: database };
}

function againstOf({ against, schemas, remapSchema }: VerifyOptions): Against | null {
  if (against === undefined) {
    if (schemas === undefined && remapSchema === undefined) return null;
    throw pumpError([["ORA-39005"], ["TSDP-00010", "--schemas and --remap-schema need --against"]]);
  }
  return {
    database: against,
    schemas: schemas?.split(",") ?? null,
    remapSchemas: remapSchema?.split(",").map(remapOf) ?? [],
  };
}

function remapOf(text: string): readonly [source: string, target: string] {
  const [, source, target] = /^([^:]+):([^:]+)$/.exec(text) ?? [];
  if (source === undefined || target === undefined)
    throw pumpError([["UDI-00014", "REMAP_SCHEMA"]], "Write --remap-schema HR:BLAKE.");
  return [source, target];
}
