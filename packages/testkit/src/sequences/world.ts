// What a sequence works on: one store on a bench, the oracle beside it, and a copy that follows the store's changes.
// INVARIANT: between two steps store and oracle hold the same.
import assert from "node:assert/strict";
import type { KeyValueStore, KeyValueSync, Mutation, NamespaceId } from "@nadb/core";
import type { Content } from "../assertions.js";
import { type Bench, MAIN } from "../bench.js";
import { Model } from "../model.js";
import { byUtf8, measure, measured } from "../runs.js";
import { manualSync, openStore } from "../stores.js";
import { assertSame, type Times } from "./compare.js";
import { KEYS } from "./draws.js";
import { Follower } from "./follower.js";

export class World {
  readonly oracle = new Model();
  readonly sync: KeyValueSync | undefined;
  readonly #follower = new Follower();
  #store: KeyValueStore | undefined;
  /** By what versions are counted for, see `committed`. */
  readonly #lastVersions = new Map<string, number>();

  /** The store buffers up to `bufferKib`; without, every write is committed at once. */
  constructor(
    readonly bench: Bench,
    readonly bufferKib?: number,
    readonly id: NamespaceId = MAIN,
  ) {
    if (bufferKib !== undefined) this.sync = manualSync(bench);
  }

  get store(): KeyValueStore {
    assert.ok(this.#store !== undefined, "the store is closed");
    return this.#store;
  }

  get now(): number {
    return this.bench.clock.now();
  }

  get isBuffered(): boolean {
    return this.sync !== undefined;
  }

  /** Whether one commit may name any keys. */
  get isTransactional(): boolean {
    return this.bench.capabilities.transactions;
  }

  get #times(): Times {
    return { exact: !this.isBuffered, now: this.now };
  }

  async open(): Promise<void> {
    const { sync, bufferKib = 1 } = this;
    const buffering = sync && { sync, bufferSizeMb: bufferKib / 1024 };
    this.#store = await openStore(this.bench, { ...this.id, ...buffering });
  }

  async close(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  /** Closes and opens the store, and the backend where that finds again what it held. */
  async reopen(): Promise<void> {
    await this.close();
    if (this.bench.outlivesClose) await this.bench.reopen();
    await this.open();
  }

  /** What can be read of the key. */
  get(key: string): Content | undefined {
    return this.oracle.get(key, this.now);
  }

  /** One commit, or what is buffered in one call. */
  apply(mutations: readonly Mutation[]): void {
    this.oracle.apply(mutations, this.now);
  }

  /** Cut into what one commit may name: all of it, or one each. */
  commitsOf<T>(all: readonly T[]): readonly (readonly T[])[] {
    return this.isTransactional ? [all] : all.map((one) => [one]);
  }

  /** What a write has answered: a version above all before it, or none while it is buffered. */
  wrote(key: string, version: number | undefined): void {
    if (this.isBuffered) assert.equal(version, undefined, "the version of a buffered write");
    else this.committed(key, version);
  }

  /** Without transactions versions may be counted for each key. */
  committed(key: string, version: number | undefined): void {
    const counted = this.isTransactional ? "all" : key;
    const last = this.#lastVersions.get(counted) ?? 0;
    assert.ok(version !== undefined && version > last, `version ${version} is not new`);
    this.#lastVersions.set(counted, version);
  }

  /** Reads every key there can be. */
  async check(): Promise<void> {
    const times = this.#times;
    const records = await this.store.storage.getMany(KEYS);
    KEYS.forEach((key, i) => {
      assertSame(key, records[i], this.get(key), times);
    });
  }

  /** Brings the copy up to date and compares it. */
  async follow(): Promise<void> {
    await this.#follower.catchUp(this.store);
    const copied = new Map(this.#follower.readable(this.now).map((one) => [one.key, one]));
    const expected = this.oracle.readable(this.now);
    assert.deepEqual(
      [...copied.keys()].sort(byUtf8),
      expected.map(({ key }) => key),
      "the copy",
    );
    for (const one of expected) assertSame(one.key, copied.get(one.key), one, this.#times);
  }

  /** Once nothing is buffered and nothing expired is left, the head is that of what the oracle holds. */
  async checkHead(): Promise<void> {
    await this.store.flush();
    await this.store.cleanupExpired();
    const head = measured(await this.store.storage.head());
    const records = this.oracle.readable(this.now).map((content) => ({ ...content, version: 1 }));
    assert.deepEqual(head, measure(records), "the head");
  }
}
