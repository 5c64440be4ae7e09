import { describe, expect, it, vi } from "vitest";
import {
  type Attachment,
  KeyValueSync,
  type KeyValueSyncOptions,
  type StorageBackend,
  type StorageNamespace,
} from "../src/index.js";
import { Below, diskFull, MIB, put, read, settle, stateOf } from "./buffer/below.js";
import { refuses, rejects } from "./refuses.js";

/** A sync with stores on one backend; nothing happens by itself within an hour. */
class Scene {
  readonly sync: KeyValueSync;
  readonly backend: StorageBackend;

  constructor(
    readonly below: Below,
    { buffering = true, ...options }: KeyValueSyncOptions & { readonly buffering?: boolean } = {},
  ) {
    const clock = below.clock.now;
    this.sync = new KeyValueSync({ flushIntervalSeconds: 3_600, clock, ...options });
    const capabilities = { ...below.backend.capabilities, buffering };
    this.backend = { ...below.backend, name: "disk", capabilities } as StorageBackend;
  }

  static async open(
    options?: KeyValueSyncOptions & { readonly buffering?: boolean },
  ): Promise<Scene> {
    return new Scene(await Below.open(), options);
  }

  attach(namespace: StorageNamespace = this.below.namespace(), maxBytes = MIB): Attachment {
    const { backend, below } = this;
    return this.sync.attach({ backend, namespace, maxBytes, clock: below.clock.now });
  }

  /** The buffer of a store. */
  buffer(...args: Parameters<Scene["attach"]>) {
    const { buffer } = this.attach(...args);
    if (buffer === undefined) throw new TypeError("not buffered");
    return buffer;
  }
}

describe("attach", () => {
  it("hands out a buffer over the namespace, and starts the sync", async () => {
    const scene = await Scene.open();
    expect(scene.sync.running).toBe(false);
    const { storage, buffer } = scene.attach();
    expect(storage).toBe(buffer);
    expect(scene.sync.running).toBe(true);
    await buffer?.buffer([put("a")]);
    expect(scene.below.commits).toEqual([]);
  });

  it.each([{ buffering: false }, { transactions: false }])(
    "hands the namespace itself back where buffering does not pay, or can not be done: %j",
    async (capabilities) => {
      const { below, sync, backend } = await Scene.open();
      const namespace = below.namespace();
      const other = { ...backend, capabilities: { ...backend.capabilities, ...capabilities } };
      const { storage, buffer } = sync.attach({ backend: other, namespace, maxBytes: MIB });
      expect(storage).toBe(namespace);
      expect(buffer).toBeUndefined();
      expect(sync.status().stores).toMatchObject([{ buffered: false, records: 0, bytes: 0 }]);
    },
  );

  it("lets stores on one namespace of one backend share one buffer", async () => {
    const scene = await Scene.open();
    const first = scene.buffer();
    const second = scene.buffer(await scene.below.backend.namespace(scene.below.real.id));
    expect(second).toBe(first);
    expect(scene.sync.status().stores).toHaveLength(1);
  });

  it("keeps namespaces apart, and backends", async () => {
    const scene = await Scene.open();
    const first = scene.buffer();
    const id = { db: "shop", namespace: "orders" };
    const other = scene.buffer(await scene.below.backend.namespace(id));
    const { sync, below } = scene;
    const backend = { ...scene.backend };
    const third = sync.attach({ backend, namespace: below.namespace(), maxBytes: MIB }).buffer;
    expect(new Set([first, other, third]).size).toBe(3);
  });

  it("refuses another buffer size for a namespace that has one", async () => {
    const scene = await Scene.open();
    scene.attach();
    const message = '"shop/carts" is buffered up to 1048576 bytes already, not 2000';
    refuses("NADB_INVALID_ARGUMENT", () => scene.attach(undefined, 2_000), message);
    expect(scene.sync.status().stores).toHaveLength(1);
  });

  it("refuses early what the backend's capabilities rule out", async () => {
    const { below, sync, backend } = await Scene.open();
    const small = { ...backend.capabilities, maxKeyBytes: 3, maxTagBytes: 3, maxValueBytes: 3 };
    const { buffer } = sync.attach({
      backend: { ...backend, capabilities: small },
      namespace: below.namespace(),
      maxBytes: MIB,
    });
    for (const bad of [put("long", "1"), put("a", "long"), put("a", "1", { tags: ["long"] })]) {
      await rejects("NADB_INVALID_ARGUMENT", buffer?.buffer([bad]) ?? Promise.resolve());
    }
  });
});

