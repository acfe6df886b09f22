// npm run fuzz -- --runs 10000 --seed 7: the fuzz tests for longer.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { runs: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } } });
const env = { ...process.env, TSDP_FUZZ: values.runs, TSDP_FUZZ_SEED: values.seed };
const words = ["vitest", "run", "test/fuzz", "--test-timeout=86400000"];
process.exitCode = spawnSync("npx", words, { stdio: "inherit", env }).status ?? 1;
