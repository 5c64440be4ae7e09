// Drawn histories against a Map: whatever is buffered, committed, flushed or fails to be, reads answer as if every
// write had happened in the order of the calls. fast-check prints the seed and the shortest history that fails.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BufferedNamespace,
  compareUtf8,
  everyPage,
  type Mutation,
  type TagQuery,
} from "../../src/index.js";
import { Below, diskFull, put, read, remove } from "./below.js";

const RUNS = Number(process.env.NADB_MODEL_RUNS || 150);
const KEYS = ["a", "ab", "b", "é", "\uffff", "\u{1f600}", "\u{1f600}b"];
const TAGS = ["r", "s", "t"];

/** Puts say how long they live, so that a history can be drawn before its clock. */
interface DrawnPut {
  readonly key: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly livesMs?: number;
}
type Drawn = DrawnPut | { readonly key: string };

type Step =
  | { readonly does: "buffer" | "commit"; readonly mutations: readonly Drawn[] }
  | { readonly does: "flush" | "fail" | "heal" | "sweep" | "head" }
  | { readonly does: "wait"; readonly ms: number };

const key = fc.constantFrom(...KEYS);
const drawnPut: fc.Arbitrary<DrawnPut> = fc.record(
  {
    key,
    text: fc.string({ maxLength: 60 }),
    tags: fc.subarray(TAGS),
    livesMs: fc.integer({ min: 0, max: 20 }),
  },
  { requiredKeys: ["key", "text", "tags"] },
);
const mutations = fc.array(fc.oneof({ weight: 2, arbitrary: drawnPut }, fc.record({ key })), {
  minLength: 1,
  maxLength: 5,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("buffer" as const), mutations }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("commit" as const), mutations }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom(...(["flush", "flush", "fail", "heal", "sweep", "head"] as const)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 9 }),
    }),
  },
);
const query: fc.Arbitrary<TagQuery> = fc
  .record({
    all: fc.option(fc.subarray(TAGS, { maxLength: 2 })),
    any: fc.option(fc.subarray(TAGS)),
    none: fc.option(fc.subarray(TAGS, { maxLength: 2 })),
  })
  .map((drawn) => Object.fromEntries(Object.entries(drawn).filter(([, tags]) => tags !== null)));

interface Content {
  readonly text: string;
  readonly tags: readonly string[];
  readonly expiresAt?: number;
}

class Model {
  readonly #records = new Map<string, Content>();

  apply(mutation: Mutation): boolean {
    if (mutation.type === "delete") return this.#records.delete(mutation.key);
    const { key: name, value, tags = [], expiresAt } = mutation;
    const content = { text: new TextDecoder().decode(value), tags };
    this.#records.set(name, expiresAt === undefined ? content : { ...content, expiresAt });
    return true;
  }

  /** Forgets what has expired. */
  moveTo(now: number): void {
    for (const [name, { expiresAt }] of this.#records) {
      if (expiresAt !== undefined && expiresAt <= now) this.#records.delete(name);
    }
  }

  content(): [string, Content][] {
    return [...this.#records].sort(([a], [b]) => compareUtf8(a, b));
  }

  matching({ all = [], any, none = [] }: TagQuery): string[] {
    const fits = ([, { tags }]: [string, Content]): boolean =>
      all.every((tag) => tags.includes(tag)) &&
      (any === undefined || any.some((tag) => tags.includes(tag))) &&
      !none.some((tag) => tags.includes(tag));
    return this.content()
      .filter(fits)
      .map(([name]) => name);
  }

  counts(): [string, number][] {
    const used = TAGS.map((tag): [string, number] => [tag, this.matching({ all: [tag] }).length]);
    return used.filter(([, count]) => count > 0);
  }
}

/** One history: the namespace below, the buffer over it, and what must be read. */
class History {
  readonly model = new Model();
  readonly buffered: BufferedNamespace;

  constructor(readonly below: Below) {
    this.buffered = below.buffered({ maxBytes: 2_000 });
  }

  async take(one: Step): Promise<void> {
    if (one.does === "buffer") await this.#buffer(this.#mutations(one.mutations));
    else if (one.does === "commit") await this.#commit(this.#mutations(one.mutations));
    else if (one.does === "flush") await this.#mayFail(() => this.buffered.flush());
    else if (one.does === "head") await this.#mayFail(() => this.buffered.head());
    else if (one.does === "sweep") await this.buffered.sweep(this.below.clock.now(), 2);
    else if (one.does === "wait") this.below.clock.advance(one.ms);
    else this.below.failure = one.does === "fail" ? diskFull() : undefined;
    this.model.moveTo(this.below.clock.now());
  }

  /** Without awaiting it: the model is what the order of the calls makes of it. REQUIRES: nothing fails. */
  begin(one: Step): Promise<unknown> {
    if (one.does === "buffer" || one.does === "commit") {
      const given = this.#mutations(one.mutations);
      const answers = given.map((mutation) => this.model.apply(mutation));
      if (one.does === "commit") return this.buffered.commit(given);
      return this.buffered.buffer(given).then((said) => expect(said).toEqual(answers));
    }
    if (one.does === "sweep") return this.buffered.sweep(this.below.clock.now(), 2);
    return one.does === "head" ? this.buffered.head() : this.buffered.flush();
  }

