// What is measured: each task is a command in the bench folder, with what must be away before and be right after.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DEFINITION, fingerprint, INDEXES } from "./data.mjs";

/** Which tasks tsdp is compared with: the targets are ratios to these. */
export const BASELINE = {
  export: "tsdp export",
  import: "tsdp import",
  verify: "tsdp verify",
  "export of pages": "tsdp export transportable=always",
  "import of pages": "tsdp import of pages",
  "copy over a link": "tsdp import network_link",
  "export to a store": "tsdp export",
  "import from a store": "tsdp import",
};

export function tsdpTasks(context) {
  const { tsdp, folder, parallel } = context;
  const words = `parallel=${parallel} nologfile=y`;
  return [
    {
      kind: "export",
      name: BASELINE.export,
      command: `${tsdp} export schemas=BENCH dumpfile=bench.dmp compression=all ${words}`,
      outputs: ["bench.dmp"],
    },
    {
      kind: "import",
      name: BASELINE.import,
      command: `${tsdp} import dumpfile=bench.dmp remap_schema=BENCH:COPY ${words}`,
      outputs: ["COPY.db", "COPY.db-journal"],
      check: () => sameRows(context, "COPY.db"),
    },
  ].map((task) => ({ folder, ...task }));
}

/** The same jobs with their dump file in the object store that `.ci/object-store.sh` starts, against those on disk. */
export function storeTasks(context, { url }) {
  const { tsdp, folder, parallel } = context;
  const words = `credential=BENCH parallel=${parallel} nologfile=y`;
  const [kindOfExport, kindOfImport] = ["export to a store", "import from a store"];
  const [exportTask, importTask] = tsdpTasks(context);
  return [
    { ...exportTask, kind: kindOfExport },
    {
      kind: kindOfExport,
      name: "tsdp export to an object store",
      command: `${tsdp} export schemas=BENCH dumpfile=${url}/bench.dmp reuse_dumpfiles=y compression=all ${words}`,
      outputs: [],
    },
    { ...importTask, kind: kindOfImport },
    {
      kind: kindOfImport,
      name: "tsdp import from an object store",
      command: `${tsdp} import dumpfile=${url}/bench.dmp remap_schema=BENCH:COPY ${words}`,
      outputs: ["COPY.db", "COPY.db-journal"],
      check: () => sameRows(context, "COPY.db"),
    },
  ].map((task) => ({ folder, ...task }));
}

/** Reading a dump to the row level, against reading it to its digest. */
export function verifyTasks({ tsdp, folder }) {
  return [
    { kind: "verify", name: BASELINE.verify, command: `${tsdp} verify bench.dmp`, outputs: [] },
    { kind: "verify", name: "sha256sum", command: "sha256sum bench.dmp", outputs: [] },
  ].map((task) => ({ folder, ...task }));
}

/** The pages of the file, indexes and all, against the file through zstd. */
export function pageTasks({ tsdp, folder, parallel, ...context }, peers) {
  const words = `parallel=${parallel} nologfile=y`;
  const dump = `${tsdp} export schemas=BENCH dumpfile=pages.dmp compression=all transportable=always ${words}`;
  const peerTasks = [
    {
      kind: "export of pages",
      name: "zstd -1 -T2",
      command: "zstd -q -1 -T2 BENCH.db -o pages.zst",
      outputs: ["pages.zst"],
    },
    {
      kind: "import of pages",
      name: "zstd -d",
      prepare: "test -e kept.zst || zstd -q -1 -T2 BENCH.db -o kept.zst",
      command: "zstd -q -d kept.zst -o pages.peer",
      outputs: ["pages.peer"],
    },
  ];
  return [
    { kind: "export of pages", name: BASELINE["export of pages"], command: dump, outputs: ["pages.dmp"] },
    {
      kind: "import of pages",
      name: BASELINE["import of pages"],
      command: `${tsdp} import dumpfile=pages.dmp remap_schema=BENCH:COPY ${words}`,
      outputs: ["COPY.db"],
      check: () => sameRows({ folder, ...context }, "COPY.db"),
    },
    ...(peers ? peerTasks : []),
  ].map((task) => ({ folder, ...task }));
}

