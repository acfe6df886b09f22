import { pumpError } from "../../base/errors.ts";
import { printableJson } from "../../base/printable.ts";
import type { Output } from "../output.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";

/** The view of each job mode. */
const VIEWS: Readonly<Record<string, string>> = {
  FULL: "database_export_objects",
  SCHEMA: "schema_export_objects",
  TABLE: "table_export_objects",
  TABLESPACE: "table_export_objects",
};

/** `tsdp paths`: the object paths that INCLUDE and EXCLUDE can name. @throws ORA-39001 with ORA-39020 for an unknown mode */
export async function listPaths(options: SessionOptions & { readonly mode: string }, output: Output): Promise<void> {
  const mode = options.mode.toUpperCase();
  const view = Object.hasOwn(VIEWS, mode) ? VIEWS[mode] : undefined;
  if (view === undefined)
    throw pumpError([["ORA-39001"], ["ORA-39020", options.mode]], `The modes are ${Object.keys(VIEWS).join(", ")}.`);
  await withSession(options.userid, async (pump) => {
    const paths = await pump.query(`SELECT object_path AS path, comments, named = 'Y' AS named FROM ${view}`);
    if (options.json === true) {
      const rows = paths.map((path) => ({ ...path, named: path["named"] === 1 }));
      output.out(printableJson({ schema: "tsdp.paths/1", mode, paths: rows }));
      return;
    }
    const rows = paths.map(({ path, named, comments }) => [String(path), named === 1 ? "Y" : "-", String(comments)]);
    output.out(...tableLines(["OBJECT_PATH", "NAMED", "COMMENTS"], rows));
  });
}
