// Two memory stores with a clock each, and the copies between them. A copier that dies is one whose calls all throw from its
// n-th on, be it before or after that one has happened.
import { expect } from "vitest";
import {
  type Copied,
  type CopyNamespaceOptions,
  changeKey,
  copyNamespace,
  copyProgress,
  decodeRecord,
  type EncodedChange,
  type Head,
  isTombstone,
  type Mutation,
  memoryBackend,
  type Put,
  type StagedLoad,
  type StorageBackend,
  type StorageNamespace,
} from "../../src/index.js";
import { Clock } from "../clock.js";

export const ID = { db: "default", namespace: "default" };

export const put = (key: string, value = key, more: Partial<Put> = {}): Put => ({
  type: "put",
  key,
  value: new TextEncoder().encode(value),
  ...more,
});

export const remove = (key: string): Mutation => ({ type: "delete", key });

/** The same namespace, or load, with some members changed. */
export const override = <T extends object>(inner: T, changed: Partial<T>): T =>
  new Proxy(inner, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(Object.hasOwn(changed, name) ? changed : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

/** Calls `between` before each page. */
export const interrupted = (
  inner: StorageNamespace,
  between: () => Promise<unknown>,
): StorageNamespace =>
  override(inner, {
    changes: async function* (since, options) {
      for await (const page of inner.changes(since, options)) {
        if (options?.pageBytes !== 1) await between(); // not where it only looks whether there is a run
        yield page;
      }
    },
  });

/** Calls `between` right before a merge is committed. */
export const delayed = (
  inner: StorageNamespace,
  between: () => Promise<unknown>,
): StorageNamespace =>
  override(inner, {
    merge: async () => {
      const load = await inner.merge();
      return {
        put: (changes) => load.put(changes),
        abort: () => load.abort(),
        commit: async (options) => {
          await between();
          return load.commit(options);
        },
      };
    },
  });

/** As a partitioned target whose partitions of these keys were empty: its feed does not tell of tombstones there. */
export const untold = (inner: StorageNamespace, keys: RegExp): StorageNamespace =>
  override(inner, {
    changes: async function* (since, options) {
      const isTold = (change: EncodedChange) =>
        !isTombstone(change) || !keys.test(changeKey(change));
      for await (const page of inner.changes(since, options))
        yield { ...page, changes: page.changes.filter(isTold) };
    },
  });

/** A target of which each load loses this key. */
export const forgetting = (inner: StorageNamespace, lost: string): StorageNamespace => {
  const forget = (load: StagedLoad): StagedLoad => ({
    put: (changes) => load.put(changes.filter((change) => changeKey(change) !== lost)),
    abort: () => load.abort(),
    commit: (options) => load.commit(options),
  });
  return override(inner, {
    replace: async () => forget(await inner.replace()),
    merge: async () => forget(await inner.merge()),
  });
};

/** A source that does not bring this key in runs since a checkpoint. */
export const losing = (inner: StorageNamespace, key: string): StorageNamespace =>
  override(inner, {
    changes: async function* (since, options) {
      const isKept = (change: EncodedChange) => since === null || changeKey(change) !== key;
      for await (const page of inner.changes(since, options))
        yield { ...page, changes: page.changes.filter(isKept) };
    },
  });

export type Options = Partial<CopyNamespaceOptions>;

/** One side. */
export class Side {
  readonly clock = new Clock();
  readonly backend: StorageBackend = memoryBackend({
    clock: this.clock.now,
    tombstoneRetentionSeconds: 1_000_000_000,
  });

  async namespace(id = ID): Promise<StorageNamespace> {
    await this.backend.open();
    return this.backend.namespace(id);
  }

  async write(...mutations: Mutation[]): Promise<void> {
    await (await this.namespace()).commit(mutations);
  }

  async sweep(): Promise<number> {
    return (await this.namespace()).sweep(this.clock.now(), 1_000);
  }

  async head(): Promise<Head> {
    return (await this.namespace()).head();
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { db, namespace } of this.backend.namespaces())
      names.push(`${db}/${namespace}`);
    return names;
  }

  /** All that is held, as it is encoded but for the versions, by key. */
  async content(until = 0): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for await (const { changes } of (await this.namespace()).changes(null)) {
      for (const change of changes) {
        const record = decodeRecord(change);
        if ((record.expiresAt ?? Number.POSITIVE_INFINITY) <= until) continue;
        found.set(record.key, JSON.stringify({ ...record, version: 0, value: [...record.value] }));
      }
    }
    return found;
  }
}

