import { describe, expect, expectTypeOf, it } from "vitest";
import {
  bytes,
  json,
  KeyValueStore,
  memoryBackend,
  text,
  type ValueCodec,
} from "../../src/index.js";
import { rejects } from "../refuses.js";

interface User {
  readonly name: string;
  readonly age?: number;
}

describe("a store without a codec", () => {
  it("accepts bytes and text, gives bytes", async () => {
    const store = await KeyValueStore.open({ backend: memoryBackend() });
    expectTypeOf(store.set).parameter(1).toEqualTypeOf<Uint8Array | string>();
    expectTypeOf(await store.get("a")).toEqualTypeOf<Uint8Array | undefined>();
    await store.set("a", "é");
    expect(await store.get("a")).toEqual(Uint8Array.of(0xc3, 0xa9));
    await rejects("NADB_INVALID_ARGUMENT", store.set("b", "\ud800"), '"b"');
    await rejects("NADB_INVALID_ARGUMENT", store.set("b", 7 as never), '"b"');
  });
});

describe("text", () => {
  it("gives what it was given", async () => {
    const store = await KeyValueStore.open({ backend: memoryBackend(), codec: text });
    expectTypeOf(await store.get("a")).toEqualTypeOf<string | undefined>();
    for (const value of ["", "plain", "größe 😀", "\ufeffwith a mark", "\0"]) {
      await store.set("a", value);
      expect(await store.get("a")).toBe(value);
    }
  });

  it("refuses half a surrogate pair and what is no string", async () => {
    const store = await KeyValueStore.open({ backend: memoryBackend(), codec: text });
    await rejects("NADB_INVALID_ARGUMENT", store.set("a", "\udc00"), 'the value of "a"');
    await rejects("NADB_INVALID_ARGUMENT", store.set("a", 7 as never), 'the value of "a"');
  });

  it("names the key of a value that is none", async () => {
    const backend = memoryBackend();
    const raw = await KeyValueStore.open({ backend });
    const store = await KeyValueStore.open({ backend, codec: text });
    await raw.set("bad", Uint8Array.of(0xff));
    for (const read of [
      store.get("bad"),
      store.getWithMetadata("bad"),
      store.getMany(["bad"]),
      store.transaction((tx) => tx.get("bad")),
      store.changes()[Symbol.asyncIterator]().next(),
    ]) {
      await rejects("NADB_UNDECODABLE", read, 'the value of "bad" is no text');
    }
    expect(await store.has("bad")).toBe(true);
  });
});

describe("json", () => {
  it("infers the store's type and keeps values", async () => {
    const store = await KeyValueStore.open({ backend: memoryBackend(), codec: json<User>() });
    expectTypeOf(store).toEqualTypeOf<KeyValueStore<User>>();
    expectTypeOf(store.set).parameter(1).toEqualTypeOf<User>();
    await store.set("a", { name: "Ann", age: 7 });
    expect(await store.get("a")).toEqual({ name: "Ann", age: 7 });
    expect((await store.getWithMetadata("a"))?.value.name).toBe("Ann");
    expect((await store.getMany(["a", "b"])).get("a")?.age).toBe(7);
  });

  it.each([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a bigint", 1n],
    ["a circle", Object.assign([] as unknown[], { toJSON: undefined })],
  ])("refuses %s", async (name, value) => {
    if (name === "a circle") (value as unknown[]).push(value);
    const store = await KeyValueStore.open({ backend: memoryBackend(), codec: json() });
    await rejects("NADB_INVALID_ARGUMENT", store.set("a", value), 'the value of "a"');
    expect(await store.has("a")).toBe(false);
  });

  it("keeps null apart from nothing", async () => {
    const store = await KeyValueStore.open({ backend: memoryBackend(), codec: json() });
    await store.set("a", null);
    expect(await store.get("a")).toBeNull();
    expect(await store.get("b")).toBeUndefined();
  });
});

describe("a codec of one's own", () => {
  const upper: ValueCodec<string, string | number> = {
    name: "upper",
    encode: (value) => new TextEncoder().encode(String(value)),
    decode: (value) => new TextDecoder().decode(value).toUpperCase(),
  };

  it("sets what the store accepts and gives", async () => {
    const store = await KeyValueStore.open({ backend: memoryBackend(), codec: upper });
    expectTypeOf(store.set).parameter(1).toEqualTypeOf<string | number>();
    await store.set("a", "loud");
    await store.set("b", 7);
    expect([await store.get("a"), await store.get("b")]).toEqual(["LOUD", "7"]);
  });

  it("that throws fails the call, names the key and keeps its own error as the cause", async () => {
    const broken = new Error("broken");
    const fail = (): never => {
      throw broken;
    };
    const backend = memoryBackend();
    const writer = await KeyValueStore.open({ backend, codec: { ...upper, encode: fail } });
    await expect(writer.set("a", "1")).rejects.toMatchObject({
      code: "NADB_INVALID_ARGUMENT",
      cause: broken,
    });
    await rejects("NADB_INVALID_ARGUMENT", writer.setMany([{ key: "a", value: "1" }]), "upper");
    expect((await writer.stats()).count).toBe(0);
    const reader = await KeyValueStore.open({ backend, codec: { ...upper, decode: fail } });
    await reader.set("a", "1");
    await expect(reader.get("a")).rejects.toMatchObject({
      code: "NADB_UNDECODABLE",
      message: expect.stringContaining('"a"'),
      cause: broken,
    });
  });

  it("that answers no bytes is refused", async () => {
    const codec = { ...upper, encode: () => "text" as never };
    const store = await KeyValueStore.open({ backend: memoryBackend(), codec });
    await rejects("NADB_INVALID_ARGUMENT", store.set("a", "1"), '"a"');
  });

  it.each([null, {}, { encode: bytes.encode, decode: bytes.decode }, { ...bytes, decode: 1 }])(
    "is refused at open when it is none: %j",
    async (codec) => {
      const opening = KeyValueStore.open({ backend: memoryBackend(), codec: codec as never });
      await rejects("NADB_INVALID_ARGUMENT", opening, "codec");
    },
  );
});
