// Drawn lives of a store and its backups, against a Map: sets, deletes, expiry, tags, transactions, fulls, incrementals,
// restores of every kind, deleted backups. fast-check prints the seed and the shortest life that fails;
// NADB_MODEL_RUNS asks for more of them.
import { isNadbError } from "@nadb/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { RestoreOptions } from "../src/index.js";
import { failureOf } from "./support/fails.js";
import { type Content, contentOf, Oracle } from "./support/oracle.js";
import { openManager, openSite, openStore, type Site } from "./support/store.js";

const RUNS = Number(process.env.NADB_MODEL_RUNS ?? 200);
const KEYS = ["a", "ab", "b", "ba", "é", "\uffff", "\u{1f600}"];
const TAGS = ["r", "s", "t"];

const key = fc.constantFrom(...KEYS);
/** Lives come as a length, so that they can be drawn before the clock. */
const set = fc.record(
  {
    does: fc.constant("set" as const),
    key,
    text: fc.string({ maxLength: 30 }),
    tags: fc.subarray(TAGS),
    livesMs: fc.integer({ min: 1, max: 60 }),
  },
  { requiredKeys: ["does", "key", "text", "tags"] },
);
const remove = fc.record({ does: fc.constant("delete" as const), key });
const write = fc.oneof({ weight: 2, arbitrary: set }, remove);
/** Which of the backups there are by then, counted from the newest. */
const pick = fc.nat({ max: 5 });

const restore = fc.record({
  does: fc.constant("restore" as const),
  pick,
  options: fc.oneof(
    fc.record({
      clearExisting: fc.constant(true),
      ttl: fc.constantFrom("keep", "extend", "strip"),
    }),
    fc.record({ onConflict: fc.constantFrom("overwrite", "keep-existing", "keep-newer") }),
    fc.record({ prefixes: fc.subarray(["a", "b", "é"]), keys: fc.subarray(["ba", "\uffff"]) }),
    fc.record({ tags: fc.subarray(TAGS), clearExisting: fc.boolean() }),
  ) as fc.Arbitrary<RestoreOptions>,
});

const step = fc.oneof(
  { weight: 8, arbitrary: set },
  { weight: 4, arbitrary: remove },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant("transaction" as const),
      writes: fc.array(write, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom("sweep", "trim", "clear") }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("full" as const) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("incremental" as const), pick }) },
  { weight: 2, arbitrary: restore },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("drop" as const), pick }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

/** What the oracle knows of a backup. */
interface Taken {
  readonly backupId: string;
  readonly parentId: string | undefined;
  readonly at: number;
  readonly content: ReadonlyMap<string, Content>;
  /** Of the content; a store can tell what has changed only within one, and only from behind its last trim. */
  readonly era: number;
}

class Life {
  readonly oracle = new Oracle();
  readonly backups: Taken[] = [];
  #era = 0;
  #made = 0;

  constructor(readonly site: Site) {}

  get now(): number {
    return this.site.clock.time;
  }

  async take(step: Step): Promise<void> {
    const { store, clock } = this.site;
    if (step.does === "set" || step.does === "delete") await this.#write([step]);
    else if (step.does === "transaction") await this.#transaction(step.writes);
    else if (step.does === "wait") clock.time += step.ms;
    else if (step.does === "sweep") await store.cleanupExpired();
    else if (step.does === "trim") await this.#trim();
    else if (step.does === "clear") await this.#clear();
    else if (step.does === "full") await this.#full();
    else if (step.does === "incremental") await this.#incremental(this.#picked(step.pick));
    else if (step.does === "restore") await this.#restore(this.#picked(step.pick), step.options);
    else if (step.does === "drop") await this.#drop(this.#picked(step.pick));
  }

  /** The store reads as the oracle says. */
  async assertHolds(): Promise<void> {
    expect(await contentOf(this.site.store)).toEqual(this.oracle.readable(this.now));
  }

  /** Every backup that is left verifies, and restores to what it was taken of. */
  async assertBackupsHold(): Promise<void> {
    const { backups, target, clock } = this.site;
    const ids = (await backups.listBackups()).map((info) => info.backupId);
    expect(ids.sort()).toEqual(this.backups.map((one) => one.backupId).sort());
    for (const { backupId, content } of this.backups) {
      expect(await backups.verifyBackup(backupId)).toMatchObject({ ok: true, findings: [] });
      const other = await openStore(clock.now);
      const manager = await openManager(other, target, clock);
      await manager.restoreBackup(backupId, { clearExisting: true });
      expect(await contentOf(other)).toEqual(new Oracle(content).readable(this.now));
    }
  }

