// Writes as one of the workloads does until it is told to stop, or killed. Each write is said before it is asked for
// and when it is acknowledged, so that whoever kills this knows what must be there and what may be.
import { KeyValueSync } from "@nadb/core";
import { args, openStore, say, told } from "./common.mjs";
import { WORKLOADS } from "./workloads.mjs";

const [name, writer] = args;
const { atOnce, worker, beside, buffered, ...options } = WORKLOADS[name];
const lines = told();
const first = Number((await lines.next()).value);
const tell = (line) => say(JSON.stringify(line));
const job = { writer, first, next: first, running: true, tell };
const clock = () => job.next;
if (buffered) options.sync = new KeyValueSync({ flushIntervalSeconds: 3_600, clock });

const store = await openStore({ clock }, { ...options, clock });
const stopped = lines.next().then(() => {
  job.running = false;
});
const workers = Array.from({ length: atOnce }, () => worker(store, job));
await Promise.all([...workers, beside?.(store, job)]);
await stopped;
await store.close();
process.stdin.destroy();