export class World {
  readonly from = new Side();
  readonly to = new Side();
  /** Of the copier. */
  readonly clock = new Clock();

  advance(ms: number): void {
    for (const clock of [this.clock, this.from.clock, this.to.clock]) clock.advance(ms);
  }

  async options(more: Options = {}): Promise<CopyNamespaceOptions> {
    await this.to.backend.open();
    const progress = await copyProgress(this.to.backend, ID);
    return { progress, clock: this.clock.now, source: "one", ...more };
  }

  /** Either side may be given as something that stands for it. */
  async copy(
    more: Options = {},
    sides: { readonly from?: StorageNamespace; readonly to?: StorageNamespace } = {},
  ): Promise<Copied> {
    const { from = await this.from.namespace(), to = await this.to.namespace() } = sides;
    return copyNamespace(from, to, await this.options(more));
  }

  /** Copies with a copier that dies at its n-th call of either side; answers whether it came so far. */
  async copyDying(at: number, when: "before" | "after", more: Options = {}): Promise<boolean> {
    const fate = new Fate(at, when);
    const options = await this.options({
      holder: { ...HEIR, owner: "dying" },
      ...more,
    });
    const progress = fate.mortal(options.progress);
    const from = fate.mortal(await this.from.namespace());
    const to = fate.mortal(await this.to.namespace());
    await copyNamespace(from, to, { ...options, progress }).catch((error) => {
      if (!fate.isDead) throw error;
    });
    return fate.isDead;
  }

  /** Fails unless the target holds exactly what the source does. */
  async expectSame(): Promise<void> {
    expect(await this.to.content()).toEqual(await this.from.content());
    const [from, to] = [await this.from.head(), await this.to.head()];
    expect([to.count, to.bytes, to.digest]).toEqual([from.count, from.bytes, from.digest]);
  }

  /** The same, leaving out what has expired by the later clock. */
  async expectSameUnexpired(): Promise<void> {
    const until = Math.max(this.from.clock.now(), this.to.clock.now());
    expect(await this.to.content(until)).toEqual(await this.from.content(until));
  }
}

/** Knows that whoever is called "dying" is dead. */
export const HEIR = { owner: "heir", isGone: (owner: string) => owner === "dying" };

class Fate {
  #calls = 0;

  constructor(
    readonly at: number,
    readonly when: "before" | "after",
  ) {}

  get isDead(): boolean {
    return this.#calls >= this.at;
  }

  mortal(namespace: StorageNamespace): StorageNamespace {
    const mortalChanges = (...args: Parameters<StorageNamespace["changes"]>) =>
      this.#pages(namespace.changes(...args));
    return this.#proxy(namespace, {
      changes: mortalChanges,
      replace: () => this.#call(async () => this.#load(await namespace.replace())),
      merge: () => this.#call(async () => this.#load(await namespace.merge())),
    });
  }

  #load(load: StagedLoad): StagedLoad {
    return this.#proxy(load, {});
  }

  async *#pages<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const page of pages) yield await this.#call(async () => page);
  }

  #proxy<T extends object>(inner: T, changed: Partial<T>): T {
    return new Proxy(inner, {
      get: (target, name): unknown => {
        if (Object.hasOwn(changed, name)) return Reflect.get(changed, name);
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => this.#call(() => value.apply(target, args));
      },
    });
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    const isLast = ++this.#calls === this.at;
    if (this.#calls > this.at || (isLast && this.when === "before")) throw new Error("dead");
    const result = await work();
    if (isLast) throw new Error("dead");
    return result;
  }
}
