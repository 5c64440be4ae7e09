// The boundary between backups, while 8 writers write: on memory they are of this process, on fs and on Redis of two others.
// Namespaces whose cuts are wrong must be found out.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { fsBackend } from "@nadb/backend-fs";
import { redisPlugin } from "@nadb/backend-redis";
import { KeyValueStore, memoryBackend, type StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { sharedCluster, sharedServer } from "../../../packages/backend-redis/test/servers/index.js";
import { Log, prove, type Writers } from "./support/boundary.js";
import { writeUntil } from "./support/boundary-writers.mjs";
import { BROKEN_CUTS, inSmallPages } from "./support/broken-cuts.js";
import { inFolder } from "./support/nadb.js";

const EXTENT = { writes: Number(process.env.NADB_BOUNDARY_WRITES || 20_000), backups: 30 };
const ON_REDIS = { writes: EXTENT.writes / 4, backups: 14 };
const IN_STEPS = { writes: EXTENT.writes / 16, backups: 9 };
const SMALL = { writes: 500, backups: 9 };
const SEED = Number(process.env.NADB_SEED || 20_260_101);
const WRITERS_PROGRAM = fileURLToPath(new URL("support/boundary-writers.mjs", import.meta.url));

function writersHere(storage: StorageNamespace): Writers {
  const log = new Log();
  let stopped = false;
  const options = { seed: SEED, writers: 8, isStopped: () => stopped, tell: log.tell };
  const work = writeUntil(storage, options);
  return {
    log,
    stop: () => {
      stopped = true;
      return work;
    },
  };
}

/** Two processes of four writers. */
function writersElsewhere(url: string): Writers {
  const log = new Log();
  const children = [1, 2].map((i) => {
    const args = [WRITERS_PROGRAM, url, String(SEED * i), "4"];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface(child.stdout).on("line", (line) => log.tell(JSON.parse(line)));
    return { child, closed: once(child, "close") };
  });
  return {
    log,
    async stop() {
      for (const { child } of children) child.stdin.end("stop");
      for (const { closed } of children) expect((await closed)[0]).toBe(0);
    },
  };
}

const PROMISE = "every version in one run, every cut the writers' own";

describe(`backups while 8 writers write (NADB_SEED=${SEED}): ${PROMISE}`, () => {
  const folder = inFolder();

  it("on memory", async () => {
    await using store = await KeyValueStore.open({ backend: memoryBackend() });
    await prove(store.storage, () => writersHere(store.storage), EXTENT);
  }, 120_000);

  it("on fs, the writers in two other processes", async () => {
    const path = folder.path("data");
    await using store = await KeyValueStore.open({ backend: fsBackend({ path }) });
    await prove(store.storage, () => writersElsewhere(`fs:${path}`), EXTENT);
  }, 120_000);
});

describe("that proof fails on a namespace that", () => {
  it.each(BROKEN_CUTS)(
    "$does",
    async ({ of, found }) => {
      await using store = await KeyValueStore.open({ backend: memoryBackend() });
      const storage = of(store.storage);
      await expect(prove(storage, () => writersHere(storage), SMALL)).rejects.toThrow(found);
    },
    60_000,
  );
});

const server = sharedServer();
const cluster = sharedCluster();

describe.each([
  ["a server", () => server().url],
  ["a cluster", () => cluster().url],
  ["a cluster in 4 partitions", () => `${cluster().url}?partitions=4`],
])("on %s", (_name, urlOf) => {
  const open = async () => KeyValueStore.open({ backend: await redisPlugin.open(urlOf(), {}) });

  it(`the writers in two other processes: ${PROMISE}`, async () => {
    await using store = await open();
    await prove(inSmallPages(store.storage), () => writersElsewhere(urlOf()), ON_REDIS);
  }, 120_000);

  it.each(BROKEN_CUTS)(
    "the proof fails on a namespace that $does",
    async ({ of, found }) => {
      await using store = await open();
      const storage = of(store.storage);
      await expect(prove(storage, () => writersHere(storage), SMALL)).rejects.toThrow(found);
    },
    60_000,
  );
});

it(`on a server, most commits in steps, the writers in two other processes: ${PROMISE}`, async () => {
  const url = `${server().url}?scriptMutations=2`;
  await using store = await KeyValueStore.open({ backend: await redisPlugin.open(url, {}) });
  await prove(inSmallPages(store.storage), () => writersElsewhere(url), IN_STEPS);
}, 120_000);