  #picked(pick: number): Taken | undefined {
    return this.backups.at(-1 - (pick % Math.max(1, this.backups.length)));
  }

  async #write(writes: readonly Write[]): Promise<void> {
    const { store } = this.site;
    for (const one of writes) {
      if (one.does === "set") await store.set(one.key, one.text, this.#recordOptions(one));
      else await store.delete(one.key);
      this.#apply(one);
    }
  }

  async #transaction(writes: readonly Write[]): Promise<void> {
    await this.site.store.transaction(async (tx) => {
      for (const one of writes) {
        if (one.does === "set") tx.set(one.key, one.text, this.#recordOptions(one));
        else await tx.delete(one.key);
      }
    });
    this.oracle.together(() => {
      for (const one of writes) this.#apply(one);
    });
  }

  #apply(one: Write): void {
    if (one.does === "delete") this.oracle.delete(one.key);
    else this.oracle.set(one.key, one.text, this.#recordOptions(one), this.now);
  }

  #recordOptions({ tags, livesMs }: Extract<Write, { does: "set" }>) {
    return livesMs === undefined ? { tags } : { tags, expiresAt: this.now + livesMs };
  }

  async #trim(): Promise<void> {
    const { storage } = this.site.store;
    await storage.trim((await storage.head()).checkpoint);
    this.#era++;
  }

  async #clear(): Promise<void> {
    await this.site.store.clear();
    this.oracle.clear();
    this.#era++;
  }

  async #full(): Promise<void> {
    const { backupId } = await this.site.backups.createBackup({ backupId: this.#newId() });
    this.#remember(backupId, undefined);
  }

  async #incremental(parent: Taken | undefined): Promise<void> {
    if (parent === undefined) return;
    const options = { backupId: this.#newId(), compression: this.#made % 2 === 0 };
    try {
      await this.site.backups.createIncrementalBackup(parent.backupId, options);
    } catch (error) {
      if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
      expect(parent.era).toBeLessThan(this.#era);
      return;
    }
    this.#remember(options.backupId, parent);
    const chain = await this.site.backups.getChain(options.backupId);
    expect(chain.at(-2)?.backupId).toBe(parent.backupId);
  }

  async #restore(backup: Taken | undefined, options: RestoreOptions): Promise<void> {
    if (backup === undefined) return;
    const { backups, store } = this.site;
    const plan = await backups.planRestore(backup.backupId, options);
    const done = await backups.restoreBackup(backup.backupId, options);
    const expected = this.oracle.restore(backup.content, backup.at, options, this.now);
    expect(done).toMatchObject(expected);
    expect(plan.add + plan.change + plan.same + plan.skip).toBe(done.recordCount + done.skipped);
    expect(done.head).toEqual(await store.storage.head());
    if (options.clearExisting) this.#era++; // laid over the content it stays the same generation
  }

  async #drop(backup: Taken | undefined): Promise<void> {
    if (backup === undefined) return;
    const { backups } = this.site;
    if (this.backups.some((one) => one.parentId === backup.backupId)) {
      const error = await failureOf(() => backups.deleteBackup(backup.backupId));
      expect(error).toMatchObject({ code: "NADB_CONFLICT" });
      return;
    }
    await backups.deleteBackup(backup.backupId);
    this.backups.splice(this.backups.indexOf(backup), 1);
  }

  #remember(backupId: string, parent: Taken | undefined): void {
    const content = this.oracle.readable(this.now);
    const parentId = parent?.backupId;
    this.backups.push({ backupId, parentId, at: this.now, content, era: this.#era });
  }

  #newId(): string {
    return `b${++this.#made}`;
  }
}

it(`any life of a store and its backups goes as the oracle says (${RUNS} lives)`, async () => {
  const lives = fc.array(step, { minLength: 1, maxLength: 80, size: "max" });
  const property = fc.asyncProperty(lives, async (steps) => {
    const life = new Life(await openSite());

    for (const one of steps) {
      await life.take(one);
      await life.assertHolds();
    }
    await life.assertBackupsHold();
  });
  await fc.assert(property, { numRuns: RUNS });
}, 600_000);