describe("release", () => {
  it("flushes, and forgets the namespace with the last store on it", async () => {
    const scene = await Scene.open();
    const [first, second] = [scene.attach(), scene.attach()];
    await first.buffer?.buffer([put("a")]);
    await first.release();
    expect(await read(scene.below.real, "a")).toBe("a");
    expect(scene.sync.status().stores).toHaveLength(1);
    await second.buffer?.buffer([put("b")]);
    expect(await read(scene.below.real, "b")).toBeUndefined();
    await Promise.all([second.release(), second.release(), first.release()]);
    expect(await read(scene.below.real, "b")).toBe("b");
    expect(scene.sync.status().stores).toEqual([]);
  });

  it("that can not flush rejects, and lets go once it can", async () => {
    const { below, sync, ...scene } = await openOne();
    await scene.buffer.buffer([put("a")]);
    below.failure = diskFull();
    await rejects("NADB_IO", scene.release());
    expect(sync.status().stores).toMatchObject([{ records: 1, failedFlushes: 1 }]);
    below.failure = undefined;
    await scene.release();
    expect(sync.status().stores).toEqual([]);
    expect(await read(below.real, "a")).toBe("a");
  });

  it("leaves nothing in a buffer that somebody still writes to", async () => {
    const { below, ...scene } = await openOne();
    const letGo = below.hold();
    await scene.buffer.buffer([put("a")]);
    const released = scene.release();
    await scene.buffer.buffer([put("b")]);
    letGo();
    await released;
    expect((await below.real.keys()).items).toEqual(["a", "b"]);
    await scene.buffer.buffer([put("c")]);
    expect(await read(below.real, "c")).toBe("c");
  });
});

async function openOne(options?: KeyValueSyncOptions) {
  const scene = await Scene.open(options);
  const { buffer, release } = scene.attach();
  if (buffer === undefined) throw new TypeError("not buffered");
  return { below: scene.below, sync: scene.sync, buffer, release };
}

describe("a round", () => {
  it("flushes what is buffered, and commits nothing where nothing is", async () => {
    const { below, sync, buffer } = await openOne();
    await buffer.buffer([put("a")]);
    await sync.tick();
    await sync.tick();
    expect(below.commits).toHaveLength(1);
  });

  it("sweeps what has expired, as much as its limit says, also where nothing is buffered", async () => {
    for (const buffering of [true, false]) {
      const { below, sync, ...scene } = await Scene.open({ sweepLimit: 2, buffering });
      const expiresAt = below.clock.now() + 5;
      await below.real.commit([1, 2, 3].map((i) => put(`${i}`, "", { expiresAt })));
      sync.attach({
        ...scene,
        backend: { ...below.backend } as StorageBackend,
        namespace: below.namespace(),
        maxBytes: MIB,
        clock: below.clock.now,
      });
      below.clock.advance(5);
      await sync.tick();
      expect((await below.real.head()).count).toBe(1);
      await sync.tick();
      expect((await below.real.head()).count).toBe(0);
    }
  });

  it("gives every store its turn, whatever one of them meets", async () => {
    const scene = await Scene.open();
    const bad = scene.buffer();
    const id = { db: "shop", namespace: "orders" };
    const good = await scene.below.backend.namespace(id);
    await scene.buffer(good).buffer([put("b")]);
    await bad.buffer([put("a")]);
    scene.below.failure = diskFull();
    await scene.sync.tick();
    expect(await read(good, "b")).toBe("b");
    expect(bad.pending.records).toBe(1);
    scene.below.failure = undefined;
    await scene.sync.tick();
    expect(await read(scene.below.real, "a")).toBe("a");
  });

  it("asked for during another comes after it, and flushes what was buffered meanwhile", async () => {
    const { below, sync, buffer } = await openOne();
    const letGo = below.hold("after");
    await buffer.buffer([put("a")]);
    const first = sync.tick();
    await settle();
    await buffer.buffer([put("b")]);
    const second = sync.tick();
    letGo();
    await Promise.all([first, second]);
    expect(buffer.pending.records).toBe(0);
  });
});

