import { isSameContent, rowsLine, type Fault, type Verification, type VerifyReport } from "../../api/verify.ts";
import { formatLine, pumpError } from "../../base/errors.ts";
import { qualifiedName } from "../../base/identifiers.ts";
import { printable, printableJson } from "../../base/printable.ts";

/** The lines of a log of Data Pump with verify_only=y, and one for each table and each fault. */
export function verificationLines(found: Verification): readonly string[] {
  const { files, tables, faults, faultCount } = found;
  const whole = tables.filter(({ isWhole }) => isWhole);
  return [
    ...whole.map(({ schema, name, bytes, rows }) => rowsLine("verified", schema, name, bytes, rows)),
    "dump file set is complete",
    ...files.filter(({ isWhole }) => isWhole).map(({ path }) => `verified checksum for dump file "${path}"`),
    ...faults.flatMap(faultLines),
    ...(faultCount > faults.length ? [`and ${faultCount - faults.length} more faults`] : []),
    verdict(found),
  ].map(printable);
}

function verdict({ files, tables, faultCount }: Verification): string {
  if (faultCount === 0) return "dump file set is consistent";
  const bad = (all: readonly { isWhole: boolean }[]) => `${all.filter(({ isWhole }) => !isWhole).length} of ${all.length}`;
  return `dump file set is inconsistent: ${faultCount} fault(s), in ${bad(files)} file(s) and ${bad(tables)} table(s)`;
}

function faultLines({ kind, file, schema, object, text }: Fault): readonly string[] {
  if (kind === "file" && file !== null) return [...pumpError([["ORA-39412", file]]).lines.map(formatLine), `  ${text}`];
  const of = schema === null ? "dump file set" : `schema ${schema}`;
  const name = object === null ? of : qualifiedName(schema ?? "", object);
  return [`${name} is bad: ${text}${file === null ? "" : `, in dump file "${file}"`}`];
}

/** The same, and what was compared, as one JSON document. */
export function reportJson({ verification, comparisons }: VerifyReport): string {
  const { files, tables, objects, faults, faultCount } = verification;
  const verdictWord = faultCount === 0 ? "consistent" : "inconsistent";
  const schemas = comparisons?.map((comparison) => ({ ...comparison, isSame: isSameContent(comparison) })) ?? null;
  return printableJson({
    schema: "tsdp.verify/1",
    verdict: verdictWord,
    files,
    tables,
    objects,
    faultCount,
    faults,
    comparisons: schemas,
  });
}
