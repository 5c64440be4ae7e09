// Writers that set, overwrite and delete until they are told to stop, and tell each change with the version it got. Run
// as a program it writes into the store of a URL and prints a JSON line for each commit.
import { fileURLToPath } from "node:url";
import { fsPlugin } from "@nadb/backend-fs";
import { redisPlugin } from "@nadb/backend-redis";
import { isNadbError, pluginFor } from "@nadb/core";

const KEYS = 1_200;
/** Keys of one group share a part in braces, so that a commit can name several of them on any backend. */
const GROUPS = 24;
const BURST = 5;
const FAR_OFF = Date.UTC(2100, 0, 1);

/** Several writers at once on one namespace; resolves when all have stopped. */
export async function writeUntil(storage, { seed, writers, isStopped, tell }) {
  const one = async (random) => {
    while (!isStopped()) {
      await Promise.all(Array.from({ length: BURST }, () => write(storage, random, tell)));
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, i) => one(randomOf(seed + 1_000 * i))));
}

async function write(storage, random, tell) {
  const mutations = draw(random);
  const expect = random(4) === 0 ? await expectations(storage, mutations) : [];
  try {
    const { versions } = await storage.commit(mutations, { expect });
    const changes = mutations.map((mutation, i) => [versions[i], mutation]);
    tell(changes.filter(([version]) => version !== undefined).map(told));
  } catch (error) {
    if (!isNadbError(error, "NADB_CONFLICT")) throw error; // somebody was quicker: nothing was written
  }
}

/** As a transaction has it: what was read must still stand. */
async function expectations(storage, mutations) {
  const keys = mutations.map(({ key }) => key);
  const found = await storage.getMany(keys);
  return keys.map((key, i) => ({ key, version: found[i]?.version ?? null }));
}

function draw(random) {
  const group = random(GROUPS);
  const anyKey = () => `{${group}}k${random(KEYS / GROUPS)}`;
  const keys = new Set(Array.from({ length: 1 + random(4) }, anyKey));
  return [...keys].map((key) => {
    if (random(3) === 0) return { type: "delete", key };
    const value = new TextEncoder().encode(`${random(1e9)} `.repeat(1 + random(12)));
    const put = { type: "put", key, value, tags: [`t${random(4)}`] };
    return random(5) === 0 ? { ...put, expiresAt: FAR_OFF + random(1e6) } : put;
  });
}

const told = ([version, { type, key, value, tags, expiresAt }]) =>
  type === "delete"
    ? { version, key }
    : { version, key, text: new TextDecoder().decode(value), tags, expiresAt };

/** Whole numbers below a bound, the same for the same seed. */
function randomOf(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url, seed, writers] = process.argv;
  const backend = await pluginFor(url, [fsPlugin, redisPlugin]).open(url, {});
  await backend.open();
  let stopped = false;
  process.stdin.on("data", () => {
    stopped = true;
  });
  await writeUntil(await backend.namespace({ db: "default", namespace: "default" }), {
    seed: Number(seed),
    writers: Number(writers),
    isStopped: () => stopped,
    tell: (changes) => process.stdout.write(`${JSON.stringify(changes)}\n`),
  });
  await backend.close();
  process.stdin.destroy();
}