describe("status and events", () => {
  it("tell of each flush", async () => {
    const { below, sync, buffer } = await openOne();
    const flush = vi.fn();
    const off = sync.on("flush", flush);
    const name = { backend: "disk", db: "shop", namespace: "carts" };
    const nothing = { records: 0, bytes: 0, flushes: 0, failedFlushes: 0 };
    expect(sync.status()).toEqual({
      running: true,
      flushIntervalSeconds: 3_600,
      stores: [{ ...name, buffered: true, ...nothing }],
    });
    await buffer.buffer([put("a"), put("b")]);
    const { bytes } = buffer.pending;
    expect(sync.status().stores).toMatchObject([{ records: 2, bytes }]);
    await sync.tick();
    const flushed = { lastFlushAt: below.clock.now(), lastFlushRecords: 2, flushes: 1 };
    expect(sync.status().stores).toEqual([{ ...name, buffered: true, ...nothing, ...flushed }]);
    expect(flush.mock.calls).toEqual([[{ ...name, records: 2, bytes }]]);
    off();
    await buffer.buffer([put("a")]);
    await sync.tick();
    expect(flush).toHaveBeenCalledTimes(1);
  });

  it("tell of a flush that failed, and what is kept", async () => {
    const { below, sync, buffer } = await openOne();
    const [flushFailed, flush] = [vi.fn(), vi.fn()];
    sync.on("flushFailed", flushFailed);
    sync.on("flush", flush);
    await buffer.buffer([put("a")]);
    below.failure = diskFull();
    await sync.tick();
    below.clock.advance(7);
    await sync.tick();
    const at = below.clock.now();
    const lastError = { at, code: "NADB_IO", message: "no space left on the device" };
    expect(sync.status().stores).toMatchObject([{ records: 1, failedFlushes: 2, lastError }]);
    const event = { backend: "disk", db: "shop", namespace: "carts", ...buffer.pending };
    expect(flushFailed.mock.calls[1]).toEqual([{ ...event, error: below.failure }]);
    below.failure = undefined;
    await sync.tick();
    expect(flush).toHaveBeenCalledTimes(1);
    expect(sync.status().stores).toMatchObject([{ records: 0, flushes: 1, lastError }]);
  });

  it("tell of a sweep that failed, also where nothing is buffered", async () => {
    const { below, sync, backend } = await Scene.open({ buffering: false });
    const error = new TypeError("broken");
    const namespace = Object.assign(Object.create(below.namespace()) as StorageNamespace, {
      id: below.real.id,
      sweep: () => Promise.reject(error),
    });
    const sweepFailed = vi.fn();
    sync.on("sweepFailed", sweepFailed);
    sync.attach({ backend, namespace, maxBytes: MIB });
    await sync.tick();
    const name = { backend: "disk", db: "shop", namespace: "carts" };
    expect(sweepFailed.mock.calls).toEqual([[{ ...name, error }]]);
    const lastError = { at: below.clock.now(), code: "TypeError", message: "broken" };
    expect(sync.status().stores).toMatchObject([{ ...name, failedFlushes: 0, lastError }]);
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new TypeError("bad listener");
      },
    ],
    ["rejects", () => Promise.reject(new TypeError("bad listener"))],
  ])("are not disturbed by a listener that %s: its error is kept", async (_name, listener) => {
    const { below, sync, buffer } = await openOne();
    const flush = vi.fn();
    sync.on("flush", listener);
    sync.on("flush", flush);
    await buffer.buffer([put("a")]);
    await sync.tick();
    await settle();
    expect(flush).toHaveBeenCalledTimes(1);
    const lastError = { at: below.clock.now(), code: "TypeError", message: "bad listener" };
    expect(sync.status()).toMatchObject({ lastError, stores: [{ flushes: 1 }] });
    expect(sync.status().stores[0]).not.toHaveProperty("lastError");
  });

  it("reach a listener once for each time it was given", async () => {
    const { sync, buffer } = await openOne();
    const flush = vi.fn();
    const [off] = [sync.on("flush", flush), sync.on("flush", flush)];
    off();
    off();
    await buffer.buffer([put("a")]);
    await sync.tick();
    expect(flush).toHaveBeenCalledTimes(1);
  });
});

