// What a sequence of backups works on: three namespaces on two engines, one repository for all of them, one clock, and
// what has been taken. INVARIANT: between two steps each store holds what its oracle does, and the repository what was taken.
import assert from "node:assert/strict";
import type { BackupTarget } from "@nadb/backup";
import { type Bench, MAIN } from "../bench.js";
import { Engine, Place } from "./place.js";
import type { Taken } from "./taken.js";

/** `from` and `into` have one name on two engines, `beside` stands on the engine of `from`. */
export const PLACES = ["from", "beside", "into"] as const;
export type PlaceName = (typeof PLACES)[number];

export class Site {
  readonly taken: Taken[] = [];
  readonly #places: Readonly<Record<PlaceName, Place>>;
  /** Where every backup is restored in the end; nothing else writes there. */
  readonly proof: Place;

  constructor(from: Bench, into: Bench, target: BackupTarget) {
    const [first, second] = [new Engine(from), new Engine(into)];
    this.#places = {
      from: new Place(first, MAIN, target),
      beside: new Place(first, { ...MAIN, namespace: "beside" }, target),
      into: new Place(second, MAIN, target),
    };
    this.proof = new Place(second, { db: "elsewhere", namespace: "proof" }, target);
  }

  place(name: PlaceName): Place {
    return this.#places[name];
  }

  get places(): readonly Place[] {
    return [...PLACES.map((name) => this.place(name)), this.proof];
  }

  /** Counted from the newest, as far as there are so many. */
  picked(pick: number): Taken | undefined {
    return this.taken.at(-1 - (pick % Math.max(1, this.taken.length)));
  }

  /** Ids of deleted backups come again. */
  newId(): string {
    const ids = new Set(this.taken.map(({ backupId }) => backupId));
    for (let i = 1; ; i++) if (!ids.has(`b${i}`)) return `b${i}`;
  }

  childrenOf(parent: Taken): Taken[] {
    return this.taken.filter((one) => one.parent === parent);
  }

  /** The repository lists what was taken and is not deleted, in the order in which it was taken. */
  async assertListed(): Promise<void> {
    const listed = await this.place("from").backups.listBackups();
    assert.deepEqual(
      listed.map(({ backupId, stateDigest }) => [backupId, stateDigest]),
      this.taken.map(({ backupId, digest }) => [backupId, digest]),
      "the backups there are",
    );
  }

  async open(): Promise<void> {
    for (const place of this.places) await place.open();
  }

  async close(): Promise<void> {
    for (const place of this.places) await place.close();
  }
}
