// Options, and those of a URL: what can not be honoured is refused before anything is done, and nothing is told of what may
// be a part of a password.
import { inspect } from "node:util";
import { isNadbError, type NadbError } from "@nadb/core";
import { Cluster } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RedisBackendOptions, redisBackend, redisPlugin } from "../src/index.js";
import { sharedServer } from "./servers/index.js";

const server = sharedServer();
const ID = { db: "shop", namespace: "orders" };

function refusal(make: () => unknown): NadbError {
  try {
    make();
  } catch (error) {
    if (isNadbError(error, "NADB_INVALID_ARGUMENT")) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a URL that is refused", () => {
  const UNESCAPED = [
    "redis://:SE@CRET@127.0.0.1:1",
    "redis://:SE/CRET@127.0.0.1:1",
    "redis://:SE?CRET@127.0.0.1:1",
    "redis://:SE#CRET@127.0.0.1:1",
    "redis://:SE CRET@127.0.0.1:1",
    "redis://:SE%ZZCRET@127.0.0.1:1",
    "redis://SE@CRET:x@127.0.0.1:1",
    "redis://:SE@CRET/x@127.0.0.1:1",
    "redis://:SE?prefix=CRET@127.0.0.1:1",
    "redis+cluster://:SE@CRET@127.0.0.1:1,127.0.0.1:2",
    "redis+sentinel://:SE@CRET@127.0.0.1:1/mymaster",
  ];
  it.each(UNESCAPED)("%s says what to escape", (url) => {
    for (const make of [() => redisBackend({ url }), () => redisPlugin.open(url, {})]) {
      const error = refusal(make);
      expect(error.hint).toContain("%40 for @");
      expect(inspect(error, { depth: 9, showHidden: true }).replace(/\n *at .*/g, "")).not.toMatch(
        /CRET|SE/,
      );
    }
  });

  it.each([
    "redis://u:SECRET@127.0.0.1:1/abc",
    "redis://u:SECRET@127.0.0.1:1/%ZZ",
    "redis+sentinel://u:SECRET@127.0.0.1:1/%ZZ",
    "redis+cluster://:SECRET@127.0.0.1:1/3",
    "redis://:SECRET@127.0.0.1:1,127.0.0.1:2",
    "redis://:SECRET@127.0.0.1:1#SECRET",
    "redis://:SECRET@",
    "redis://:SECRET",
    "redis://u:SECRET",
    "redis:///:SECRET@h",
    "redis://:SECRET@127.0.0.1:99999",
    "REDIS://:SECRET@127.0.0.1:1",
    "redis:SECRET@127.0.0.1",
    "redis://127.0.0.1:1?password=SECRET",
    "redis://127.0.0.1:1?SECRET",
    "redis://127.0.0.1:1?SECRET=x",
    "redis://127.0.0.1:1?partitions=SECRET",
  ])("%s tells nothing of it", (url) => {
    const error = refusal(() => redisBackend({ url }));
    if (!url.includes("SECRET="))
      expect([error.message, error.hint].join()).not.toContain("SECRET");
  });

  it.each([
    "redis://SECRET@localhost.invalid:1",
    "redis://:SECRET@localhost.invalid:1",
    "redis://u:SE:CRET@localhost.invalid:1",
  ])("%s, because nobody is there, is told without its user and password", async (url) => {
    const made = redisBackend({ url, retrySeconds: 0.2 });
    onTestFinished(() => made.close());
    const error = await made.open().catch((reason: unknown) => reason);
    if (!isNadbError(error, "NADB_IO")) throw error;
    expect(error.message).toContain("redis://***@localhost.invalid:1");
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/SECRET|SE:CRET/);
  });
});

describe("options of a URL", () => {
  it("are those of the backend, whoever makes it", async () => {
    const made = redisBackend({ url: `${server().url}?prefix=mine&partitions=4&retrySeconds=5` });
    onTestFinished(() => made.close());
    await made.open();
    const one = await made.namespace(ID);
    await one.commit([{ type: "put", key: "a", value: Buffer.from("1") }]);
    expect(made.capabilities.transactions).toBe(false);
    expect(await server().call("HGET", "mine:{shop/orders}", "partitions")).toBe("4");
    expect(await server().call("EXISTS", "nadb:namespaces")).toBe(0);
  });

  it.each([
    ["?prefix=a", { prefix: "b" }, "prefix"],
    ["?partitions=2", { partitions: 3 }, "partitions"],
    ["?retrySeconds=2&retrySeconds=3", {}, "retrySeconds"],
    ["?scriptMutations=2", { scriptMutations: 3 }, "scriptMutations"],
    ["?partition=2", {}, '"partition"'],
    ["?prefix=a%20b", {}, "prefix"],
    ["?partitions=", {}, "partitions"],
    ["?retrySeconds=soon", {}, "retrySeconds"],
  ] as [string, Partial<RedisBackendOptions>, string][])(
    "%s with %j is refused",
    (query, options, says) => {
      expect(
        refusal(() => redisBackend({ url: `redis://h${query}`, ...options })).message,
      ).toContain(says);
    },
  );

  it("may be said twice when they say the same", () => {
    redisBackend({ url: "redis://h?prefix=a&partitions=2", prefix: "a", partitions: 2 });
  });
});

describe("a number that is an option", () => {
  const WRONG: Record<string, readonly unknown[]> = {
    retrySeconds: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 86_401, "10"],
    partitions: [0, 1.5, 1_025, Number.NaN, "2"],
    scriptMutations: [0, 1.5, 100_001, Number.POSITIVE_INFINITY],
    tombstoneRetentionSeconds: [-1, Number.NaN, Number.POSITIVE_INFINITY],
  };
  it.each(Object.entries(WRONG).flatMap(([name, values]) => values.map((value) => [name, value])))(
    "%s: %s is refused",
    (name, value) => {
      const make = () => redisBackend({ url: "redis://h", [name as string]: value });
      expect(refusal(make).message).toContain(`${name} ${value}`);
    },
  );

  it.each([
    { replicas: 0, timeoutMs: 1 },
    { replicas: 1, timeoutMs: 0 },
    { replicas: 1, timeoutMs: Number.POSITIVE_INFINITY },
    { replicas: 1 },
  ])("wait: %j is refused", (wait) => {
    expect(
      refusal(() => redisBackend({ url: "redis://h", wait: wait as never })).message,
    ).toContain("wait.");
  });

  it("retrySeconds may be a day", () => {
    redisBackend({ url: "redis://h", retrySeconds: 86_400 });
  });
});

describe("a client of a cluster that reads from replicas", () => {
  it.each(["slave", "all", () => []])("is refused: scaleReads %s", (scaleReads) => {
    const client = new Cluster(["redis://127.0.0.1:1"], {
      lazyConnect: true,
      scaleReads: scaleReads as "all",
    });
    onTestFinished(() => client.disconnect());
    expect(refusal(() => redisBackend({ client })).message).toContain("scaleReads");
  });
});
