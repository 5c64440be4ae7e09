// Starts two servers, one of which it pauses, tells where they are, and does nothing to end them.
// Arguments: "stay" waits to be killed, "end" comes to its own end.
import { startRedis } from "../servers/redis-process.mjs";

const servers = [await startRedis(), await startRedis()];
await servers[1].pause();
const told = servers.map(({ pid, folder }) => ({ pid, folder }));
process.stdout.write(`${JSON.stringify(told)}\n`);
if (process.argv[2] === "stay") setInterval(() => {}, 1_000_000);
