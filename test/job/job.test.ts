import { expect, test } from "vitest";
import { pumpError, toPumpError } from "../../src/base/errors.ts";
import { endOf } from "../../src/job/job.ts";

test.each(["SQLITE_FULL", "SQLITE_IOERR_FSYNC", "ENOSPC", "EDQUOT", "EIO"])("%s may pass, wherever it was met", (code) => {
  const error = Object.assign(new Error("no"), { code });
  expect(endOf(toPumpError(error))).toBe("interrupted");
  expect(endOf(pumpError([["ORA-39001"], ["ORA-39000"], { code, text: "no" }]))).toBe("interrupted");
});

test.each(["SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED"])("%s is of another program, which will end", (code) => {
  expect(endOf(pumpError([["TSDP-00012", "HR"], { code, text: "no" }]))).toBe("locked out");
});

test("what a restart meets again may not", () => {
  expect(endOf(pumpError([["ORA-31619", "a.dmp"]]))).toBe("failed");
  expect(endOf(toPumpError(Object.assign(new Error("no"), { code: "SQLITE_FULLER" })))).toBe("failed");
  expect(endOf(toPumpError(Object.assign(new Error("no"), { code: "EACCES" })))).toBe("failed");
});
