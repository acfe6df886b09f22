// A PostgreSQL cluster of our own for the time of the benchmark: no port, a socket in its folder, gone afterwards.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { DEFINITION, INDEXES } from "./data.mjs";

const USER = "bench";

/** The cluster, or why there is none. */
export function startPostgres(folder) {
  const programs = findPrograms();
  if (programs === undefined) return { reason: "no initdb, pg_ctl, psql, pg_dump and pg_restore found" };
  const account = unprivilegedAccount();
  if (account === undefined) return { reason: "PostgreSQL refuses to run as root and there is no account postgres" };
  const cluster = join(folder, "pg");
  mkdirSync(cluster);
  if (account.uid !== undefined) {
    chownSync(cluster, account.uid, account.gid);
    chmodSync(folder, 0o755);
  }
  const start = (name, ...words) =>
    execFileSync(join(programs, name), words, { ...account, cwd: cluster, stdio: ["ignore", "ignore", "pipe"] });
  try {
    start("initdb", "-D", join(cluster, "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync");
    const settings = `-c listen_addresses= -c unix_socket_directories='${cluster}'`;
    start("pg_ctl", "-D", join(cluster, "data"), "-l", join(cluster, "log"), "-o", settings, "-w", "start");
  } catch (error) {
    return {
      reason: `PostgreSQL could not be started: ${String(error.stderr ?? error.message)
        .trim()
        .split("\n")
        .at(-1)}`,
    };
  }
  const environment = {
    ...process.env,
    PGHOST: cluster,
    PGUSER: USER,
    PGDATABASE: "postgres",
    PATH: `${programs}${delimiter}${process.env.PATH}`,
  };
  return {
    environment,
    version: execFileSync(join(programs, "pg_dump"), ["--version"], { encoding: "utf8" }).trim(),
    stop: () => start("pg_ctl", "-D", join(cluster, "data"), "-m", "fast", "-w", "stop"),
  };
}

/** Copies the rows of the SQLite file into a database of the cluster. */
export function loadPostgres(postgres, sqliteFile) {
  const sh = (command) =>
    execFileSync("bash", ["-o", "pipefail", "-c", command], {
      env: postgres.environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
  sh("createdb bench");
  sh(`psql -q -d bench -c "${DEFINITION.replace(/\s+/g, " ").replace("REAL", "DOUBLE PRECISION")}"`);
  sh(`sqlite3 -csv '${sqliteFile}' 'SELECT * FROM orders' | psql -q -d bench -c "COPY orders FROM STDIN CSV"`);
  for (const sql of INDEXES) sh(`psql -q -d bench -c "${sql}"`);
}

function findPrograms() {
  const versions = existsSync("/usr/lib/postgresql")
    ? readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a))
    : [];
  const folders = [
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return folders.find((folder) =>
    ["initdb", "pg_ctl", "psql", "pg_dump", "pg_restore"].every((name) => existsSync(join(folder, name))),
  );
}

/** The account to start the server with: ours, or `postgres` when we are root. */
function unprivilegedAccount() {
  if (process.getuid?.() !== 0) return {};
  const { stdout, status } = spawnSync("getent", ["passwd", "postgres"], { encoding: "utf8" });
  if (status !== 0) return undefined;
  const [, , uid, gid] = stdout.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}
