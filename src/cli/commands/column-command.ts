import { pumpError } from "../../base/errors.ts";
import { quoteIdentifier } from "../../base/identifiers.ts";
import { printable, printableJson } from "../../base/printable.ts";
import type { DataPump } from "../../api/data-pump.ts";
import { splitOutside } from "../lexer.ts";
import type { Output } from "../output.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";
import { nameOf, unquote } from "../parameters/values.ts";

type Column = Parameters<DataPump["columns"]["encrypt"]>[0][number];

/** `tsdp column encrypt NAME...`. */
export async function encryptColumns(names: readonly string[], options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    for (const column of await pump.columns.encrypt(names.map(columnOf))) output.out(`Column ${shown(column)} marked.`);
  });
}

/** `tsdp column decrypt NAME...`. */
export async function decryptColumns(names: readonly string[], options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    for (const column of await pump.columns.decrypt(names.map(columnOf)))
      output.out(`Column ${shown(column)} not marked any more.`);
  });
}

/** `tsdp column list`. */
export async function listColumns(options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const columns = await pump.columns.list();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.columns/1", columns }));
    else
      output.out(
        ...tableLines(
          ["OWNER", "TABLE_NAME", "COLUMN_NAME"],
          columns.map(({ schema, table, column }) => [schema, table, column]),
        ),
      );
  });
}

/** `[schema.]table.column`; a name in double quotes may hold dots. */
function columnOf(text: string): Column {
  const parts = splitOutside(text, ".").map((part) => part.trim());
  const [column, table, schema, ...more] = parts.reverse();
  if (column === undefined || table === undefined || more.length > 0 || parts.includes(""))
    throw pumpError([["ORA-39001"], ["ORA-00904", text]], "Give [schema.]table.column; quote a name that holds a dot.");
  return { schema: schema === undefined ? null : nameOf(schema), table: unquote(table), column: unquote(column) };
}

function shown({ schema, table, column }: { schema: string; table: string; column: string }): string {
  return printable([schema, table, column].map(quoteIdentifier).join("."));
}