describe("stop", () => {
  it("flushes every store; from then on writes are committed at once", async () => {
    const { below, sync, buffer } = await openOne();
    await buffer.buffer([put("a")]);
    await sync.stop();
    expect(sync.running).toBe(false);
    expect(await read(below.real, "a")).toBe("a");
    await buffer.buffer([put("b")]);
    expect(await read(below.real, "b")).toBe("b");
    expect(buffer.pending.records).toBe(0);
  });

  it("lets nothing linger that is written while it flushes", async () => {
    const { below, sync, buffer } = await openOne();
    const letGo = below.hold();
    await buffer.buffer([put("a")]);
    const stopped = sync.stop();
    const late = buffer.buffer([put("b")]);
    expect(await stateOf(late)).toBe("waiting");
    letGo();
    await Promise.all([stopped, late]);
    expect(await read(below.real, "b")).toBe("b");
  });

  it("that can not flush rejects, and the sync goes on running", async () => {
    const { below, sync, buffer } = await openOne();
    await buffer.buffer([put("a")]);
    below.failure = diskFull();
    await rejects("NADB_IO", sync.stop());
    expect(sync.running).toBe(true);
    await buffer.buffer([put("b")]);
    expect(buffer.pending.records).toBe(2);
    below.failure = undefined;
    await sync.stop();
    expect((await below.real.keys()).items).toEqual(["a", "b"]);
  });

  it("twice is an error with a hint, at once is not", async () => {
    const { sync } = await openOne();
    await Promise.all([sync.stop(), sync.stop()]);
    const error = await sync.stop().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "NADB_CLOSED", message: "the sync is not running" });
    expect((error as { hint?: string }).hint).toContain("stopped already");
  });

  it("before anything was started is an error, too", async () => {
    await rejects("NADB_CLOSED", new KeyValueSync().stop());
  });

  it("is not undone by the next store, but by start", async () => {
    const scene = await Scene.open();
    await scene.attach().release();
    await scene.sync.stop();
    const buffer = scene.buffer();
    expect(scene.sync.running).toBe(false);
    await buffer.buffer([put("a")]);
    expect(buffer.pending.records).toBe(0);
    scene.sync.start();
    scene.sync.start();
    expect(scene.sync.running).toBe(true);
    await buffer.buffer([put("b")]);
    expect(buffer.pending.records).toBe(1);
    await scene.sync.stop();
    expect(await read(scene.below.real, "b")).toBe("b");
  });

  it("waits for the round under way", async () => {
    const { below, sync, buffer } = await openOne();
    const letGo = below.hold("after");
    await buffer.buffer([put("a")]);
    const round = sync.tick();
    await settle();
    const stopped = sync.stop();
    letGo();
    await stopped;
    expect(below.calls.at(-1)).toBe("sweep");
    expect(await stateOf(round)).toBe("done");
  });

  it("comes with the end of a block, if it still runs", async () => {
    const { below, sync, buffer } = await openOne();
    {
      await using used = sync;
      await buffer.buffer([put("a")]);
      expect(used.running).toBe(true);
    }
    expect(sync.running).toBe(false);
    expect(await read(below.real, "a")).toBe("a");
    await sync[Symbol.asyncDispose]();
  });
});

describe("bad options", () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2_000_001, "5", null])(
    "flushIntervalSeconds of %s are refused",
    (flushIntervalSeconds) => {
      const options = { flushIntervalSeconds: flushIntervalSeconds as number };
      refuses("NADB_INVALID_ARGUMENT", () => new KeyValueSync(options), "flushIntervalSeconds");
    },
  );

  it.each([0, -1, 1.5, Number.NaN, "5"])("a sweepLimit of %s is refused", (sweepLimit) => {
    const options = { sweepLimit: sweepLimit as number };
    refuses("NADB_INVALID_ARGUMENT", () => new KeyValueSync(options), "sweepLimit");
  });
});
