// What the tests of faults share: servers and backends that end with their test, puts in few words, and what an error is
// checked for. Their patience is short, so that what waits to its end does not wait for long.
import {
  type ChangePage,
  changeKey,
  decodeChange,
  encodeRecord,
  type Head,
  isNadbError,
  type Mutation,
  type NadbError,
  type StagedLoad,
  StateDigest,
  type StorageBackend,
  type StorageNamespace,
} from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { expect, onTestFinished } from "vitest";
import { type RedisBackendOptions, redisBackend } from "../../src/index.js";
import {
  type ClusterOptions,
  type RedisCluster,
  type RedisProxy,
  type SentinelOptions,
  type Sentinels,
  type Server,
  type ServerOptions,
  startCluster,
  startProxy,
  startSentinel,
  startServer,
} from "../servers/index.js";

export const ID = { db: "shop", namespace: "orders" } as const;
/** What calls are given by backends of tests that wait for its end. */
export const SHORT = 0.6;

export const server = async (options?: ServerOptions): Promise<Server> =>
  ending(await startServer(options));

export const cluster = async (options?: ClusterOptions): Promise<RedisCluster> =>
  ending(await startCluster(options));

export const sentinels = async (options?: SentinelOptions): Promise<Sentinels> =>
  ending(await startSentinel(options));

export async function proxyTo(server: Server): Promise<RedisProxy> {
  const proxy = await startProxy(server.port);
  onTestFinished(() => proxy.close());
  return proxy;
}

function ending<T extends { stop(): Promise<void> }>(started: T): T {
  onTestFinished(() => started.stop());
  return started;
}

/** Opened, and closed when the test is over. */
export async function backend(options: RedisBackendOptions): Promise<StorageBackend> {
  const made = redisBackend(options);
  onTestFinished(() => made.close());
  await made.open();
  return made;
}

export async function namespace(options: RedisBackendOptions): Promise<StorageNamespace> {
  return (await backend(options)).namespace(ID);
}

export const put = (key: string, value: string | number, tags: string[] = []): Mutation => ({
  type: "put",
  key,
  value: Buffer.from(String(value)),
  tags,
});

export const remove = (key: string): Mutation => ({ type: "delete", key });

export async function read(
  from: StorageNamespace,
  ...keys: string[]
): Promise<(string | undefined)[]> {
  const records = await from.getMany(keys);
  return records.map((record) => record && Buffer.from(record.value).toString());
}

export const change = (key: string, value: string): Uint8Array =>
  encodeRecord({
    key,
    value: Buffer.from(value),
    tags: ["loaded"],
    createdAt: 1,
    updatedAt: 2,
    version: 1,
  });

export async function load(into: StagedLoad, keys: Iterable<string>, value: string): Promise<void> {
  await into.put([...keys].map((key) => change(key, value)));
}

export const keys = (count: number, of = "k"): string[] =>
  Array.from({ length: count }, (_, i) => `${of}${String(i).padStart(5, "0")}`);

export const isSound = (one: StorageNamespace): Promise<void> => checkNamespace(one, Date.now());

/** Reads a run from the beginning to its end, which must be what its changes add up to. */
export async function trueRun(
  pages: AsyncIterable<ChangePage>,
  onPage: (pages: number) => Promise<void> = async () => undefined,
): Promise<Head> {
  const latest = new Map<string, Uint8Array>();
  let [count, end]: [number, Head | undefined] = [0, undefined];
  for await (const page of pages) {
    for (const change of page.changes) latest.set(changeKey(change), change);
    end = page.end;
    await onPage(++count);
  }
  const records = [...latest.values()].filter((one) => decodeChange(one).type === "record");
  const digest = new StateDigest();
  for (const record of records) digest.toggle(record);
  expect({ count: records.length, digest: digest.toHex() }).toEqual({
    count: end?.count,
    digest: end?.digest,
  });
  return end as Head;
}

/** A failure in our words: with a code of these, a hint, and no word of a password. */
export async function failureOf(work: Promise<unknown>, ...codes: string[]): Promise<NadbError> {
  const error = await work.then(
    () => new Error("it has not failed"),
    (reason: unknown) => reason,
  );
  if (!isNadbError(error)) throw error;
  expect(codes, `${error.code}: ${error.message}`).toContain(error.code);
  expect(error.hint ?? "", `a hint for: ${error.message}`).not.toBe("");
  return error;
}
