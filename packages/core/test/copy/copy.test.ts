// Steps: what they bring, what they refuse, and what they say.
import { describe, expect, it } from "vitest";
import {
  COPIES_NAMESPACE,
  changeKey,
  copyAll,
  copyNamespace,
  copyProgress,
  decodeRecord,
  type EncodedChange,
  encodeRecord,
  planCopy,
  type StorageNamespace,
} from "../../src/index.js";
import { Kept, puts } from "../embedded/kept.js";
import { delayed, ID, interrupted, losing, override, put, remove, Side, World } from "./world.js";

async function copied(): Promise<World> {
  const world = new World();
  await world.from.write(put("a"), put("b"), put("c"));
  await world.copy();
  return world;
}

describe("a copy", () => {
  it("brings everything, then what has changed, then nothing", async () => {
    const world = new World();
    await world.from.write(put("a"), put("b", "1", { tags: ["x", "y"] }), put("empty", ""));
    expect(await world.copy()).toMatchObject({ step: "full", copied: 3, deleted: 0, inSync: true });
    await world.expectSame();
    await world.from.write(put("a", "2"), remove("b"));
    const next = await world.copy();
    expect(next).toMatchObject({ step: "changes", copied: 1, deleted: 1, lagVersions: 0 });
    await world.expectSame();
    const before = await world.to.head();
    expect(await world.copy()).toMatchObject({ step: "nothing", copied: 0, deleted: 0 });
    expect(await world.to.head()).toEqual(before);
  });

  it("of a namespace that was never written to is empty, and goes on from there", async () => {
    const world = new World();
    expect(await world.copy()).toMatchObject({ step: "full", copied: 0, inSync: true });
    await world.from.write(put("a"));
    expect(await world.copy()).toMatchObject({ step: "changes", copied: 1 });
    await world.expectSame();
  });

  it("keeps sealed values, thousands of tags, and the ends of Unicode", async () => {
    const world = new World();
    const tags = Array.from({ length: 5_000 }, (_, i) => `tag:${i}`);
    const seal = { length: 9, contentHash: new Uint8Array(32).fill(7) };
    await world.from.write(put("sealed", "xyz", { seal, tags }), put("\u{10ffff}\0é", "\0"));
    await world.copy();
    await world.expectSame();
    const [sealed] = await (await world.to.namespace()).getMany(["sealed"]);
    expect(sealed?.seal?.length).toBe(9);
    await world.from.write(put("sealed", "x", { seal: { ...seal, length: 5 } }));
    await world.copy();
    await world.expectSame();
  });

  it("tells what came meanwhile", async () => {
    const world = new World();
    await world.from.write(put("a"));
    const from = await world.from.namespace();
    const onProgress = () => {
      world.clock.advance(2_000);
      return void from.commit([put("late"), put("later")]);
    };
    const result = await copyNamespace(from, await world.to.namespace(), {
      ...(await world.options()),
      onProgress,
    });
    expect(result).toMatchObject({ copied: 1, inSync: false, lagVersions: 2, lagSeconds: 2 });
  });

  it("stages a long run in one load, a page at a time", async () => {
    const world = await copied();
    const values = Array.from({ length: 500 }, (_, i) => put(`k${i}`, "x".repeat(1_000)));
    await world.from.write(...values);
    const to = await world.to.namespace();
    let [loads, puts, largest] = [0, 0, 0];
    const counting = override(to, {
      merge: async () => {
        loads++;
        const load = await to.merge();
        const counted: typeof load = {
          put: (changes) => {
            puts++;
            largest = Math.max(largest, changes.length);
            return load.put(changes);
          },
          commit: (options) => load.commit(options),
          abort: () => load.abort(),
        };
        return counted;
      },
    });
    const options = await world.options({ pageBytes: 20_000 });
    await copyNamespace(await world.from.namespace(), counting, options);
    expect([loads, puts > 20, largest < 25]).toEqual([1, true, true]);
    await world.expectSame();
  });

  it("plans without writing", async () => {
    const world = new World();
    await world.from.write(put("a"), put("b"));
    const plan = async () =>
      planCopy(await world.from.namespace(), await world.to.namespace(), await world.options());
    expect(await plan()).toMatchObject({ step: "full", because: "first", records: 2, replaces: 0 });
    expect(await world.to.names()).toEqual([]);
    await world.copy();
    expect(await plan()).toMatchObject({ step: "nothing", because: "next", lagVersions: 0 });
    await world.from.write(put("a", "2"));
    expect(await plan()).toMatchObject({ step: "changes", lagVersions: 1 });
  });
});

