import { describe, expect, test } from "vitest";
import { assertValidState, VALID_STATES, type JobState, type Procedure } from "../../src/job/states.ts";

// Table 6-1 of the seed. U undefined, D defining, X executing, G completing, C completed, P stop pending, S stopping, T stopped,
// I idling, N not running.
const STATES: readonly (readonly [letter: string, state: JobState])[] = [
  ["U", "UNDEFINED"],
  ["D", "DEFINING"],
  ["X", "EXECUTING"],
  ["G", "COMPLETING"],
  ["C", "COMPLETED"],
  ["P", "STOP PENDING"],
  ["S", "STOPPING"],
  ["T", "STOPPED"],
  ["I", "IDLING"],
  ["N", "NOT RUNNING"],
];
const TABLE_6_1: Readonly<Record<Procedure, string>> = {
  ADD_FILE: "DXI",
  ATTACH: "DXITCGN",
  DATA_FILTER: "D",
  DETACH: "UDXGCPSTIN",
  GET_DUMPFILE_INFO: "UDXGCPSTIN",
  GET_STATUS: "DXGPSI",
  LOG_ENTRY: "DXIPG",
  METADATA_FILTER: "D",
  METADATA_REMAP: "D",
  METADATA_TRANSFORM: "D",
  OPEN: "U",
  SET_PARALLEL: "DXI",
  SET_PARAMETER: "D",
  SET_PASSWORD: "DI",
  START_JOB: "DI",
  STOP_JOB: "DXIP",
  STOP_WORKER: "X",
  WAIT_FOR_JOB: "DXGPSI",
};

describe("Table 6-1", () => {
  test("names every procedure", () => {
    expect(Object.keys(VALID_STATES).sort()).toEqual(Object.keys(TABLE_6_1));
  });

  test.each(Object.entries(TABLE_6_1) as [Procedure, string][])("%s is valid in %s only", (procedure, letters) => {
    for (const [letter, state] of STATES) {
      const call = () => {
        assertValidState(procedure, state);
      };
      if (letters.includes(letter)) expect(call, state).not.toThrow();
      else
        expect(call, state).toThrow(
          `ORA-39004: invalid state\nORA-39016: Operation not supported when job is in ${state} state.`,
        );
    }
  });
});
