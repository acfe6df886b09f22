import { toPumpError } from "../base/errors.ts";
import { printableJson } from "../base/printable.ts";
import { dumpOptions, type DumpArguments } from "./dump-arguments.ts";
import { errorFacts, errorLines } from "./error-report.ts";
import type { Output } from "./output.ts";
import { openStepBar } from "./step-bar.ts";
import { verificationJson, verificationLines } from "./verify-text.ts";

export interface VerifyOptions extends DumpArguments {
  readonly against?: string;
  readonly schemas?: string;
  readonly remapSchema?: string;
  readonly json?: boolean;
}

/**
 * `tsdp verify FILES...`.
 * @returns 0 whole, 5 something is wrong, 1 the set can't be opened
 */
export async function verify(files: readonly string[], options: VerifyOptions, output: Output): Promise<number> {
  const bar = await openStepBar("verifying");
  try {
    const { verifyDump } = await import("../api/verify.ts");
    const found = await verifyDump(files, await dumpOptions(options), bar.update);
    bar.close();
    output.out(...(options.json === true ? [verificationJson(found)] : verificationLines(found)));
    return found.faultCount === 0 ? 0 : 5;
  } catch (error) {
    bar.close();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.verify/1", error: errorFacts(toPumpError(error)) }));
    else output.err(...errorLines(error));
    return 1;
  }
}
