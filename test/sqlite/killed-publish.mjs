// Publishes a plan and is killed at the given event, before the commit: argv is the built module, the target, the event, the plan.
import { pathToFileURL } from "node:url";

const [, , dist, target, event, plan] = process.argv;
const { openDatabase } = await import(pathToFileURL(`${dist}/sqlite/database.js`).href);
const { publish } = await import(pathToFileURL(`${dist}/sqlite/publish.js`).href);
const connection = openDatabase(target);
// A tiny cache, so that changed pages reach the file before the commit.
connection.pragma("cache_size = 1");
let count = 0;
publish(
  connection,
  true,
  JSON.parse(plan, (_, value) => (value?.type === "Buffer" ? Buffer.from(value.data) : value)),
  () => {
    count += 1;
    if (count === Number(event)) process.kill(process.pid, "SIGKILL");
  },
);