/** A schema of another database, against the same rows copied by SQLite's own program. */
export function linkTasks({ tsdp, folder, parallel, ...context }, peers) {
  const copy = ["ATTACH 'BENCH.db' AS old", DEFINITION, "INSERT INTO orders SELECT * FROM old.orders", ...INDEXES].join(";");
  const plain = {
    kind: "copy over a link",
    name: "sqlite3 INSERT ... SELECT, then the indexes",
    command: `sqlite3 plain.peer "${copy}"`,
    outputs: ["plain.peer"],
    check: () => sameRows({ folder, ...context }, "plain.peer"),
  };
  return [
    {
      kind: "copy over a link",
      name: BASELINE["copy over a link"],
      prepare: `test -e linked || { mkdir linked && cd linked && ${tsdp} link create SOURCE ../BENCH.db; }`,
      command: `cd linked && ${tsdp} import network_link=SOURCE schemas=BENCH parallel=${parallel} nologfile=y`,
      outputs: ["linked/BENCH.db"],
      check: () => sameRows({ folder, ...context }, "linked/BENCH.db"),
    },
    ...(peers ? [plain] : []),
  ].map((task) => ({ folder, ...task }));
}

export function sqliteTasks(context) {
  const { folder } = context;
  return [
    {
      kind: "export",
      name: "sqlite3 .backup (a plain copy)",
      command: "sqlite3 BENCH.db '.backup copy.peer'",
      outputs: ["copy.peer"],
    },
    {
      kind: "export",
      name: "VACUUM INTO, then zstd -1 -T2",
      command: `sqlite3 BENCH.db "VACUUM INTO 'vacuum.peer'" && zstd -q -1 -T2 vacuum.peer -o vacuum.zst`,
      outputs: ["vacuum.peer", "vacuum.zst"],
    },
    {
      kind: "export",
      name: "sqlite3 .dump | zstd -1",
      command: "sqlite3 BENCH.db .dump | zstd -q -1 -o dump.zst",
      outputs: ["dump.zst"],
    },
    {
      kind: "import",
      name: "sqlite3 new.db < dump.sql",
      prepare: "test -e dump.sql || sqlite3 BENCH.db .dump > dump.sql",
      command: "sqlite3 new.peer < dump.sql",
      outputs: ["new.peer"],
      check: () => sameRows(context, "new.peer"),
    },
  ].map((task) => ({ folder, ...task }));
}

export function postgresTasks(context, postgres) {
  const { folder } = context;
  const recreate = "dropdb --if-exists restored && createdb restored";
  return [
    { kind: "export", name: "pg_dump -Fd -j2 -Z1", command: "pg_dump -Fd -j2 -Z1 -f bench.pg bench", outputs: ["bench.pg"] },
    {
      kind: "import",
      name: "pg_restore -j2",
      prepare: `test -e kept.pg || pg_dump -Fd -j2 -Z1 -f kept.pg bench; ${recreate}`,
      command: "pg_restore -j2 -d restored kept.pg",
      outputs: [],
    },
  ].map((task) => ({ folder, environment: postgres.environment, serverHoldsMemory: true, ...task }));
}

/** Takes away what an earlier run of the task wrote. */
export function clear({ folder, outputs }) {
  for (const name of outputs) rmSync(join(folder, name), { recursive: true, force: true });
}

function sameRows({ folder, fingerprint: expected }, name) {
  const path = join(folder, name);
  const found = existsSync(path) ? fingerprint(path) : "no such file";
  if (found !== expected) throw new Error(`${name} does not hold the rows of BENCH.db: ${found}, expected ${expected}`);
}
