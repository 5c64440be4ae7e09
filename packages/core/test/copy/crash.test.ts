// A copier may die at any call of either side, before or after that call has happened: the next one ends at the same content,
// whatever the target has swept meanwhile, and still tells what somebody else has changed.
import { describe, expect, it } from "vitest";
import { isNadbError } from "../../src/index.js";
import { HEIR, put, remove, World } from "./world.js";

const MOST_CALLS = 60;
const WHEN = ["before", "after"] as const;

/** What stands before the step that dies. */
const STEPS: Record<string, (world: World) => Promise<void>> = {
  "the first step": async ({ from }) => {
    await from.write(put("a"), put("b", "1", { tags: ["t"] }), put("gone"), put("empty", ""));
    await from.write(remove("gone"), put("soon", "1", { expiresAt: from.clock.now() + 10 }));
    await from.write(put("sooner", "1", { expiresAt: from.clock.now() + 9 }));
  },
  "a later step": async (world) => {
    const { from } = world;
    const expiresAt = from.clock.now() + 10;
    await from.write(put("a"), put("b"), put("c"), put("soon", "1", { expiresAt }));
    await from.write(put("renewed", "1", { expiresAt }), put("rewritten", "1", { expiresAt }));
    await world.copy();
    await from.write(put("a", "2"), remove("b"), put("d"), put("e", "1", { expiresAt }));
    await from.write(put("renewed", "2", { expiresAt: expiresAt + 10_000 }), put("rewritten", "2"));
  },
};

/** Runs the case for each call at which the step can die; answers how many there are. */
async function atEachCall(
  prepare: (world: World) => Promise<void>,
  check: (world: World) => Promise<void>,
): Promise<number> {
  for (let n = 1; n < MOST_CALLS; n++) {
    for (const when of WHEN) {
      const world = new World();
      await prepare(world);
      const died = await world.copyDying(n, when, { pageBytes: 1 });
      if (!died) return n;
      await check(world);
    }
  }
  throw new Error("the step never came to its end");
}

describe.each(Object.entries(STEPS))("a copier that dies in %s", (_, prepare) => {
  it("is followed by one that ends at the same content", async () => {
    const calls = await atEachCall(prepare, async (world) => {
      await world.copy({ holder: HEIR });
      await world.expectSame();
    });
    expect(calls).toBeGreaterThan(15);
  });

  it("is followed so when the target has swept meanwhile, and has nothing to ask", async () => {
    await atEachCall(prepare, async (world) => {
      world.advance(20);
      await world.to.sweep();
      await world.copy({ holder: HEIR });
      await world.expectSameUnexpired();
      await world.from.sweep();
      expect(await world.copy({ holder: HEIR })).toMatchObject({ inSync: true, expired: 0 });
      await world.expectSame();
    });
  });

  it("is followed so when the target has swept some, and the source has gone on", async () => {
    await atEachCall(prepare, async (world) => {
      await world.from.write(remove("d"), remove("a"));
      world.advance(20);
      await (await world.to.namespace()).sweep(world.to.clock.now(), 1);
      await world.copy({ holder: HEIR });
      await world.expectSameUnexpired();
    });
  });

  it("is followed so when the target has swept some, and nothing else has happened", async () => {
    await atEachCall(prepare, async (world) => {
      world.advance(20);
      await (await world.to.namespace()).sweep(world.to.clock.now(), 1);
      await world.copy({ holder: HEIR });
      await world.expectSameUnexpired();
    });
  });

  it("is followed by one that takes no whole content again that is there", async () => {
    await atEachCall(prepare, async (world) => {
      const { count, generation } = await world.to.head();
      await world.copy({ holder: HEIR });
      if (count > 0) expect((await world.to.head()).generation).toBe(generation);
    });
  });

  it("is followed so when the source has gone on meanwhile", async () => {
    await atEachCall(prepare, async (world) => {
      await world.from.write(put("a", "3"), remove("d"), put("f"));
      world.advance(20);
      await world.from.sweep();
      await world.copy({ holder: HEIR });
      await world.expectSame();
    });
  });

  it("hides no change of somebody else", async () => {
    await atEachCall(prepare, async (world) => {
      await world.to.write(put("foreign"));
      const error = await world.copy({ holder: HEIR }).catch((thrown: unknown) => thrown);
      expect(isNadbError(error, "NADB_CONFLICT")).toBe(true);
      expect((await world.to.content()).has("foreign")).toBe(true);
      await world.copy({ holder: HEIR, force: true, overwrite: true });
      await world.expectSame();
    });
  });

  it("locks the target for a minute, and no longer", async () => {
    const world = new World();
    await prepare(world);
    expect(await world.copyDying(12, "before")).toBe(true);
    await expect(world.copy()).rejects.toMatchObject({ code: "NADB_LOCKED" });
    world.clock.advance(60_001);
    await world.copy();
    await world.expectSame();
  });
});

describe("a copier that dies while it replaces what it was permitted to", () => {
  const prepare = async (world: World) => {
    await world.from.write(put("a"), put("b"));
    await world.to.write(put("mine"));
  };

  it("leaves it whole, or is followed by one that needs no permission again", async () => {
    const outcomes = new Set<string>();
    const permitted = { overwrite: true, pageBytes: 1 };
    for (let n = 1; n < MOST_CALLS; n++) {
      const world = new World();
      await prepare(world);
      if (!(await world.copyDying(n, "before", permitted))) break;
      const error = await world.copy({ holder: HEIR }).catch((thrown: unknown) => thrown);
      const isRefused = isNadbError(error, "NADB_CONFLICT");
      outcomes.add(isRefused ? "refused" : "done");
      if (isRefused) expect([...(await world.to.content()).keys()]).toEqual(["mine"]);
      else await world.expectSame();
    }
    expect([...outcomes]).toEqual(["refused", "done"]);
  });
});
