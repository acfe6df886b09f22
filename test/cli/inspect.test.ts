import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { assertDumpFiles, maskedDatabase } from "../../src/cli/dump-arguments.ts";
import { csvOnTerminal } from "../../src/cli/text/rows-csv.ts";
import type { Row } from "../../src/api/inspect.ts";
import { dumpOf, schemaFolder } from "../inspect/dumps.ts";
import { temporaryFolder } from "../job/temporary-folder.ts";
import { tsdpHere } from "./tsdp-here.ts";

const TSDP = fileURLToPath(new URL("../../bin/tsdp.js", import.meta.url));
let folder: string;
let temporary: string;

beforeEach(async () => {
  folder = schemaFolder({
    HR: `CREATE TABLE "Odd\u001b[1m" (id INTEGER PRIMARY KEY, v, "v""w");
         INSERT INTO "Odd\u001b[1m" VALUES (1, 'a,"b' || char(13, 10) || char(27), x'00ff2c'), (9007199254740993, 2.0, NULL),
           (-1, CAST(x'61ff' AS TEXT), ''), (3, 9e999, -0.0);
         CREATE VIEW many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`,
  });
  await dumpOf(folder);
  temporary = temporaryFolder();
});

function tsdp(...words: readonly string[]): { code: number | null; out: Buffer; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSDP, ...words], {
    cwd: folder,
    env: { ...process.env, TMPDIR: temporary },
  });
  return { code: status, out: stdout, err: stderr.toString() };
}

test("rows are written in each format, and nothing stays in the temporary folder", () => {
  const odd = 'SELECT * FROM "Odd\u001b[1m"';
  const table = tsdp("sql", "d.dmp", odd);
  expect(table).toMatchObject({ code: 0, err: "" });
  expect(table.out.toString()).toBe(
    [
      '              id  v               v"w',
      "----------------  --------------  ---------",
      "              -1  text'61FF'",
      "               1  a,\"b\\x0d\\n\\x1b  x'00FF2C'",
      "               3  Infinity        0",
      "9007199254740993  2               NULL",
      "",
      "4 rows",
      "",
    ].join("\n"),
  );
  const csv = tsdp("cat", "d", "HR.Odd\u001b[1m", "--format", "csv").out;
  expect(csv.toString("latin1")).toBe(
    'id,v,"v""w"\r\n-1,a\xff,""\r\n1,"a,""b\r\n\x1b","\x00\xff,"\r\n3,Infinity,-0\r\n9007199254740993,2,\r\n',
  );
  const json = tsdp("sql", "d.dmp", odd, "--format", "json").out.toString();
  expect(json).toContain("[9007199254740993,2.0,null]");
  expect(JSON.parse(json)).toEqual({
    schema: "tsdp.rows/1",
    columns: ["id", "v", 'v"w'],
    rows: [
      [-1, { text: Buffer.from("a\xff", "latin1").toString("base64"), encoding: "UTF-8" }, ""],
      [1, 'a,"b\r\n\u001b', { blob: "AP8s" }],
      [3, Infinity, -0],
      [Number("9007199254740993"), 2, null],
    ],
  });
  const lines = tsdp("sql", "d.dmp", "SELECT 1 AS a, 2 AS a, 3 AS __proto__", "--format=jsonl").out.toString();
  expect(lines).toBe('{"a":1,"a:1":2,"__proto__":3}\n');
  expect(readdirSync(temporary)).toEqual([]);
});

test("a list shows names that can't steer a terminal, and the same as a document", async () => {
  const list = await tsdpHere(folder, "ls", "d.dmp");
  expect(list.out).toMatch(/^ +\d+ {2}HR {6}TABLE {2}Odd\\x1b\[1m +4 +\d+ +\d+ {2}complete$/m);
  const document = JSON.parse((await tsdpHere(folder, "ls", "--type", "view", "--json", "d.dmp")).out) as Record<string, unknown>;
  expect(document).toMatchObject({
    schema: "tsdp.ls/1",
    objects: [{ number: expect.any(Number) as number, name: "many", type: "VIEW", rows: null, state: "complete" }],
  });
  for (const words of [
    ["ls", "no.dmp"],
    ["sql", "d.dmp", "SELECT * FROM nothing"],
    ["cat", "d.dmp", "nothing"],
    ["sql", "d.dmp"],
  ]) {
    const { code, out, err } = await tsdpHere(folder, ...words);
    expect([code, out.length]).toEqual([1, 0]);
    expect(err).toMatch(/^ORA-39001: /);
    expect(err).not.toMatch(/\n {4}at /);
  }
});

test("a terminal is shown what a value holds, and a failure is a document where one was asked for", async () => {
  const rows = [["a\u001b[2J", Buffer.from("00ff1b0a2c", "hex")]] as const;
  const shown: string[] = [];
  for await (const part of csvOnTerminal(["n\u0007", "b"], batchesOf(rows))) shown.push(part);
  expect(shown.join("")).toBe('n\\x07,b\na\\x1b[2J,"\\x00\ufffd\\x1b\n,"\n');
  for (const [schema, ...words] of [
    ["tsdp.ls/1", "ls", "--json", "no.dmp"],
    ["tsdp.rows/1", "sql", "--format=json", "d.dmp", "SELECT * FROM nothing"],
  ]) {
    const { code, out, err } = tsdp(...words);
    expect([code, err]).toEqual([1, ""]);
    expect(JSON.parse(out.toString())).toMatchObject({ schema, error: { hint: expect.any(String) as string } });
  }
});

test("a connect string in the place of a dump file is not shown with its password", () => {
  for (const word of ["hr/hush@data", "hr/hush@../data", "hr/hu@sh@."]) {
    expect(() => {
      assertDumpFiles(["d.dmp", word]);
    }).toThrow(/^(?=[^]*ORA-31640)(?![^]*hush|[^]*hu@)/);
    expect(maskedDatabase(word)).toMatch(/^hr\/\*+@/);
  }
  for (const word of ["d@x.dmp", "./a@%U.dmp", `${folder}/a@b.dmp`, "no/such.dmp", "https://a.b/c@d.dmp"])
    expect(maskedDatabase(word)).toBeNull();
});

async function* batchesOf(rows: readonly Row[]): AsyncGenerator<readonly Row[], void> {
  yield await Promise.resolve(rows);
}

test("rows without end stop with their reader, or by a signal, and leave nothing", () => {
  const shell = (line: string) =>
    spawnSync("bash", ["-c", line], { cwd: folder, env: { ...process.env, TMPDIR: temporary }, encoding: "utf8" });
  const command = `"${process.execPath}" "${TSDP}" sql d.dmp --format csv`;
  const head = shell(`${command} "SELECT i FROM many" | head -n 3`);
  expect([head.stdout, head.stderr]).toEqual(["i\r\n1\r\n2\r\n", ""]);
  const killed = shell(`${command} "SELECT count(*) FROM many" & sleep 2; kill -INT $!; wait $!; echo $?`);
  expect([killed.stdout, killed.stderr]).toEqual(["130\n", ""]);
  expect(readdirSync(temporary)).toEqual([]);
});
