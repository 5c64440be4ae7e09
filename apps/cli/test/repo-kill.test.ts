// A repository inside a store whose writer is killed while it writes, or whose server is: a backup is there whole or not at
// all, one that was acknowledged is there, and nothing is left that stays. It is killed after a drawn number of commits.
import { fsBackend } from "@nadb/backend-fs";
import { redisBackend } from "@nadb/backend-redis";
import type { StorageBackend, StorageNamespace } from "@nadb/core";
import { seeded, seedOfRun } from "@nadb/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { DURABLE, startServer } from "../../../packages/backend-redis/test/servers/index.js";
import { ended, inFolder, type Run, start } from "./support/nadb.js";

const ID = { db: "backups", namespace: "default" };
const ROUNDS = Number(process.env.NADB_REPO_KILLS || 5);
/** A backup here takes a few more: lease, note, eight pieces, the manifest and the index. */
const MOST_COMMITS = 14;
const seed = seedOfRun();
const folder = inFolder();

async function must(line: string, repo: string): Promise<string> {
  const { exitCode, stdout, stderr } = await folder.nadb(line, { env: { NADB_REPO: repo } });
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

async function fill(): Promise<void> {
  await using store = await folder.open();
  const value = new Uint8Array(20_000).map((_, i) => i * 7919);
  for (let i = 0; i < 200; i++) await store.set(`k${i}`, value);
}

interface Place {
  readonly repo: string;
  readonly storage: StorageNamespace;
}

async function placeOn(backend: StorageBackend, repo: string): Promise<Place> {
  await fill();
  await must("backup create before", repo);
  await backend.open();
  onTestFinished(() => backend.close());
  return { repo, storage: await backend.namespace(ID) };
}

/** Runs a backup, and `strike` after so many commits to the repository; answers whether it came in time. */
async function strikeAfter(
  { repo, storage }: Place,
  id: string,
  commits: number,
  strike: (kill: () => void) => Promise<unknown> | undefined,
): Promise<Run & { readonly isStruck: boolean }> {
  const { version } = await storage.head();
  const args = ["backup", "create", id, "--compression", "none"];
  const child = start(args, { cwd: folder.path(), env: { NADB_REPO: repo } });
  let isOver = false;
  const end = ended(child).finally(() => {
    isOver = true;
  });
  while (!isOver && (await storage.head()).version < version + commits)
    await new Promise(setImmediate);
  const isStruck = !isOver;
  if (isStruck) await strike(() => void child.kill("SIGKILL"));
  return { ...(await end), isStruck };
}

/** All there is can be read, and once it is deleted nothing stays but what the repository itself is. */
async function expectSound({ repo, storage }: Place, acknowledged: readonly string[]) {
  await must("backup create last", repo);
  const { backups } = JSON.parse(await must("backup list --json", repo));
  const ids = backups.map(({ backupId }: { backupId: string }) => backupId);
  expect(ids).toEqual(expect.arrayContaining(["before", ...acknowledged, "last"]));
  await must("backup verify --all", repo);
  for (const id of ids) await must(`backup delete ${id} --force --yes`, repo);
  const { items: keys } = await storage.keys({ limit: 10_000 });
  const prefix = "pending/"; // what is replaced stays ten minutes for its readers
  const going = keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  const staying = keys.filter((key) => !going.includes(key.split("/")[1] ?? ""));
  expect(staying).toEqual(["file/metadata.json", "nadb-target"]);
}

async function strikes(
  place: Place,
  strike: (kill: () => void) => Promise<unknown> | undefined,
): Promise<void> {
  const random = seeded(seed);
  const acknowledged: string[] = [];
  let struck = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const id = `b${round}`;
    const run = await strikeAfter(place, id, 1 + random.int(MOST_COMMITS), strike);
    if (run.exitCode === 0) acknowledged.push(id);
    if (run.isStruck) struck++;
  }
  expect(struck).toBeGreaterThan(0);
  await expectSound(place, acknowledged);
}

const killWriter = (kill: () => void): undefined => kill() as undefined;

describe(`a repository inside a store (NADB_SEED=${seed}, ${ROUNDS} times)`, () => {
  it("in a folder: its writer is killed", async () => {
    const backend = fsBackend({ path: folder.path("elsewhere") });
    await strikes(await placeOn(backend, "fs:./elsewhere"), killWriter);
  }, 180_000);

  it("in Redis: its writer is killed", async () => {
    const server = await startServer({ config: DURABLE });
    onTestFinished(() => server.stop());
    const backend = redisBackend({ url: server.url });
    await strikes(await placeOn(backend, server.url), killWriter);
  }, 180_000);

  it("in Redis with AOF: the server is killed, and comes back", async () => {
    const server = await startServer({ config: DURABLE });
    onTestFinished(() => server.stop());
    const backend = redisBackend({ url: server.url });
    await strikes(await placeOn(backend, server.url), async () => {
      await server.kill();
      await server.restart();
    });
  }, 180_000);
});
