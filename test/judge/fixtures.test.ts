import Sqlite, { type Database } from "better-sqlite3";
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";

describe("fixtures/hr.sql", () => {
  let hr: Database;

  beforeEach(() => {
    hr = new Sqlite(":memory:");
    hr.exec(readFileSync(new URL("../../fixtures/hr.sql", import.meta.url), "utf8"));
  });

  it("holds the rows of Oracle's sample schema", () => {
    const rows = { regions: 5, countries: 25, locations: 23, departments: 27, jobs: 19, employees: 107, job_history: 10 };
    const views = { emp_details_view: 106 };
    for (const [name, count] of Object.entries({ ...rows, ...views })) {
      expect([name, hr.prepare(`SELECT count(*) FROM ${name}`).pluck().get()]).toEqual([name, count]);
    }
    const salaries = "SELECT sum(salary), min(hire_date), max(hire_date), count(commission_pct) FROM employees";
    expect(hr.prepare(salaries).raw().get()).toEqual([691416, "2011-01-13", "2018-04-21", 35]);
  });

  it("has no broken foreign key, circle and all", () => {
    expect(hr.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(hr.pragma("foreign_key_check")).toEqual([]);
    expect(() => hr.exec("UPDATE departments SET manager_id = 1 WHERE department_id = 10")).toThrow("FOREIGN KEY");
  });

  it("records a change of job, at any hour of the week", () => {
    hr.exec("UPDATE employees SET job_id = 'IT_PROG' WHERE employee_id = 100");
    const added = "SELECT job_id, department_id FROM job_history WHERE employee_id = 100";
    expect(hr.prepare(added).all()).toEqual([{ job_id: "AD_PRES", department_id: 90 }]);
  });
});
