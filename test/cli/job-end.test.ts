import { expect, test } from "vitest";
import type { JobDesc } from "../../src/api/status-types.ts";
import { pumpError } from "../../src/base/errors.ts";
import { followingError, leftText, stopText, type StopOutcome } from "../../src/cli/job-end.ts";

const job = { owner: "SYSTEM", jobName: "Nightly one", globalName: "/data/my db" } as JobDesc;

test("who stops a job is told what has become of it", () => {
  const said = (state: StopOutcome["state"]) => stopText({ state, errorCount: 0, exitCode: 0 }, job);
  expect(said(null)).toBe('Job "SYSTEM"."Nightly one" killed.');
  expect(said("IDLING")).toBe('Job "SYSTEM"."Nightly one" is not running.');
  expect(said("DEFINING")).toMatch(/^Job "SYSTEM"."Nightly one" has not been started; .* KILL_JOB removes it\.$/);
  const again = "start it again with START_JOB after: tsdp attach '\"Nightly one\"' '/data/my db'";
  expect(said("STOP PENDING")).toBe(`Job "SYSTEM"."Nightly one" stops when its workers have finished what they are at; ${again}`);
  expect(said("COMPLETED")).toBe('Job "SYSTEM"."Nightly one" had completed before it could stop.');
  expect(said("STOPPED")).toBe(`Job "SYSTEM"."Nightly one" stopped; ${again}`);
});

test("who ends at the prompt is told how to attach again", () => {
  const left = `Job "SYSTEM"."Nightly one" is left as it is: one that runs goes on; attach to it with: tsdp attach '"Nightly one"' '/data/my db'`;
  expect(leftText(job)).toBe(left);
});

test("who follows a job whose control process dies is told how to start it again", () => {
  const died = followingError(pumpError([["ORA-31626"], ["ORA-39015"]], "as the API says it"), job);
  expect(died.code).toBe("ORA-31626");
  expect(died.hint).toContain(`"SYSTEM"."Nightly one"`);
  expect(died.hint).toMatch(/START_JOB after: tsdp attach '"Nightly one"' '\/data\/my db'$/);
  const full = { code: "SQLITE_FULL", text: "database or disk is full" };
  const ended = followingError(pumpError([["ORA-31626"], ["ORA-39015"], full]), job);
  expect(ended.hint).toMatch(/^Make room on the disk, .* START_JOB after: /);
  expect(followingError(pumpError([["ORA-39006"]], "other"), job).hint).toBe("other");
});
