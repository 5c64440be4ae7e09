// Time passes between the steps of a copy, and either side may sweep what has expired: that is nobody's change, and hides none.
import { describe, expect, it } from "vitest";
import {
  delayed,
  forgetting,
  interrupted,
  losing,
  override,
  put,
  remove,
  untold,
  World,
} from "./world.js";

const TTL = 100;

/** "soon" and "sooner" have expired, by the clocks of target and copier; the source's is behind: its commits sweep nothing. */
async function expired(): Promise<World> {
  const world = new World();
  const now = world.from.clock.now();
  await world.from.write(
    put("stays"),
    put("sooner", "1", { expiresAt: now + 1 }),
    put("soon", "1", { expiresAt: now + TTL, tags: ["t"] }),
    put("later", "1", { expiresAt: now + 1_000 * TTL }),
  );
  await world.copy();
  for (const clock of [world.to.clock, world.clock]) clock.advance(TTL);
  return world;
}

/** Now it has expired by the source's clock, too. */
function sweepSource(world: World): Promise<number> {
  world.from.clock.advance(TTL);
  return world.from.sweep();
}

describe("expiry between two steps", () => {
  it("changes nothing until somebody sweeps", async () => {
    const world = await expired();
    expect(await world.copy()).toMatchObject({ step: "nothing", expired: 0 });
    await world.expectSame();
  });

  it("swept at the source travels as deletes", async () => {
    const world = await expired();
    await sweepSource(world);
    expect(await world.copy()).toMatchObject({ step: "changes", deleted: 2, expired: 0 });
    await world.expectSame();
  });

  it("swept at the target is all right, and is told", async () => {
    const world = await expired();
    await world.to.sweep();
    expect(await world.copy()).toMatchObject({ step: "nothing", inSync: true, expired: 2 });
    await world.expectSameUnexpired();
    await world.from.write(put("new"));
    expect(await world.copy()).toMatchObject({ step: "changes", copied: 1, expired: 2 });
    await world.expectSameUnexpired();
    await sweepSource(world);
    expect(await world.copy()).toMatchObject({ deleted: 2, expired: 0 });
    await world.expectSame();
  });

  it("swept at both is all right", async () => {
    const world = await expired();
    await world.to.sweep();
    await sweepSource(world);
    expect(await world.copy()).toMatchObject({ deleted: 2, expired: 0 });
    await world.expectSame();
  });

  it("swept at the target and written again at the source brings the new record", async () => {
    const world = await expired();
    await world.to.sweep();
    await world.from.write(put("soon", "2"), put("sooner", "2", { expiresAt: 1e15 }));
    expect(await world.copy()).toMatchObject({ copied: 2, expired: 0 });
    await world.expectSame();
  });

  it("swept at the target while a step is staged is all right", async () => {
    const world = await expired();
    await world.from.write(put("new"), remove("stays"));
    const from = interrupted(await world.from.namespace(), () => world.to.sweep());
    expect(await world.copy({}, { from })).toMatchObject({ copied: 1, deleted: 1, expired: 2 });
    await world.expectSameUnexpired();
  });

  it("swept at the target right before the load is committed is all right", async () => {
    const world = await expired();
    await world.from.write(put("new"), remove("stays"));
    const to = delayed(await world.to.namespace(), () => world.to.sweep());
    expect(await world.copy({}, { to })).toMatchObject({ copied: 1, deleted: 1, expired: 2 });
    await world.expectSameUnexpired();
  });

  describe("swept right before the commit of deletes that the target's feed does not tell of", () => {
    async function prepared() {
      const world = await expired();
      for (const key of ["never1", "never2", "never3"]) {
        await world.from.write(put(key));
        await world.from.write(remove(key));
      }
      const sweeping = delayed(await world.to.namespace(), () => world.to.sweep());
      return { world, to: untold(sweeping, /never/) };
    }

    it("is all right once both are read", async () => {
      const { world, to } = await prepared();
      expect(await world.copy({}, { to })).toMatchObject({ deleted: 3, expired: 2 });
      await world.expectSameUnexpired();
      await sweepSource(world);
      expect(await world.copy()).toMatchObject({ deleted: 2, expired: 0 });
      await world.expectSame();
    });

    it("is taken again where the source goes on meanwhile", async () => {
      const { world, to } = await prepared();
      const inner = await world.from.namespace();
      const from = override(inner, {
        changes: async function* (since, options) {
          if (since === null) await world.from.write(put("late"));
          yield* inner.changes(since, options);
        },
      });
      await expect(world.copy({}, { from, to })).rejects.toMatchObject({ code: "NADB_IO" });
      expect(await world.copy()).toMatchObject({ step: "changes", expired: 2 });
      await world.expectSameUnexpired();
    });

    it("hides nothing that is lost", async () => {
      const { world, to } = await prepared();
      await world.from.write(put("new"));
      const lossy = { to: forgetting(to, "new") };
      await expect(world.copy({}, lossy)).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
    });
  });

  it("hides nothing that is lost in a step that brings deletes", async () => {
    const world = await expired();
    await world.from.write(put("new"), remove("stays"), remove("later"));
    const to = forgetting(await world.to.namespace(), "new");
    await expect(world.copy({}, { to })).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
  });

  it.each([
    ["ahead", 50_000],
    ["behind", -50_000],
  ])("by a target's clock that is %s is all right", async (_, skew) => {
    const world = new World();
    world.to.clock.advance(skew);
    const expiresAt = world.from.clock.now() + 10_000;
    await world.from.write(put("a", "1", { expiresAt }), put("b"), put("c", "1", { expiresAt }));
    await world.copy();
    await world.to.sweep();
    await world.from.write(put("d"), put("c", "2", { expiresAt: expiresAt + 1_000_000 }));
    expect(await world.copy()).toMatchObject({ inSync: true, expired: skew > 0 ? 1 : 0 });
    world.advance(100_000);
    await world.from.sweep();
    await world.to.sweep();
    expect(await world.copy()).toMatchObject({ inSync: true, expired: 0 });
    await world.expectSame();
  });

  it("does not hide a delete of what had not expired", async () => {
    const world = await expired();
    await world.to.write(remove("later"));
    await expect(world.copy()).rejects.toMatchObject({
      code: "NADB_CONFLICT",
      message: expect.stringContaining('"later"'),
    });
  });

  it("does not hide a write over what has expired", async () => {
    const world = await expired();
    await world.to.write(put("soon", "mine"));
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
  });

  it("does not hide what is lost at the target: both are read", async () => {
    const world = await expired();
    await world.to.sweep();
    await world.copy();
    await (await world.from.namespace()).sweep(world.clock.now(), 1); // one less is missing than may be
    await world.from.write(put("new"));
    const from = losing(await world.from.namespace(), "new");
    await expect(world.copy({}, { from })).rejects.toMatchObject({ code: "NADB_CORRUPTION" });
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
  });

  it("of a target that has forgotten its sweeps is refused: nobody knows what it was", async () => {
    const world = await expired();
    await world.to.sweep();
    const to = await world.to.namespace();
    await to.trim((await to.head()).checkpoint);
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_CONFLICT" });
    await world.copy({ force: true });
    await world.expectSame();
  });
});
