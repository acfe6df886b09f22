import { pumpError } from "../base/errors.ts";
import type { Operation } from "../job/definition.ts";
import { KU } from "./constants.ts";
import { assertApplicable } from "./inapplicable.ts";
import { invalidArgument } from "./refusals.ts";

/** The bits of DATA_OPTIONS by the names that a command line has for them. */
export const DATA_OPTION_BITS: Readonly<Record<string, number | undefined>> = {
  SKIP_CONSTRAINT_ERRORS: KU.DATAOPT_SKIP_CONST_ERR,
  XML_CLOBS: KU.DATAOPT_XMLTYPE_CLOB,
  NO_TYPE_EVOLUTION: KU.DATAOPT_NOTYPE_EVOL,
  DISABLE_APPEND_HINT: KU.DATAOPT_DISABL_APPEND_HINT,
  REJECT_ROWS_WITH_REPL_CHAR: KU.DATAOPT_REJECT_ROWS_REPCHR,
  ENABLE_NETWORK_COMPRESSION: KU.DATAOPT_ENABLE_NET_COMP,
  GROUP_PARTITION_TABLE_DATA: KU.DATAOPT_GRP_PART_TAB,
  TRUST_EXISTING_TABLE_PARTITIONS: KU.DATAOPT_TRUST_EXIST_TB_PAR,
  VALIDATE_TABLE_DATA: KU.DATAOPT_VALIDATE_TBL_DATA,
  VERIFY_STREAM_FORMAT: KU.DATAOPT_VERIFY_STREAM_FORM,
  CONTINUE_LOAD_ON_FORMAT_ERROR: KU.DATAOPT_CONT_LD_ON_FMT_ERR,
};

/**
 * The value of DATA_OPTIONS: a sum of bits.
 * @throws ORA-39001 with ORA-39207 for what is none, or not for the operation; with TSDP-00002 for a bit without a meaning here
 */
export function dataOptions(value: string | number, operation: Operation): number {
  const known = Object.values(DATA_OPTION_BITS).reduce<number>((sum, bit = 0) => sum + bit, 0);
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > known)
    throw invalidArgument(["ORA-39207", String(value), "DATA_OPTIONS"]);
  for (const [name, bit = 0] of Object.entries(DATA_OPTION_BITS)) {
    if ((value & bit) === 0) continue;
    assertApplicable("data option", name);
    if (operation !== "IMPORT")
      throw pumpError([["ORA-39001"], ["ORA-39207", name, "DATA_OPTIONS"]], `${name} is for imports only: leave it out here.`);
  }
  return value;
}
