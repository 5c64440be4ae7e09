// Free ports of this machine, below those the system gives to outgoing connections. So none of these takes the port of a
// server that is down for a while, and a client that tries again and again can not come to be connected with itself.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

export const HOST = "127.0.0.1";

const LOWEST = 12_000;
const HIGHEST = 32_000;
const ATTEMPTS = 100;

/** A port that nobody listens on at this moment; who binds it must be ready to find it taken. */
export async function freePort() {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port was found in ${ATTEMPTS} attempts`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}
