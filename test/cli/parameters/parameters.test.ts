import { describe, expect, it } from "vitest";
import { helpLines } from "../../../src/cli/help.ts";
import { editDistance, nearestName } from "../../../src/base/nearest-name.ts";
import {
  defaultOf,
  findParameter,
  PARAMETERS,
  parametersOf,
  supportedParameters,
} from "../../../src/cli/parameters/parameters.ts";

describe("parameter table", () => {
  it("has every parameter once, in order, with help for a screen of 78 columns", () => {
    for (const command of ["export", "import"] as const) {
      const names = parametersOf(command).map(({ name }) => name);
      expect(names).toEqual([...new Set(names)].sort());
    }
    for (const { name, description, commands } of PARAMETERS) {
      expect(name).toMatch(/^[a-z_]+$/);
      expect(commands.length).toBeGreaterThan(0);
      expect(description.every((line) => line.length > 0 && line.length <= 78)).toBe(true);
    }
  });

  it("has keyword defaults that are valid keywords", () => {
    for (const command of ["export", "import"] as const) {
      for (const parameter of supportedParameters(command)) {
        const preset = defaultOf(parameter, command);
        if (parameter.values !== undefined && preset !== undefined) expect(parameter.values).toContain(preset);
      }
    }
  });

  it("knows the parameters of this version as supported, and refuses the rest of Data Pump", () => {
    expect(supportedParameters("export").map(({ name }) => name)).toEqual([
      "abort_step",
      "access_method",
      "attach",
      "checksum",
      "checksum_algorithm",
      "compression",
      "compression_algorithm",
      "content",
      "credential",
      "data_options",
      "directory",
      "dry_run",
      "dumpfile",
      "encryption",
      "encryption_algorithm",
      "encryption_mode",
      "encryption_password",
      "encryption_password_file",
      "encryption_pwd_prompt",
      "estimate",
      "estimate_only",
      "exclude",
      "exclude_tables",
      "filesize",
      "flashback_time",
      "full",
      "help",
      "include",
      "job_name",
      "json",
      "keep_master",
      "logfile",
      "logtime",
      "metrics",
      "network_link",
      "nologfile",
      "parallel",
      "parfile",
      "query",
      "remap_data",
      "remap_data_key_file",
      "remap_data_key_prompt",
      "reuse_dumpfiles",
      "sample",
      "sample_seed",
      "schemas",
      "status",
      "subset",
      "tables",
      "tablespaces",
      "transport_tablespaces",
      "transportable",
      "userid",
      "version",
      "views_as_tables",
    ]);
    expect(findParameter("REMAP_SCHEMA")).toMatchObject({ status: "supported", commands: ["import"] });
    expect(findParameter("transport_datafiles")?.status).toBe("inapplicable");
    expect(findParameter("data_options")?.status).toBe("supported");
  });
});

describe("help=y", () => {
  it("shows name, description and keywords with the default in brackets", () => {
    const text = helpLines("import").join("\n");
    expect(text).toContain(
      "TABLE_EXISTS_ACTION\nWhat to do with a table that exists already: see docs/table-exists.md.\nWith CONTENT=DATA_ONLY the default is APPEND.\n" +
        "Valid keyword values are: [SKIP], APPEND, TRUNCATE and REPLACE.\n",
    );
    expect(text).toContain(
      "FULL\nProcess every schema of the database or of the dump file set.\nValid keyword values are: [YES] and NO.",
    );
    expect(text).not.toContain("REUSE_DUMPFILES");
    expect(text).toContain("VERIFY_ONLY\n");
  });
});

describe("nearest name", () => {
  const names = PARAMETERS.map(({ name }) => name);
  it.each([
    ["schmas", "schemas"],
    ["schema", "schemas"],
    ["dumpfiles", "dumpfile"],
    ["tabels", "tables"],
    ["paralel", "parallel"],
    ["xyz", undefined],
    ["q", undefined],
  ])("%s -> %s", (typed, near) => {
    expect(nearestName(typed, names)).toBe(near);
  });

  it("counts a swap of neighbours once", () => {
    expect(editDistance("tabels", "tables")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("kitten", "sitting", 2)).toBe(2);
  });
});
