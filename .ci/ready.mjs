// Makes a clone ready to run: installs what package-lock.json names, then builds. Plain Node, since nothing is there yet.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19];

const INSTALL_HELP = `
npm ci failed. It needs the npm registry, and better-sqlite3 must be compiled where no ready-made binary can be downloaded:
that takes python3, make and a C++ compiler.
  Debian, Ubuntu:  apt-get install python3 make g++
  Fedora:          dnf install python3 make gcc-c++
  macOS:           xcode-select --install`;

process.exitCode = main();

function main() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    console.error(`Node ${process.version} is too old: tsdp needs Node ${OLDEST_NODE.join(".")} or newer.`);
    return 1;
  }
  if (!isInstalled() && !install()) {
    console.error(INSTALL_HELP);
    return 1;
  }
  if (build()) return 0;
  console.error("The build failed: see the errors of the TypeScript compiler above.");
  return 1;
}

/** npm leaves a list of what it installed; everything that is locked and not optional must be on it, in that version. */
function isInstalled() {
  const list = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(list)) return false;
  const installed = packagesOf(list);
  const locked = Object.entries(packagesOf(join(ROOT, "package-lock.json")));
  return locked.every(([path, { version, optional }]) => path === "" || optional || installed[path]?.version === version);
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}

function install() {
  console.error("Installing the dependencies (npm ci); compiling better-sqlite3 may take a minute ...");
  const npm = process.env.npm_execpath;
  const [command, ...words] = npm?.endsWith(".js") ? [process.execPath, npm, "ci"] : ["npm", "ci"];
  return (
    spawnSync(command, words, { cwd: ROOT, stdio: "inherit", shell: command === "npm" && process.platform === "win32" })
      .status === 0
  );
}
