import { describe, expect, it } from "vitest";
import { toPumpError } from "../../../src/base/errors.ts";
import { clientCommand } from "../../../src/cli/commands/client-command.ts";
import { readCommandLine } from "../../../src/cli/command-line.ts";
import { legacyLines } from "../../../src/cli/parameters/legacy.ts";
import { placeLegacyFiles } from "../../../src/cli/parameters/legacy-files.ts";
import { planJob } from "../../../src/cli/job-plan.ts";
import type { Command } from "../../../src/cli/parameters/parameter.ts";

function echoed(command: Command, ...words: readonly string[]): string {
  const { typed } = readCommandLine(command, words);
  return clientCommand("SYSTEM", "hr.db", typed).split(" ").slice(1).join(" ");
}

describe("legacy mode", () => {
  it("says what the parameters of exp become", () => {
    const { legacy } = readCommandLine("export", [
      "hr.db",
      "owner=HR",
      "file=x.dmp",
      "log=x.log",
      "statistics=none",
      "indexes=n",
    ]);
    expect(legacyLines(legacy.replaced, legacy.added)).toEqual([
      "Legacy Mode Active due to the following parameters:",
      'Legacy Mode Parameter: "owner=HR" Location: Command Line, Replaced with: "schemas=HR"',
      'Legacy Mode Parameter: "file=x.dmp" Location: Command Line, Replaced with: "dumpfile=x.dmp"',
      'Legacy Mode Parameter: "log=x.log" Location: Command Line, Replaced with: "logfile=x.log"',
      'Legacy Mode Parameter: "statistics=none" Location: Command Line, ignored.',
      'Legacy Mode Parameter: "indexes=n" Location: Command Line, Replaced with: "exclude=INDEX"',
      "Legacy Mode has set reuse_dumpfiles=true parameter.",
    ]);
    const users = readCommandLine("import", ["fromuser=HR", "touser=BLAKE"]).legacy;
    expect(legacyLines(users.replaced, [])).toContain(
      'Legacy Mode Parameter: "touser=BLAKE" Location: Command Line, Replaced with: "remap_schema=HR:BLAKE"',
    );
    expect(readCommandLine("export", ["schemas=HR", "dumpfile=x.dmp"]).legacy).toEqual({ replaced: [], added: [] });
  });

  it.each([
    ["export", "owner=(HR,OE) file=x", "schemas=(HR,OE) dumpfile=x reuse_dumpfiles=true nologfile=true"],
    ["export", "file=x rows=n log=y", "dumpfile=x content=METADATA_ONLY logfile=y reuse_dumpfiles=true"],
    ["export", "rows=Y log=y reuse_dumpfiles=n", "content=ALL logfile=y reuse_dumpfiles=n"],
    ["export", "consistent=y log=y", "flashback_time=SYSTIMESTAMP logfile=y reuse_dumpfiles=true"],
    ["export", "triggers=n grants=n constraints=y direct=y log=y", "exclude=TRIGGER logfile=y reuse_dumpfiles=true"],
    ["export", "feedback=1000 log=y", "status=30 logfile=y reuse_dumpfiles=true"],
    ["import", "fromuser=HR log=y", "schemas=HR logfile=y"],
    ["import", "fromuser=(HR,OE) touser=(A,B) log=y", "schemas=(HR,OE) remap_schema=HR:A,OE:B logfile=y"],
    ["export", "transport_tablespace=y tablespaces=HR,OE log=y", "transport_tablespaces=HR,OE logfile=y reuse_dumpfiles=true"],
    ["export", "transport_tablespace=n tablespaces=HR log=y", "tablespaces=HR logfile=y reuse_dumpfiles=true"],
    ["import", "transport_tablespace=y tablespaces=HR log=y", "tablespaces=HR logfile=y"],
    ["import", "ignore=y commit=y buffer=99 log=y", "table_exists_action=APPEND logfile=y"],
    ["import", "ignore=y filesize=2GB log=y", "table_exists_action=APPEND logfile=y"],
    ["import", "file=x full=y destroy=n", "dumpfile=x full=y nologfile=true"],
  ] as const)("%s %s is %s", (command, typed, becomes) => {
    expect(echoed(command, ...typed.split(" "))).toBe(becomes);
  });

  it.each([
    ["export", "volsize=1GB", "UDE-00054"],
    ["import", "charset=WE8DEC", "UDI-00054"],
    ["import", "touser=A", "UDI-00014"],
    ["import", "fromuser=(A,B) touser=C", "UDI-00014"],
    ["export", "rows=maybe", "UDE-00014"],
    ["export", "transport_tablespace=y", "UDE-00014"],
    ["export", "constraints=n", "TSDP-00002"],
    ["import", "destroy=y", "TSDP-00002"],
    ["import", "owner=A", "LRM-00101"],
    ["export", "fromuser=A", "LRM-00101"],
    ["import", "filesize=2GB", "LRM-00101"],
  ] as const)("%s %s is refused with %s", (command, word, code) => {
    let error: unknown;
    try {
      readCommandLine(command, word.split(" "));
    } catch (thrown) {
      error = thrown;
    }
    expect(toPumpError(error).code).toBe(code);
  });

  it.each([
    ["export", "tts_full_check"],
    ["import", "datafiles"],
  ] as const)("%s %s is refused under the name that was typed", (command, name) => {
    let text = "";
    try {
      readCommandLine(command, [`${name}=y`, "file=x"]);
    } catch (thrown) {
      text = toPumpError(thrown)
        .lines.map((line) => line.text)
        .join(" ");
    }
    expect(text).toContain(`legacy parameter ${name.toUpperCase()}`);
  });

  it("finds the directory object that is the folder of a path", async () => {
    const pump = { directories: () => Promise.resolve([{ name: "DUMPS", path: "/dumps/a" }]) };
    const plan = (file: string) => planJob(readCommandLine("export", [`file=${file}`, "log=exp.log"]).settings);
    const { plan: placed, shown } = await placeLegacyFiles(pump, plan("/dumps/b/../a/x.dmp"));
    expect(placed.dumps).toMatchObject([{ name: "x.dmp", directory: '"DUMPS"' }]);
    expect(placed.log).toMatchObject({ name: "exp.log" });
    const assignments = readCommandLine("export", ["file=(y,'/dumps/b/../a/x.dmp')", "log=exp.log"]).typed;
    expect(assignments.map(shown).map(({ name, text }) => `${name}=${text}`)).toEqual([
      "dumpfile=y,DUMPS:x.dmp",
      "logfile=exp.log",
      "reuse_dumpfiles=true",
    ]);
    const script = planJob(readCommandLine("import", ["file=x", "indexfile=/dumps/a/x.sql"]).settings);
    expect((await placeLegacyFiles(pump, script)).plan.script).toMatchObject({ name: "x.sql", directory: '"DUMPS"' });
    await expect(placeLegacyFiles(pump, plan("/dumps/c/x.dmp"))).rejects.toThrow(
      /^ORA-39001.*\nORA-39000.*\nORA-39087.*\/dumps\/c/,
    );
    const log = planJob(readCommandLine("export", ["file=x", "log=/dumps/c/x.log"]).settings);
    await expect(placeLegacyFiles(pump, log)).rejects.toThrow(/^ORA-39002.*\nORA-39070.*\nORA-39087/);
  });
});
