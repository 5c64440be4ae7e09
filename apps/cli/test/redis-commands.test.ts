// The command on Redis: what is said on its pages works by a URL alone, and the URL's password is told nobody.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  PASSWORD,
  sharedCluster,
  sharedServer,
} from "../../../packages/backend-redis/test/servers/index.js";
import { inFolder, type Run } from "./support/nadb.js";

const server = sharedServer();
const cluster = sharedCluster();
const folder = inFolder();
const SECRETS = [PASSWORD, encodeURIComponent(PASSWORD), encodeURI(PASSWORD)];
const told: string[] = [];

/** Runs the command on the store of nadb.config.json. */
async function nadb(args: string): Promise<Run> {
  const done = await folder.nadb(args);
  told.push(done.stdout, done.stderr);
  return done;
}

async function out(args: string): Promise<string> {
  const { exitCode, stdout, stderr } = await nadb(args);
  expect([exitCode, args, stderr]).toEqual([0, args, expect.anything()]);
  return stdout;
}

const json = async (args: string) => JSON.parse(await out(`${args} --json`));

const configure = (config: object): void =>
  writeFileSync(folder.path("nadb.config.json"), JSON.stringify(config));

function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const files = readdirSync(path, { recursive: true, withFileTypes: true });
  return files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
}

/** INVARIANT of every test here. */
afterEach(() => {
  const texts = [
    ...told.splice(0),
    ...filesIn(folder.path("backups")).map((f) => readFileSync(f, "latin1")),
  ];
  for (const secret of SECRETS) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
});

describe.each([
  ["a server with a password", () => server().url],
  ["a cluster in 3 partitions", () => `${cluster().url}?prefix=app&partitions=3`],
])("the command on %s", (_name, urlOf) => {
  it("stores, reads, backs up, verifies, drills and restores", async () => {
    configure({ store: urlOf() });
    await out("set greeting hello --tag demo --ttl 7d");
    await out("set k one");
    expect(await out("get greeting")).toBe("hello");
    expect(await out("keys --tag demo")).toBe("greeting\n");
    const { digest, count } = await json("stats");
    expect(count).toBe(2);
    expect(await json("backup create first")).toMatchObject({ stateDigest: digest });
    await out("delete k");
    await out("set k2 two");
    const next = await json("backup create next --incremental --parent first");
    expect(next).toMatchObject({ backupType: "incremental", recordCount: 1, tombstoneCount: 1 });
    const changes = (await out("changes --json")).trim().split("\n");
    expect(changes.map((line) => JSON.parse(line).key).sort()).toEqual(["greeting", "k2"]);
    expect(await json("backup verify")).toMatchObject({ ok: true });
    expect(await json("backup drill next")).toMatchObject({ ok: true });
    await out("backup restore first --clear --yes");
    expect(await json("stats")).toMatchObject({ backend: "redis", digest, count: 2 });
    await out("backup restore next --store fs:./data --yes");
    expect(await json("stats --store fs:./data")).toMatchObject({ digest: next.stateDigest });
  }, 120_000);
});

describe("the command", () => {
  it("archives a cluster, and goes back to a point of it", async () => {
    configure({ store: `${cluster().url}?partitions=3` });
    for (const value of ["1", "2"]) {
      await out(`set k ${value}`);
      await out("backup archive --once");
    }
    const { points } = await json("backup points");
    expect(points).toHaveLength(2);
    await out(`backup restore --point ${points[0].id} --clear --yes`);
    expect(await out("get k")).toBe("1");
  }, 120_000);

  it("keeps backups of the schedule in the server, whose address no record tells", async () => {
    const { url } = server();
    configure({ store: url, repo: `${url}#ops/backups`, schedule: { full: "30 2 * * 0" } });
    await out("set k 1");
    await out("backup create first"); // the schedule makes no repository
    await out("schedule --once full");
    expect((await json("backup list")).backups).toHaveLength(2);
    expect(await json("backup verify")).toMatchObject({ ok: true });
    for (const key of (await server().call("KEYS", "nadb:{ops/backups}:*:r:*")) as string[]) {
      told.push(key, String(await server().call("HGET", key, "value")));
    }
    expect(told.join("\n")).toContain("state_digest");
  }, 120_000);
});

describe("what goes wrong with a server is told without its password", () => {
  it.each([
    ["a wrong password", () => server().urlAt(server().port, "", `${PASSWORD}!`), /password/i],
    ["no such option", () => `${server().url}?prefx=a`, /prefx/],
    ["no address", () => `${server().url}/db/more`, /no address of Redis/],
  ])(
    "%s",
    async (_name, urlOf, says) => {
      const { exitCode, stderr } = await nadb(`backup create --store ${urlOf()}`);
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(says);
    },
    120_000,
  );
});
