import { badSet, damage, damaged, flip, frameAt, ROWS } from "./failures.ts";
import { makeSet, type VectorRequest } from "./requests.ts";
import { lie, remade, type Layout } from "./reseal.ts";
import type { VectorFile } from "./vector.ts";

const TWO = { names: ["one.dmp", "two.dmp"] };
const MANY = `CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16) INSERT INTO t SELECT i FROM n;`;
const OTHER_GUID = "FFEEDDCCBBAA99887766554433221100";
const base = { sql: MANY, rowsInPiece: 4, rules: TWO };

const setOf = (names: readonly string[], guid: string) => makeSet({ ...base, rules: { names } }, guid);

/** A file as another tool writes it: only what is known of it. */
function foreign(name: string, first: string, ...texts: readonly string[]): readonly VectorFile[] {
  const bytes = Buffer.alloc(4096);
  bytes.write(first, 0, "latin1");
  texts.forEach((text, i) => bytes.write(text, 100 + 200 * i, "latin1"));
  return [{ name, bytes }];
}

/** Exchanges two pieces of a file that are equally long. */
function swapSegments(bytes: Buffer, { segments }: Layout, [a, b]: readonly [number, number]): void {
  const [first, second] = [segments[a], segments[b]];
  if (first?.length !== second?.length || first === undefined || second === undefined) throw new RangeError("not alike");
  const kept = Buffer.from(bytes.subarray(first.offset, first.offset + first.length));
  bytes.copyWithin(first.offset, second.offset, second.offset + second.length);
  kept.copy(bytes, second.offset);
}

