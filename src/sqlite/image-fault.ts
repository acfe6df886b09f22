import { pumpError } from "../base/errors.ts";
import { BadImage } from "./piece-image.ts";
import { WrongRowCount } from "./load-piece.ts";

/** What is wrong inside an image is a fault of the dump file. @throws ORA-31619 with ORA-02354 */
export function badImageAs<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof BadImage || error instanceof WrongRowCount)) throw error;
    const detail = error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
    throw pumpError(
      [["ORA-31619", path], { code: "ORA-02354", text: `error in exporting/importing data: ${detail}` }],
      undefined,
      error,
    );
  }
}
