import type { DirectoryGrant } from "../../api/database-session.ts";
import { printable, printableJson } from "../../base/printable.ts";
import type { Output } from "../output.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";

/** `tsdp directory create NAME PATH`. */
export async function createDirectory(
  name: string,
  path: string,
  options: SessionOptions & { replace?: boolean },
  output: Output,
) {
  await withSession(options.userid, async (pump) => {
    const directory = await pump.createDirectory(name, path, { replace: options.replace === true });
    output.out(`Directory ${printable(directory.name)} created: ${printable(directory.path)}`);
  });
}

/** `tsdp directory list`. */
export async function listDirectories(options: SessionOptions, output: Output) {
  await withSession(options.userid, async (pump) => {
    const directories = await pump.directories();
    const grants = await pump.directoryGrants();
    if (options.json === true) output.out(printableJson({ schema: "tsdp.directories/1", directories, grants }));
    else
      output.out(
        ...tableLines(
          ["DIRECTORY_NAME", "DIRECTORY_PATH", "GRANTS"],
          directories.map(({ name, path }) => [name, path, grantsText(name, grants)]),
        ),
      );
  });
}

/** `tsdp directory drop NAME`. */
export async function dropDirectory(name: string, options: SessionOptions, output: Output) {
  await withSession(options.userid, async (pump) => {
    await pump.dropDirectory(name);
    output.out(`Directory ${printable(name)} dropped.`);
  });
}

/** `tsdp directory grant READ,WRITE NAME GRANTEE`, and the same with `revoke`. */
export async function changeDirectoryGrant(
  verb: "grant" | "revoke",
  [privileges, name, grantee]: readonly [privileges: string, name: string, grantee: string],
  options: SessionOptions,
  output: Output,
): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const list = privileges.split(",");
    await (verb === "grant" ? pump.grantDirectory(list, name, grantee) : pump.revokeDirectory(list, name, grantee));
    const done = verb === "grant" ? "granted to" : "revoked from";
    output.out(`${printable(privileges.toUpperCase())} on directory ${printable(name)} ${done} ${printable(grantee)}.`);
  });
}

/** `HR: READ, WRITE`. */
function grantsText(directory: string, grants: readonly DirectoryGrant[]): string {
  const own = grants.filter((grant) => grant.directory === directory);
  const grantees = [...new Set(own.map(({ grantee }) => grantee))];
  const privilegesOf = (name: string) => own.filter(({ grantee }) => grantee === name).map(({ privilege }) => privilege);
  return grantees.map((name) => `${name}: ${privilegesOf(name).join(", ")}`).join("; ");
}