describe("a copy refuses", () => {
  it("a target that holds something else; overwrite replaces it", async () => {
    const world = new World();
    await world.from.write(put("a"));
    await world.to.write(put("b"), put("c"));
    await expect(world.copy()).rejects.toMatchObject({
      code: "NADB_CONFLICT",
      message: expect.stringContaining("2 records"),
    });
    expect(await world.to.names()).toEqual(["default/default"]);
    await world.copy({ overwrite: true });
    await world.expectSame();
  });

  it.each([
    ["put", [put("foreign")], '"foreign"'],
    ["put over a copy", [put("a", "mine")], '"a"'],
    ["put over what the source has changed, too", [put("c", "mine")], '"c"'],
    ["deleted", [remove("b")], '"b"'],
  ])("a target where somebody else has %s; only force discards it", async (_, mutations, says) => {
    const world = await copied();
    await world.from.write(put("c", "2"));
    await world.to.write(...mutations);
    const before = await world.to.content();
    for (const more of [{}, { overwrite: true }])
      await expect(world.copy(more)).rejects.toMatchObject({
        code: "NADB_CONFLICT",
        message: expect.stringContaining(says),
      });
    expect(await world.to.content()).toEqual(before);
    expect(await world.copy({ force: true })).toMatchObject({ step: "full" });
    await world.expectSame();
  });

  it("a target whose content was replaced since", async () => {
    const world = await copied();
    await (await (await world.to.namespace()).replace()).commit();
    await world.to.write(put("x"));
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
  });

  it("nothing of a target that was dropped: it begins anew", async () => {
    const world = await copied();
    await world.to.backend.drop(ID);
    expect(await world.copy()).toMatchObject({ step: "full", copied: 3 });
    await world.expectSame();
  });

  it("another source, whether it has another name or another namespace", async () => {
    const world = await copied();
    const other = await world.from.backend.namespace({ db: "default", namespace: "other" });
    const second = new Side();
    await second.write(put("a"));
    const from = await second.namespace();
    await expect(world.copy({ source: "two" }, { from })).rejects.toMatchObject({
      code: "NADB_CONFLICT",
      message: expect.stringMatching(/one default\/default.*two default\/default/),
    });
    const to = await world.to.namespace();
    await expect(copyNamespace(other, to, await world.options())).rejects.toMatchObject({
      code: "NADB_CONFLICT",
    });
    const two = { source: "two", overwrite: true };
    expect(await world.copy(two, { from })).toMatchObject({ step: "full" });
    expect(await world.copy({ source: "two" }, { from })).toMatchObject({ step: "nothing" });
  });

  it("nothing of the same source that is reached in another way", async () => {
    const world = await copied();
    await world.from.write(put("d"));
    expect(await world.copy({ source: "two" })).toMatchObject({ step: "changes", copied: 1 });
    await world.expectSame();
  });

  it.each([0, 2, 9])(
    "a source that is an older copy of its files, %i versions on",
    async (more) => {
      const kept = new Kept();
      const namespace = await kept.namespace();
      await namespace.commit(puts(3));
      const older = await (await kept.copy()).namespace();
      await namespace.commit(puts(2, "first"));
      const world = new World();
      await world.copy({}, { from: namespace });
      for (let i = 0; i < more; i++) await older.commit(puts(1, `other${i}`));
      await expect(world.copy({}, { from: older })).rejects.toMatchObject({
        code: "NADB_CHECKPOINT_EXPIRED",
        message: expect.stringContaining("older copy of its files"),
      });
      await world.copy({ overwrite: true }, { from: older });
      expect((await world.to.head()).digest).toBe((await older.head()).digest);
    },
  );

  it("a source that was replaced, or has forgotten its deletes; overwrite begins anew", async () => {
    const spoil = [
      async (from: StorageNamespace) => (await from.replace()).commit(),
      async (from: StorageNamespace) => {
        await from.commit([remove("a"), put("z")]);
        await from.trim((await from.head()).checkpoint);
      },
    ];
    for (const change of spoil) {
      const world = await copied();
      await change(await world.from.namespace());
      const before = await world.to.content();
      await expect(world.copy()).rejects.toMatchObject({
        code: "NADB_CHECKPOINT_EXPIRED",
        hint: expect.stringContaining("overwrite"),
      });
      expect(await world.to.content()).toEqual(before);
      expect(await world.copy({ overwrite: true })).toMatchObject({ step: "full" });
      await world.expectSame();
    }
  });

  it("itself, and the namespace that holds how far copies are", async () => {
    const world = await copied();
    const from = await world.from.namespace();
    const options = await world.options();
    const invalid = { code: "NADB_INVALID_ARGUMENT" };
    await expect(copyNamespace(from, from, options)).rejects.toMatchObject(invalid);
    const again = await world.from.namespace();
    await expect(copyNamespace(from, again, options)).rejects.toMatchObject(invalid);
    await expect(copyNamespace(options.progress, from, options)).rejects.toMatchObject(invalid);
    await expect(copyAll(world.from.backend, world.from.backend)).rejects.toMatchObject(invalid);
  });

  it("to go on from a record that it can not read", async () => {
    const world = await copied();
    const { progress } = await world.options();
    const spoil = (text: string) => progress.commit([put("default/default", text)]);
    for (const text of ["", "{", "[]", '{"format":1}', '{"format":0}']) {
      await spoil(text);
      await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
    }
    await spoil('{"format":2}');
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_NEWER_FORMAT" });
  });

  it("a target that is no true copy after the step, from then on", async () => {
    const world = await copied();
    await world.from.write(put("d"), put("e"), remove("a"));
    const from = losing(await world.from.namespace(), "d");
    await expect(world.copy({}, { from })).rejects.toMatchObject({
      code: "NADB_CORRUPTION",
      hint: expect.stringContaining("overwrite"),
    });
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    await world.copy({ overwrite: true });
    await world.expectSame();
  });

  it("a whole content of which the target has made something else", async () => {
    const world = new World();
    await world.from.write(put("a"), put("b"));
    const inner = await world.to.namespace();
    const spoil = (change: EncodedChange) =>
      changeKey(change) === "a" ? encodeRecord({ ...decodeRecord(change), key: "z" }) : change;
    const to = override(inner, {
      replace: async () => {
        const load = await inner.replace();
        return override(load, { put: (changes) => load.put(changes.map(spoil)) });
      },
    });
    await expect(world.copy({}, { to })).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
  });

  it("what is written to the target in the very moment of the commit", async () => {
    const world = await copied();
    await world.from.write(put("d"));
    const to = delayed(await world.to.namespace(), () => world.to.write(put("foreign")));
    await expect(world.copy({}, { to })).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
    expect((await world.to.content()).has("foreign")).toBe(true);
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
  });

  it("what is written to an empty target while it is copied", async () => {
    const world = await copied();
    await world.to.write(remove("a"), remove("b"), remove("c"));
    await world.to.backend.drop({ db: "default", namespace: COPIES_NAMESPACE });
    const from = interrupted(await world.from.namespace(), () => world.to.write(put("foreign")));
    await expect(world.copy({}, { from })).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    expect([...(await world.to.content()).keys()]).toEqual(["foreign"]);
  });

  it("what is written to the target while changes are staged", async () => {
    const world = await copied();
    await world.from.write(put("d"));
    const from = interrupted(await world.from.namespace(), () => world.to.write(put("foreign")));
    await expect(world.copy({}, { from })).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    expect((await world.to.content()).has("d")).toBe(false);
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
  });

  it("so, too, when it is of a key that would be written over", async () => {
    const world = await copied();
    await world.from.write(put("d"));
    const from = interrupted(await world.from.namespace(), () => world.to.write(put("d", "mine")));
    for (const sides of [{ from }, {}])
      await expect(world.copy({}, sides)).rejects.toMatchObject({ code: "NADB_CONFLICT" });
  });
});

