// A connection that is cut at a chosen request, a server that is gone, silent or slow: a commit happens once or is told to be
// unknown, and every call ends.
import type { StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { redisBackend } from "../../src/index.js";
import { type RedisProxy, type Server, untilTrue } from "../servers/index.js";
import {
  backend,
  failureOf,
  ID,
  isSound,
  namespace,
  proxyTo,
  put,
  read,
  remove,
  SHORT,
  server,
} from "./support.js";

interface Place {
  readonly proxy: RedisProxy;
  readonly direct: StorageNamespace;
  readonly through: StorageNamespace;
  readonly behind: Server;
}

async function place({ retrySeconds = 8 } = {}): Promise<Place> {
  const behind = await server();
  const proxy = await proxyTo(behind);
  const direct = await namespace({ url: behind.url });
  const through = await namespace({ url: behind.urlAt(proxy.port), retrySeconds });
  await through.commit([put("there", "1")]);
  return { proxy, direct, through, behind };
}

const isCommit = ({ args }: { args: readonly Buffer[] }): boolean =>
  args.some((arg) => String(arg) === "new");

describe("a connection that is cut in a commit", () => {
  it.each(["before", "after"] as const)(
    "%s its execution: it happens once, with its own answer",
    async (when) => {
      const { proxy, through, direct } = await place();
      const before = await direct.head();
      const cut = proxy.cutAt(when, isCommit);
      const commit = through.commit([put("new", "1"), remove("none")], {
        expect: [{ key: "new", version: null }],
      });
      await cut;
      const { versions, checkpoint } = await commit;
      const after = await direct.head();
      expect(versions).toEqual([before.version + 1, undefined]);
      expect([after.version, after.checkpoint]).toEqual([before.version + 1, checkpoint]);
      expect(await read(direct, "new")).toEqual(["1"]);
      await isSound(direct);
    },
  );

  it("and its neighbours of the same group keep their own answers", async () => {
    const { proxy, through, direct } = await place();
    const cut = proxy.cutAt("after", isCommit);
    const commits = Promise.allSettled([
      through.commit([put("new", "1")]),
      through.commit([put("there", "2")], { expect: [{ key: "there", version: null }] }),
      through.commit([put("next", "3")]),
    ]);
    await cut;
    expect((await commits).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(await read(direct, "new", "there", "next")).toEqual(["1", "1", "3"]);
    expect((await direct.head()).version).toBe(3);
  });
});

describe("a group of commits that comes late", () => {
  it("after a newer one of its writer, does nothing; the newest is answered again", async () => {
    const { proxy, through, direct, behind } = await place();
    const sent: (readonly Buffer[])[] = [];
    void proxy.cutAt("before", (request) => {
      if (isCommit(request)) sent.push(request.args);
      return false;
    });
    await through.commit([put("new", "1")]);
    await through.commit([put("new", "2")]);
    const head = await direct.head();
    const [older, newest] = sent as [readonly Buffer[], readonly Buffer[]];
    const client = behind.client();
    expect(await client.call("EVALSHA", [...older])).toEqual(["stale"]);
    expect(await client.call("EVALSHA", [...newest])).toEqual(["ok", expect.stringMatching(/:3$/)]);
    expect(await direct.head()).toEqual(head);
    expect(await read(direct, "new")).toEqual(["2"]);
    await isSound(direct);
  });
});

describe("a server that is gone", () => {
  it.each([
    ["before", undefined],
    ["after", "1"],
  ] as const)(
    "when a commit was sent, %s its execution: it is unknown, and what waited was not sent",
    async (when, held) => {
      const { proxy, through, direct } = await place({ retrySeconds: SHORT });
      const cut = proxy.cutAt(when, isCommit).then(() => proxy.refuse());
      const sent = through.commit([put("new", "1")]);
      sent.catch(() => undefined);
      await untilTrue("that it is sent", async () => proxy.connections === 0);
      const waiting = through.commit([put("waits", "1")]);
      waiting.catch(() => undefined);
      await cut;
      await failureOf(sent, "NADB_COMMIT_UNKNOWN");
      await failureOf(waiting, "NADB_IO");
      proxy.accept();
      await untilTrue("that it is reached again", async () => {
        await through.commit([put("later", "1")]);
        return true;
      });
      expect(await read(direct, "new", "waits")).toEqual([held, undefined]);
      await isSound(direct);
    },
  );

  it("fails every kind of call within the time it is given, and then closes", async () => {
    const behind = await server();
    const one = await backend({ url: behind.url, retrySeconds: SHORT });
    const to = await one.namespace(ID);
    await to.commit([put("a", "1")]);
    await behind.kill();
    const drain = async (): Promise<void> => {
      for await (const _ of to.changes(null));
    };
    const calls = [
      to.head(),
      to.getMany(["a"]),
      to.getMany(["a", "b"]),
      to.keys(),
      to.query({ all: ["a"] }),
      to.tags(),
      to.sweep(Date.now(), 1),
      to.replace(),
      drain(),
      one.drop(ID),
      one.namespaces()[Symbol.asyncIterator]().next(),
    ];
    for (const call of calls) call.catch(() => undefined);
    for (const call of calls) await failureOf(call, "NADB_IO");
    await failureOf(to.commit([put("a", "2")]), "NADB_IO");
    await one.close();
  });
});

describe("a server that is slow or silent", () => {
  it("is waited for as long as it answers", async () => {
    const { proxy, through } = await place();
    proxy.slow(300);
    await through.commit([put("a", "1")]);
    expect(await read(through, "a")).toEqual(["1"]);
  });

  it("is given up when it says nothing for long: calls end, and later ones succeed", async () => {
    const { proxy, through, direct } = await place({ retrySeconds: SHORT });
    proxy.hold();
    const commit = through.commit([put("new", "1")]);
    const waiting = through.commit([put("waits", "1")]);
    waiting.catch(() => undefined);
    await failureOf(commit, "NADB_COMMIT_UNKNOWN");
    await failureOf(read(through, "there"), "NADB_IO");
    await failureOf(waiting, "NADB_COMMIT_UNKNOWN", "NADB_IO");
    proxy.release();
    await untilTrue("that it answers again", async () => {
      await through.commit([put("later", "1")]);
      return true;
    });
    await isSound(direct);
  });

  it.each(["own", "theirs"] as const)(
    "is given up by every call, also when others go on calling, with %s client",
    async (whose) => {
      const behind = await server();
      const client = behind.client();
      const made = await backend({
        ...(whose === "own" ? { url: behind.url } : { client }),
        retrySeconds: SHORT,
      });
      const to = await made.namespace(ID);
      await to.commit([put("there", "1")]);
      await behind.pause();
      let isOver = false;
      const others = (async () => {
        for (; !isOver; await nextTick()) void to.head().catch(() => undefined);
      })();
      await failureOf(to.getMany(["there"]), "NADB_IO");
      await failureOf(to.commit([put("new", "1")]), "NADB_COMMIT_UNKNOWN", "NADB_IO");
      isOver = true;
      await others;
      await behind.resume();
      await untilTrue("that it answers again", async () => {
        await to.commit([put("later", "1")]);
        return true;
      });
      await isSound(to);
    },
  );

  const nextTick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

  it("ends the wait of whoever calls it off; a commit on its way goes on", async () => {
    const { proxy, through, direct } = await place();
    proxy.hold();
    const controller = new AbortController();
    const { signal } = controller;
    const sent = through.commit([put("new", "1")], { signal });
    await new Promise((resolve) => setImmediate(resolve)); // it is under way
    const waits = through.commit([put("waits", "1")], { signal });
    const run = through.changes(null, { signal })[Symbol.asyncIterator]();
    const calls = [
      waits,
      through.head({ signal }),
      through.getMany(["there"], { signal }),
      through.keys({ signal }),
      through.query({ all: ["a"], signal }),
      through.tags({ signal }),
      run.next(),
    ];
    const ends = Promise.allSettled(calls);
    controller.abort(new Error("called off"));
    for (const end of await ends) expect(end).toMatchObject({ reason: { message: "called off" } });
    proxy.release();
    await sent;
    expect(await read(direct, "new", "waits")).toEqual(["1", undefined]);
  });

  it.each(["own", "theirs"] as const)(
    "does not hold up close for longer than calls are given, with %s client",
    async (whose) => {
      const behind = await server();
      const proxy = await proxyTo(behind);
      const client = behind.client({ port: proxy.port });
      const made = redisBackend({
        ...(whose === "own" ? { url: behind.urlAt(proxy.port) } : { client }),
        retrySeconds: SHORT,
      });
      await made.open();
      const to = await made.namespace(ID);
      await to.commit([put("there", "1")]);
      proxy.hold();
      const commit = to.commit([put("new", "1")]);
      commit.catch(() => undefined);
      const reading = to.getMany(["there"]);
      reading.catch(() => undefined);
      await made.close();
      await failureOf(commit, "NADB_COMMIT_UNKNOWN");
      await failureOf(reading, "NADB_IO", "NADB_CLOSED");
    },
  );
});
