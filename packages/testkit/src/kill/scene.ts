// One test of the kill suite: a storage, the programs that write to it, and who judges what is left of their writes.
import { KeyValueStore } from "@nadb/core";
import { checkNamespace } from "../check.js";
import { TestEnvironment } from "../environment.js";
import { type Judge, readAll } from "./judge.js";
import type { KillPlace, KillServer, KillStorage } from "./place.js";
import { judgesOf, WORKLOADS, type Workload } from "./workloads.js";
import { ROUND, Writer } from "./writer.js";

export class Scene {
  readonly #judges: readonly Judge[];

  private constructor(
    readonly place: KillPlace,
    readonly storage: KillStorage,
    readonly workload: string,
    readonly writers: readonly string[],
    readonly environment: TestEnvironment,
  ) {
    const known = WORKLOADS[workload] as Workload;
    this.#judges = judgesOf(known, writers, place.scopeOf);
  }

  /** What was begun is ended when `body` is over. */
  static async use(
    place: KillPlace,
    workload: string,
    writers: readonly string[],
    body: (scene: Scene) => Promise<void>,
  ): Promise<void> {
    const environment = new TestEnvironment(Date.now);
    try {
      const storage = await place.storage(environment);
      const scene = new Scene(place, storage, workload, writers, environment);
      await scene.#withStore(0, async () => {}); // makes it
      await body(scene);
    } finally {
      await environment.cleanUp();
    }
  }

  get server(): KillServer {
    if (this.storage.server !== undefined) return this.storage.server;
    throw new TypeError("the storage names no server that could be killed");
  }

  /** The program of a writer, not begun. */
  newWriter(index = 0): Writer {
    const args = [this.storage.name, this.workload, this.writers[index] as string];
    const writer = new Writer(this.place.program, args, this.#judges[index] as Judge);
    this.environment.defer(() => writer.end());
    return writer;
  }

  /** Opens the store, and fails unless it is at one with itself and with all judges. */
  async examine(round: number): Promise<void> {
    await this.storage.settled?.();
    const now = (round + 1) * ROUND - 1;
    await this.#withStore(now, async (store) => {
      await checkNamespace(store.storage, now);
      const found = await readAll(store, now);
      for (const judge of new Set(this.#judges)) judge.check(found, now);
      await store.cleanupExpired();
      const { count } = await store.stats();
      if (count !== found.size) throw new Error(`${found.size} records, but a count of ${count}`);
      await checkNamespace(store.storage, now);
    });
  }

  async #withStore(now: number, body: (store: KeyValueStore) => Promise<void>): Promise<void> {
    const clock = (): number => now;
    const backend = await this.place.open(this.storage.name, clock);
    const store = await KeyValueStore.open({ backend, clock });
    try {
      await body(store);
    } finally {
      await store.close();
    }
  }
}