describe("two copies at once into one target", () => {
  it.each(["full", "changes"])("the lease lives on through a long %s step", async (step) => {
    const world = new World();
    if (step === "changes") await world.copy();
    await world.from.write(...Array.from({ length: 8 }, (_, i) => put(`k${i}`)));
    const codes = new Set<unknown>();
    const from = interrupted(await world.from.namespace(), async () => {
      world.clock.advance(20_000);
      codes.add(await world.copy().catch(({ code }) => code));
    });
    expect(await world.copy({ pageBytes: 2 }, { from })).toMatchObject({ step, copied: 8 });
    expect([...codes]).toEqual(["NADB_LOCKED"]);
  });

  it("one goes on, the other is refused, and the content is the source's", async () => {
    const world = await copied();
    await world.from.write(put("d"), remove("a"));
    const results = await Promise.allSettled([world.copy(), world.copy(), world.copy()]);
    const codes = results.flatMap((one) => (one.status === "rejected" ? one.reason.code : []));
    expect(codes).toEqual(["NADB_LOCKED", "NADB_LOCKED"]);
    await world.expectSame();
  });

  it("one that lost its lease while it staged changes nothing", async () => {
    const world = await copied();
    await world.from.write(put("d", "old"));
    let isOvertaken = false;
    const from = interrupted(await world.from.namespace(), async () => {
      if (isOvertaken) return;
      isOvertaken = true;
      world.clock.advance(60_001);
      await world.from.write(put("d", "new"));
      await world.copy();
    });
    await expect(world.copy({}, { from })).rejects.toMatchObject({ code: "NADB_LOCKED" });
    await world.expectSame();
    expect(await world.copy()).toMatchObject({ step: "nothing" });
  });

  it("one that stood still for longer than its lease in the moment of its commit is found out", async () => {
    const world = await copied();
    await world.from.write(put("d", "old"));
    const to = delayed(await world.to.namespace(), async () => {
      world.clock.advance(60_001);
      await world.from.write(put("d", "new"), put("e"));
      await world.copy();
    });
    await expect(world.copy({}, { to })).rejects.toMatchObject({ code: "NADB_LOCKED" });
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    await world.copy({ force: true });
    await world.expectSame();
  });
});