  async assertReads(asked: TagQuery, limit: number): Promise<void> {
    const expected = this.model.content();
    const records = await this.buffered.getMany(KEYS);
    const found = records.flatMap((record) => (record === undefined ? [] : [record]));
    const texts = found.map((record) => [record.key, new TextDecoder().decode(record.value)]);
    expect(texts).toEqual(expected.map(([name, { text }]) => [name, text]));
    expect(found.map((record) => record.tags)).toEqual(expected.map(([, { tags }]) => tags));
    expect(await this.#pages((from) => this.buffered.keys({ ...from, limit }))).toEqual(
      expected.map(([name]) => name),
    );
    const matching = this.model.matching(asked);
    const list = (from: { cursor?: string }) => this.buffered.query({ ...asked, ...from, limit });
    expect(await this.#pages(list)).toEqual(matching);
    expect((await this.buffered.query({ ...asked, total: true })).total).toBe(matching.length);
    const counts = [...(await this.buffered.tags())];
    expect(counts.sort(([a], [b]) => compareUtf8(a, b))).toEqual(this.model.counts());
  }

  /** Refused, a call leaves nothing behind. */
  async #buffer(given: readonly Mutation[]): Promise<void> {
    await this.#mayFail(async () => {
      const answers = await this.buffered.buffer(given);
      expect(answers).toEqual(given.map((mutation) => this.model.apply(mutation)));
    });
  }

  async #commit(given: readonly Mutation[]): Promise<void> {
    await this.#mayFail(async () => {
      await this.buffered.commit(given);
      for (const mutation of given) this.model.apply(mutation);
    });
  }

  async #mayFail(call: () => Promise<unknown>): Promise<void> {
    const { failure } = this.below;
    await call().catch((error: unknown) => {
      if (failure === undefined || error !== failure) throw error;
    });
  }

  #mutations(drawn: readonly Drawn[]): Mutation[] {
    return drawn.map((one) => {
      if (!("text" in one)) return remove(one.key);
      const { livesMs, text, tags } = one;
      const expiresAt = this.below.clock.now() + (livesMs ?? 0) + 1;
      return put(one.key, text, livesMs === undefined ? { tags } : { tags, expiresAt });
    });
  }

  async #pages(
    list: (from: { cursor?: string }) => Promise<{ items: readonly string[]; cursor?: string }>,
  ): Promise<string[]> {
    const items: string[] = [];
    for await (const item of everyPage(list)) items.push(item);
    return items;
  }
}

describe("any history of a buffered namespace", () => {
  it("reads as a Map does, after every step", async () => {
    const steps = fc.array(fc.tuple(step, query, fc.integer({ min: 1, max: 4 })), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (drawn) => {
        const history = new History(await Below.open());
        for (const [one, asked, limit] of drawn) {
          await history.take(one);
          await history.assertReads(asked, limit);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("ends as a Map does when nothing is awaited and every call takes its time", async () => {
    const turns = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 9 });
    const writes = fc.array(step, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(writes, turns, async (drawn, delays) => {
        const below = await Below.open();
        const history = new History(below);
        let calls = 0;
        below.delay = () => delays[calls++ % delays.length] as number;
        await Promise.all(drawn.map((one) => history.begin(one)));
        await history.buffered.flush();
        below.delay = () => 0;
        await history.assertReads({}, 3);
      }),
      { numRuns: RUNS },
    );
  });

  it("loses nothing that was acknowledged and keeps nothing that was refused, when commits fail", async () => {
    const verbs = fc.array(fc.constantFrom("buffer", "buffer", "buffer", "commit", "flush"), {
      maxLength: 60,
    });
    const faults = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });
    const turns = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(verbs, faults, turns, async (drawn, fails, delays) => {
        const below = await Below.open();
        const buffered = below.buffered({ maxBytes: 1_500 });
        let [calls, commits] = [0, 0];
        below.delay = () => delays[calls++ % delays.length] as number;
        below.failing = () => (fails[commits++ % fails.length] ? diskFull() : undefined);
        const names = drawn.map((verb, i) => (verb === "flush" ? undefined : `own${100 + i}`));
        const outcomes = await Promise.allSettled(
          drawn.map((verb, i) => {
            const own = names[i] ?? "";
            const writes = [put(own, "1"), put("shared", own)];
            return verb === "flush" ? buffered.flush() : buffered[verb as "buffer"](writes);
          }),
        );
        below.failing = () => undefined;
        await buffered.flush();
        const kept = names.filter((name, i) => name && outcomes[i]?.status === "fulfilled");
        expect((await below.real.keys({ prefix: "own" })).items).toEqual(kept);
        expect(await read(below.real, "shared")).toBe(kept.at(-1));
      }),
      { numRuns: RUNS },
    );
  });
});
