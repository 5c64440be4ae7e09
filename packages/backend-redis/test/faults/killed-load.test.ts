// The process of a load is killed at each point of its commit. Whoever comes next goes on: the content is the old one as long
// as nobody decided, the new one from then on, and never something in between.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { scripts } from "../../src/scripts.js";
import {
  type Choice,
  type RedisProxy,
  type Request,
  sharedServer,
  startProxy,
  type When,
} from "../servers/index.js";
import { failureOf, isSound, keys, load, namespace, put, read, trueRun } from "./support.js";

const PROGRAM = fileURLToPath(new URL("../programs/loader.mjs", import.meta.url));
const RECORDS = 900;
const OLD = keys(40, "old");
/** Of the records that are loaded, too. */
const COMMON = keys(RECORDS).filter((_, i) => i % 90 === 0);

const server = sharedServer();

const is =
  (script: { readonly sha: string }): Choice =>
  ({ name, args }: Request) =>
    name === "EVALSHA" && String(args[0]) === script.sha;

async function proxied(): Promise<RedisProxy> {
  const proxy = await startProxy(server().port);
  onTestFinished(() => proxy.close());
  return proxy;
}

async function filled(partitions: number): Promise<StorageNamespace> {
  const one = await namespace({ url: server().url, partitions });
  const warm = await one.merge(); // the server knows all scripts from now on
  await load(warm, keys(1, "warm"), "old");
  await warm.commit();
  await Promise.all([...OLD, ...COMMON].map((key) => one.commit([put(key, "old", ["tag"])])));
  return one;
}

/** Its process is dead when this resolves, with its commit interrupted at the request. */
async function killAt(mode: string, partitions: number, when: When, at: Choice): Promise<void> {
  const proxy = await proxied();
  const url = server().urlAt(proxy.port);
  const child = spawn(process.execPath, [PROGRAM, url, mode, `${partitions}`, `${RECORDS}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(await line(child)).toBe("loaded");
  const cut = proxy.cutAt(when, at);
  child.stdin?.write("commit\n");
  await cut;
  proxy.refuse();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function line(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("it has no output");
  const lines = createInterface({ input: child.stdout });
  const [text] = await once(lines, "line");
  return text as string;
}

const POINTS: [string, When, Choice, "old" | "new", ("replace" | "merge")[]][] = [
  ["before it froze anything", "before", is(scripts.freeze), "old", ["replace", "merge"]],
  ["when it had frozen a part", "after", is(scripts.freeze), "old", ["replace", "merge"]],
  ["between freezing and deciding", "before", is(scripts.decide), "old", ["replace", "merge"]],
  ["when it had decided", "after", is(scripts.decide), "new", ["replace", "merge"]],
  ["when it had finished a part", "after", is(scripts.finish), "new", ["replace", "merge"]],
  ["half-way through merging", "after", is(scripts.merge), "new", ["merge"]],
];

describe.each([1, 3])("a load whose process is killed, in %d partitions", (partitions) => {
  const cases = POINTS.flatMap(([what, when, at, then, modes]) =>
    modes.map((mode) => [mode, what, when, at, then] as const),
  );

  it.each(cases)(
    "%s, %s: whoever comes finds all or nothing of it",
    async (mode, _, when, at, then) => {
      const one = await filled(partitions);
      await killAt(mode, partitions, when, at);
      const other = await namespace({ url: server().url });
      const [found, seen] = await Promise.all([
        read(other, ...COMMON),
        read(one, ...COMMON),
        one.commit([put("later", "1")]),
      ]);
      expect(new Set([...found, ...seen])).toEqual(new Set([then]));
      const gone = then === "new" && mode === "replace";
      expect(new Set(await read(other, ...OLD))).toEqual(new Set([gone ? undefined : "old"]));
      const loaded = (await other.query({ all: ["loaded"], total: true })).total;
      expect(loaded).toBe((then === "new" ? RECORDS : 0) + (gone ? 0 : 1));
      expect(await read(one, "later")).toEqual(["1"]);
      await trueRun(other.changes(null));
      await isSound(one);
      await isSound(other);
    },
  );
});

describe("a load that stood still", () => {
  it.each([1, 3])("too long for others is told, in %d partitions", async (partitions) => {
    const one = await filled(partitions);
    const proxy = await proxied();
    const slow = await namespace({ url: server().urlAt(proxy.port), retrySeconds: 20 });
    const into = await slow.replace();
    await load(into, keys(RECORDS), "new");
    const cut = proxy.cutAt("before", is(scripts.decide));
    const commit = into.commit();
    commit.catch(() => undefined);
    await cut;
    proxy.refuse();
    await one.commit([put("later", "1")]);
    expect(new Set(await read(one, ...COMMON))).toEqual(new Set(["old"]));
    proxy.accept();
    await failureOf(commit, "NADB_CONFLICT");
    const again = await slow.replace();
    await load(again, keys(RECORDS), "new");
    await again.commit();
    expect(new Set(await read(one, ...COMMON))).toEqual(new Set(["new"]));
    await isSound(one);
  });
});
