// Staged loads and time: one that nobody feeds for an hour counts as abandoned. And versions, whatever happens
// to the namespace under a load.
import { describe, expect, it } from "vitest";
import { changeKey, changeVersion, encodeRecord, type StorageNamespace } from "../../src/index.js";
import { rejects } from "../refuses.js";
import { ID, Kept, puts, settle } from "./kept.js";

const HOUR = 3_600_000;
const STAGINGS = 0x04;
const SPACES = 0x10;

const record = (key: string): Uint8Array => {
  const times = { createdAt: 1, updatedAt: 2 };
  return encodeRecord({ key, value: new Uint8Array(3), tags: [], ...times, version: 1 });
};

describe("a staged load", () => {
  it("untouched for more than an hour is cleared away by the next load", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    await namespace.commit(puts(1));
    const before = kept.keys(SPACES);
    const abandoned = await namespace.replace();
    await abandoned.put([record("a"), record("b")]);
    kept.clock.advance(HOUR + 1);
    await (await namespace.merge()).abort();
    await settle();
    expect(kept.keys(SPACES)).toEqual(before);
    expect(kept.keys(STAGINGS)).toEqual([]);
  });

  it("that comes back after that is refused, and the content stays", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    await namespace.commit(puts(1));
    const load = await namespace.replace();
    kept.clock.advance(HOUR + 1);
    await namespace.replace();
    const head = await namespace.head();
    await rejects("NADB_CONFLICT", load.put([record("a")]), "untouched for over an hour");
    await rejects("NADB_CONFLICT", load.commit(), "untouched for over an hour");
    await load.abort();
    expect(await namespace.head()).toEqual(head);
  });

  it("touched within the hour goes on, for as long as it takes", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    const load = await namespace.replace();
    for (let i = 0; i < 5; i++) {
      kept.clock.advance(HOUR);
      await (await namespace.replace()).abort();
      await load.put([record(`k${i}`)]);
    }
    expect((await load.commit()).count).toBe(5);
  });

  it("of another process that died is cleared away just so", async () => {
    const kept = new Kept();
    const dead = await kept.namespace();
    await (await dead.replace()).put([record("a")]);
    kept.clock.advance(HOUR + 1);
    const alive = await kept.namespace();
    await (await alive.replace()).abort();
    await settle();
    expect(kept.keys(SPACES)).toEqual([]);
  });
});

/** Every live record stands once in the feed, at its own version, and none above the head's. */
async function assertFeedTrue(namespace: StorageNamespace): Promise<void> {
  const whole: Uint8Array[] = [];
  for await (const { changes } of namespace.changes(null)) whole.push(...changes);
  const feed: Uint8Array[] = [];
  for await (const { changes } of namespace.changes("empty")) feed.push(...changes);
  const named = (changes: Uint8Array[]): string[] =>
    changes.map((change) => `${changeKey(change)} at ${changeVersion(change)}`).sort();
  expect(named(feed)).toEqual(named(whole));
  const { checkpoint } = await namespace.head();
  const last = Number(checkpoint.split("-")[1]);
  expect(Math.max(...whole.map(changeVersion))).toBeLessThanOrEqual(last);
}

describe("versions of a staged load", () => {
  it("hold though the namespace is dropped and made anew during the load: it conflicts", async () => {
    const kept = new Kept();
    const backend = await kept.backend();
    const namespace = await backend.namespace(ID);
    await namespace.commit(puts(20));
    const load = await namespace.replace();
    await load.put([record("loaded1"), record("loaded2")]);
    await backend.drop(ID);
    await namespace.commit(puts(1));
    await rejects("NADB_CONFLICT", load.commit(), "during the load");
    for (let i = 0; i < 30; i++) await namespace.commit(puts(1, `later${i}-`));
    await assertFeedTrue(namespace);
  });

  it("hold though the namespace comes and goes during the load: it conflicts", async () => {
    const kept = new Kept();
    const backend = await kept.backend();
    const namespace = await backend.namespace(ID);
    const load = await namespace.replace();
    await load.put(Array.from({ length: 9 }, (_, i) => record(`early${i}`)));
    await namespace.commit(puts(1));
    const late = Array.from({ length: 9 }, (_, i) => record(`late${i}`));
    await rejects("NADB_CONFLICT", load.put(late));
    await backend.drop(ID);
    await namespace.commit(puts(3));
    await assertFeedTrue(namespace);
  });
});
