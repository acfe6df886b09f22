import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { connect } from "../../src/api/data-pump.ts";
import { verifyDump } from "../../src/api/verify.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";

const PASSWORD = "tiger";

test.each([
  ["the user of the live database", undefined, "hr@data", 1],
  ["one user of a credential and of the live database once", "C", "hr@data", 1],
  ["two users each", "C", "scott@data", 2],
])("verify asks %s before it reads the dump", async (_, credential, against, questions) => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "data"));
  const pump = await connect("data", { currentDirectory: folder });
  for (const name of ["hr", "scott"]) await pump.users.create(name, async () => Promise.resolve(PASSWORD));
  await pump.close();
  const userPassword = vi.fn(async () => Promise.resolve(PASSWORD));
  const options = { database: "hr@data", credential, userPassword, currentDirectory: folder };
  const verifying = verifyDump(["missing.dmp"], options, { database: against, schemas: null, remapSchemas: [] });
  await expect(verifying).rejects.toThrow("missing.dmp");
  expect(userPassword).toHaveBeenCalledTimes(questions);
});
