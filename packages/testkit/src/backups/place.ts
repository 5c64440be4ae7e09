// One namespace of an engine, with a manager of its backups: a store, its oracle, and what it can go on from.
import { BackupManager, type BackupTarget } from "@nadb/backup";
import type { Checkpoint, Head, NamespaceId } from "@nadb/core";
import type { Content } from "../assertions.js";
import type { Bench } from "../bench.js";
import { checkNamespace } from "../check.js";
import { World } from "../sequences/world.js";
import { Lineage } from "./lineage.js";
import { Moments } from "./moments.js";

/** What stood in a namespace at one moment. */
export interface Instant {
  readonly head: Head;
  readonly readable: readonly Content[];
}

/** Closes and opens a backend under all its places. */
export class Engine {
  readonly places: Place[] = [];

  constructor(readonly bench: Bench) {}

  async reopen(): Promise<void> {
    for (const place of this.places) await place.close();
    if (this.bench.outlivesClose) await this.bench.reopen();
    for (const place of this.places) await place.open();
  }
}

export class Place extends World {
  readonly moments = new Moments();
  readonly lineage = new Lineage();
  /** The cut of a namespace that was never written to; a run from there is a run from the beginning. */
  beginning: Checkpoint = "";
  readonly #engine: Engine;
  readonly #target: BackupTarget;
  #manager: BackupManager | undefined;

  constructor(engine: Engine, id: NamespaceId, target: BackupTarget) {
    super(engine.bench, undefined, id);
    this.#engine = engine;
    this.#target = target;
    engine.places.push(this);
  }

  get backups(): BackupManager {
    if (this.#manager === undefined) throw new TypeError("the place is not open");
    return this.#manager;
  }

  override async open(): Promise<void> {
    await super.open();
    const store = this.moments.of(this.store.storage);
    const { now } = this.bench.clock;
    this.#manager = await BackupManager.open({ store, target: this.#target, clock: now });
    this.beginning ||= (await store.head()).checkpoint;
  }

  override async reopen(): Promise<void> {
    await this.#engine.reopen();
  }

  async instant(): Promise<Instant> {
    return { head: await this.store.storage.head(), readable: this.oracle.readable(this.now) };
  }

  /** Everything that can be read is what the oracle says, and all the namespace says twice agrees. */
  async assertHolds(): Promise<void> {
    await this.oracle.assertHolds(this.store.storage, this.now);
    await checkNamespace(this.store.storage, this.now);
  }
}