export const BAD_SETS: readonly VectorRequest[] = [
  {
    ...base,
    name: "swapped-pieces",
    comment: "two pieces of equal length exchanged; every sum fits",
    damage: (files) =>
      lie(files, 1, (bytes, layout) => {
        swapSegments(bytes, layout, [0, 1]);
      }),
    failure: damaged("piece is 3, not 1", "rows"),
  },
  {
    ...base,
    name: "dropped-piece",
    comment: "the last piece of a table is gone, from frames and index; the master table knows it",
    damage: (files) =>
      remade(files, (parts, i) =>
        i === 0 ? { ...parts, segments: parts.segments.filter(({ entry }) => entry.piece !== 4) } : parts,
      ),
    failure: {
      ...damaged(""),
      expect: "bad contents",
      read: "rows",
      codes: ["ORA-39001", "ORA-39000", "ORA-31619", "ORA-31694", "TSDP-00010"],
      reason: "disagree on object 1",
    },
  },
  {
    ...base,
    name: "dropped-first-piece",
    comment: "the first piece of a table is gone, from frames and index",
    damage: (files) =>
      remade(files, (parts, i) =>
        i === 1 ? { ...parts, segments: parts.segments.filter(({ entry }) => entry.piece !== 1) } : parts,
      ),
    failure: damaged("a piece before it is missing"),
  },
  {
    ...base,
    name: "doubled-piece",
    comment: "a piece is there twice",
    damage: (files) =>
      remade(files, (parts, i) => (i === 1 ? { ...parts, segments: [...parts.segments, ...parts.segments.slice(0, 1)] } : parts)),
    failure: damaged("frames are missing, doubled or not of one image"),
  },
  {
    ...base,
    name: "no-master-table",
    comment: "the master table is gone; its file lists the set",
    damage: (files) => remade(files, (parts) => ({ ...parts, segments: parts.segments.filter(({ entry }) => entry.type !== 3) })),
    failure: badSet("incomplete set", ["ORA-39246"]),
  },
  {
    ...base,
    name: "two-master-tables",
    comment: "a second image of type 3",
    rules: { ...TWO, images: (images) => images.map((image) => (image.type === 2 ? { ...image, type: 3, object: 5 } : image)) },
    failure: damaged("there is more than one master table"),
  },
  {
    ...base,
    name: "no-list",
    comment: "no file lists the files of the set",
    damage: (files) => remade(files, (parts) => ({ ...parts, trailer: { ...parts.trailer, files: undefined } })),
    failure: badSet("incomplete set", ["ORA-39059", "ORA-39246"]),
  },
  {
    ...base,
    name: "two-lists",
    comment: "both files list the files of the set",
    damage: (files) => {
      const lists = files.map(({ bytes }, i) => ({ number: i + 1, length: bytes.length, digest: Buffer.alloc(32) }));
      return remade(files, (parts) => ({ ...parts, trailer: { ...parts.trailer, files: lists } }));
    },
    failure: damaged("a second file lists the files of the set"),
  },
  {
    ...base,
    name: "missing-file",
    comment: "one of two files",
    damage: (files) => files.slice(0, 1),
    failure: badSet("incomplete set", ["ORA-39059", "ORA-39245"]),
  },
  {
    ...base,
    name: "missing-master-file",
    comment: "the file that ends the master table is not there",
    damage: (files) => files.slice(1),
    failure: badSet("incomplete set", ["ORA-39059", "ORA-39246"]),
  },
  {
    ...base,
    name: "duplicate-file",
    comment: "a file under two names",
    damage: (files) => [...files, ...files.slice(1).map(({ bytes }) => ({ name: "copy.dmp", bytes }))],
    failure: badSet("mixed set", ["ORA-39141"]),
  },
  {
    ...base,
    name: "mixed-sets",
    comment: "files of two exports",
    damage: async (files) => [...files.slice(0, 1), ...(await setOf(["three.dmp", "four.dmp"], OTHER_GUID)).files.slice(1)],
    failure: badSet("mixed set", ["ORA-39140"]),
  },
  {
    ...base,
    name: "older-file",
    comment: "a file of the same GUID and number that was finished otherwise",
    damage: async (files) => {
      const guid = files[0]?.bytes.subarray(files[0].bytes.indexOf(Buffer.from([3, 0xe9, 0, 0, 0, 16])) + 6).subarray(0, 16);
      const other = await setOf(["one.dmp", "two.dmp"], guid?.toString("hex").toUpperCase() ?? "");
      return [...files.slice(0, 1), ...other.files.slice(1)];
    },
    failure: badSet("mixed set", ["ORA-39412"]),
  },
  {
    ...base,
    name: "hostile-names",
    comment: "the header names files outside of the folder: they must not be looked for",
    header: (header) => ({ ...header, fileNames: ["../two.dmp", "/etc/passwd", "sub/two.dmp", "..", "", "a\0b"] }),
    damage: (files) => [...files.slice(0, 1)],
    failure: badSet("incomplete set", [
      "ORA-39059",
      "ORA-39245",
      "ORA-39245",
      "ORA-39245",
      "ORA-39245",
      "ORA-39245",
      "ORA-39245",
    ]),
  },
  {
    ...base,
    name: "damaged-second-file",
    comment: "the file that completes the set is damaged",
    damage: damage((bytes, layout) => flip(bytes, frameAt(layout, 0).offset + 200), 1),
    failure: damaged("the checksum of the payload is wrong", "rows"),
  },
  {
    name: "foreign-expdp",
    comment: "the header block of Oracle's Data Pump, as far as it is known",
    sql: ROWS,
    damage: () => foreign("o.dmp", "\x05\x01", '"SYSTEM"."SYS_EXPORT_SCHEMA_01"', "x86_64/Linux 2.4.xx", "19.00.00.00.00"),
    failure: badSet("not a dump file", ["ORA-39142"], "5.1"),
  },
  {
    name: "foreign-exp",
    comment: "the beginning of a file of Oracle's original Export",
    sql: ROWS,
    damage: () => [{ name: "o.dmp", bytes: Buffer.from("0300014558504f52543a5631312e30322e30300a445359530a", "hex") }],
    failure: badSet("not a dump file", ["ORA-39143"]),
  },
  {
    name: "foreign-external-table",
    comment: "the header block of an external table of Oracle's",
    sql: ROWS,
    damage: () => foreign("o.dmp", "\x04\x01", "IBMPC/WIN_NT64-9.1.0", "12.01.00.02.00"),
    failure: { ...damaged("it is a file of an ORACLE_DATAPUMP external table"), expect: "not a dump file" },
  },
  {
    name: "foreign-sqlite",
    comment: "a SQLite database",
    sql: ROWS,
    damage: () => foreign("o.dmp", "SQLite format 3\0"),
    failure: { ...damaged("it does not begin as a dump file of tsdp does"), expect: "not a dump file" },
  },
];
