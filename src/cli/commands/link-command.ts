import { printable, printableJson } from "../../base/printable.ts";
import type { Output } from "../output.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";

/** `tsdp link create NAME CONNECT`. */
export async function createLink(name: string, connect: string, options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const link = await pump.createDatabaseLink(name, connect);
    output.out(`Database link ${printable(link.name)} created: ${printable(`${link.user}@${link.database}`)}`);
  });
}

/** `tsdp link list`. */
export async function listLinks(options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const links = await pump.databaseLinks();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.links/1", links }));
    else
      output.out(
        ...tableLines(
          ["DB_LINK", "USERNAME", "HOST"],
          links.map(({ name, user, database }) => [name, user, database]),
        ),
      );
  });
}

/** `tsdp link drop NAME`. */
export async function dropLink(name: string, options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.dropDatabaseLink(name);
    output.out(`Database link ${printable(name)} dropped.`);
  });
}
