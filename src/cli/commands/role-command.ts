import { printable, printableJson } from "../../base/printable.ts";
import type { Output } from "../output.ts";
import { withSession, type SessionOptions } from "../session-commands.ts";
import { tableLines } from "../text/table-text.ts";

/** `tsdp role list`. */
export async function listRoles(options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const roles = await pump.roles.list();
    const grants = await pump.roles.grants();
    const granteesOf = (name: string) => grants.filter(({ role }) => role === name).map(({ grantee }) => grantee);
    if (options.json === true) output.out(printableJson({ schema: "tsdp.roles/1", roles, grants }));
    else
      output.out(
        ...tableLines(
          ["ROLE", "GRANTEES"],
          roles.map((role) => [role, granteesOf(role).join(", ")]),
        ),
      );
  });
}

/** `tsdp role create NAME` and `tsdp role drop NAME`. */
export async function changeRoles(verb: "create" | "drop", role: string, options: SessionOptions, output: Output): Promise<void> {
  await withSession(options.userid, async (pump) => {
    await pump.roles[verb](role);
    output.out(`Role ${printable(role)} ${verb === "create" ? "created" : "dropped"}.`);
  });
}

/** `tsdp role grant ROLE GRANTEE` and `tsdp role revoke ROLE GRANTEE`. */
export async function changeGrants(
  verb: "grant" | "revoke",
  role: string,
  grantee: string,
  options: SessionOptions,
  output: Output,
): Promise<void> {
  await withSession(options.userid, async (pump) => {
    const granted = await pump.roles[verb](role, grantee);
    const done = verb === "grant" ? "granted to" : "revoked from";
    output.out(`Role ${printable(granted.role)} ${done} ${printable(granted.grantee)}.`);
  });
}
