// Backups from SQLite into Redis and back, by the command: what stands in the one stands in the other, bit for bit. The
// server is the `redis-server` on PATH, or the program that NADB_REDIS_SERVER names.
import { execFile, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { openBackend } from "@nadb/cli";
import { KeyValueStore } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newFolder, openStore, root } from "./support.js";

const PROGRAM = process.env.NADB_REDIS_SERVER || "redis-server";
const isThere = spawnSync(PROGRAM, ["--version"]).status === 0;
const cli = join(root, "node_modules/@nadb/cli");
const { bin } = JSON.parse(readFileSync(join(cli, "package.json"), "utf8"));
let url = "";
let stop = (): void => {};

beforeAll(async () => {
  if (!isThere) return;
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn(PROGRAM, args, { stdio: "ignore" });
  stop = () => void server.kill("SIGKILL");
  url = `redis://127.0.0.1:${port}`; // whoever opens it waits until it is there
});
afterAll(() => stop());

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

async function fill(store: KeyValueStore): Promise<void> {
  const noise = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 2_654_435_761) >>> 13);
  await store.set("binary", noise, { tags: Array.from({ length: 3_000 }, (_, i) => `tag:${i}`) });
  await store.set("empty", new Uint8Array(0), { tags: ["größe", "\u{1f600}"] });
  await store.set("\u{10ffff}\0é/..", "\0", { ttlSeconds: 10_000 });
  await store.set("large", new Uint8Array(16 * 1024 * 1024).fill(7));
  await store.set("gone", "soon");
}

async function change(store: KeyValueStore): Promise<void> {
  await store.delete("gone");
  await store.set("large", new Uint8Array(16 * 1024 * 1024).fill(8), { tags: ["changed"] });
}

async function nadb(folder: string, line: string) {
  const args = [join(cli, bin.nadb), ...line.split(" "), "--yes", "--json"];
  args.push("--plugin", join(root, "dist/index.js"));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  return JSON.parse(stdout);
}

async function check(store: string, folder: string): Promise<void> {
  const plugins = [join(root, "dist/index.js")];
  const backend = await openBackend(store, { plugins, folder, create: false });
  await using opened = await KeyValueStore.open({ backend });
  await checkNamespace(opened.storage, Date.now());
}

describe.skipIf(!isThere)(
  "a chain of backups from SQLite restores into Redis, and from there into SQLite",
  () => {
    it.each([1, 4])(
      "in %d partitions",
      async (partitions) => {
        const folder = newFolder();
        const redis = `${url}?prefix=p${partitions}&partitions=${partitions}`;
        const store = await openStore(join(folder, "app.db"));
        await fill(store);
        await nadb(folder, "backup create full --store sqlite:./app.db");
        await change(store);
        await nadb(
          folder,
          "backup create next --incremental --parent full --store sqlite:./app.db",
        );
        const { digest } = await store.stats();
        await nadb(folder, `backup restore full --clear --store ${redis}`);
        await nadb(folder, `backup restore next --clear --store ${redis}`);
        expect(await nadb(folder, `stats --store ${redis}`)).toMatchObject({
          backend: "redis",
          digest,
        });
        await nadb(folder, `backup create back --store ${redis}`);
        await nadb(folder, "backup restore back --store sqlite:./again.db");
        expect(await nadb(folder, "stats --store sqlite:./again.db")).toMatchObject({ digest });
        for (const one of [redis, "sqlite:./again.db"]) await check(one, folder);
      },
      120_000,
    );
  },
);