describe("copyAll", () => {
  const NAMES = ["one", "two"];

  async function filled(): Promise<[Side, Side]> {
    const sides: [Side, Side] = [new Side(), new Side()];
    for (const side of sides) await side.backend.open();
    for (const name of NAMES) {
      const namespace = await sides[0].backend.namespace({ db: name, namespace: name });
      await namespace.commit([put(name)]);
    }
    return sides;
  }

  it("copies each namespace under its name, but not how far copies are", async () => {
    const [from, to] = await filled();
    await (await copyProgress(from.backend, ID)).commit([put("x")]);
    const all = await copyAll(from.backend, to.backend);
    expect(all.map(({ target }) => target.db)).toEqual(NAMES);
    expect(await to.names()).toEqual(
      NAMES.flatMap((name) => [`${name}/${COPIES_NAMESPACE}`, `${name}/${name}`]),
    );
  });

  it("can be limited to a database", async () => {
    const [from, to] = await filled();
    expect(await copyAll(from.backend, to.backend, { db: "two" })).toHaveLength(1);
  });

  it("writes nothing when it must refuse one", async () => {
    const [from, to] = await filled();
    const id = { db: "two", namespace: "two" };
    await (await to.backend.namespace(id)).commit([put("mine")]);
    await expect(copyAll(from.backend, to.backend)).rejects.toMatchObject({
      code: "NADB_CONFLICT",
    });
    expect(await to.names()).toEqual(["two/two"]);
  });
});
