// A namespace that is archived on a clock that only the test moves, and every cut that was ever made of it, kept with its
// whole state and with the time at which it was really taken.
import type { KeyValueStore, StorageNamespace } from "@nadb/core";
import { expect } from "vitest";
import { Follower, type FollowOptions } from "../../src/archive/follower.js";
import { stepAt } from "../../src/archive/policy.js";
import type { TimelinePoint } from "../../src/archive/timeline.js";
import {
  type ArchivePolicy,
  type BackupInfo,
  type BackupManager,
  memoryTarget,
} from "../../src/index.js";
import type { BackupTarget } from "../../src/target.js";
import { type Content, contentOf } from "./oracle.js";
import { SteppingTarget } from "./stepping-target.js";
import { Clock, openManager, openStore } from "./store.js";
import { whileRead } from "./while-read.js";

/** A cut, as it was when it was made. */
export interface Cut {
  readonly kind: "backup" | "segment";
  readonly name: string;
  readonly generation: string;
  readonly version: number;
  /** What the clock said when it was taken. */
  readonly label: number;
  readonly digest: string;
  readonly state: ReadonlyMap<string, Content>;
}

export class ArchivedSite {
  /** All there ever were, in the order in which they were made. */
  readonly cuts: Cut[] = [];
  manager!: BackupManager;
  follower: Follower | undefined;
  /** What others do while the change feed is read for a segment or a backup: before it, and between its pages. */
  meanwhile: () => Promise<void> = async () => undefined;
  readonly #storage: StorageNamespace;
  #isReading = false;
  /** What the clock said when the last feed had been read to its end. */
  #readAt = 0;
  #process = 0;
  #reference = 0;
  readonly #made: Omit<Cut, "digest" | "state">[] = [];
  readonly #dead = new Set<string>();

  private constructor(
    readonly store: KeyValueStore,
    readonly target: BackupTarget,
    readonly clock: Clock,
    readonly options: FollowOptions,
  ) {
    this.#storage = whileRead(store.storage, {
      meanwhile: async () => this.#isReading && this.meanwhile(),
      onEnd: () => {
        this.#readAt = clock.time;
      },
    });
  }

  static async open(
    options: Partial<FollowOptions> = {},
    target: BackupTarget = memoryTarget(),
  ): Promise<ArchivedSite> {
    const clock = new Clock();
    const store = await openStore(clock.now);
    const site = new ArchivedSite(store, target, clock, {
      everySeconds: 1,
      policy: null,
      ...options,
    });
    await site.newProcess();
    return site;
  }

  /** As if the one before had been killed, or had ended. */
  async newProcess(): Promise<void> {
    this.#dead.add(`process ${this.#process}`);
    this.#process++;
    this.follower = undefined;
    const target = new SteppingTarget(this.target, {
      onStep: () => undefined,
      owner: `process ${this.#process}`,
      isGone: (owner) => this.#dead.has(owner),
    });
    this.manager = await openManager(this.#storage, target, this.clock);
  }

  /** A look of the archiver, which begins when there is none. */
  async look(): Promise<void> {
    this.follower ??= await Follower.begin(this.manager.repository, this.#storage, {
      ...this.options,
      onSegment: ({ segment, info }) => this.#made.push(this.#cutOf("segment", segment.name, info)),
      onBackup: (info) => this.#made.push(this.#cutOf("backup", info.backupId, info)),
    });
    const { follower } = this;
    await this.#reading(() => follower.look());
    for (const cut of this.#made.splice(0)) await this.#keep(cut);
  }

  async backup(kind: "full" | "incremental"): Promise<void> {
    const parent = (await this.manager.listBackups()).at(-1);
    const info = await this.#reading(() =>
      kind === "full" || parent === undefined
        ? this.manager.createBackup()
        : this.manager.createIncrementalBackup(parent.backupId, { fallbackToFull: true }),
    );
    await this.#keep(this.#cutOf("backup", info.backupId, info));
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    this.#isReading = true;
    try {
      return await work();
    } finally {
      this.#isReading = false;
    }
  }

  async #keep(cut: Omit<Cut, "digest" | "state">): Promise<void> {
    const { digest, version } = await this.store.storage.head();
    expect(version).toBe(cut.version);
    this.cuts.push({ ...cut, digest, state: await contentOf(this.store) });
  }

  #cutOf(kind: Cut["kind"], name: string, info: BackupInfo): Omit<Cut, "digest" | "state"> {
    const { generation, toVersion: version } = info;
    return { kind, name, generation, version, label: this.#readAt };
  }

  /** A backup that the archive has made of a base and segments is of a cut of a segment. */
  cutAt({ kind, id, generation, version }: TimelinePoint): Cut {
    const same = this.cuts.filter(
      (cut) => cut.generation === generation && cut.version === version,
    );
    const named = same.find(({ name }) => name === id);
    const found = named ?? (kind === "segment" ? same.find((cut) => cut.kind === kind) : same[0]);
    if (found === undefined) throw new Error(`there never was a cut ${generation}/${version}`);
    return found;
  }

  /** The latest label up to each cut, in their order: generations one after the other, versions in each. */
  effectiveTimes(): Map<Cut, number> {
    const generations = [...new Set(this.cuts.map(({ generation }) => generation))];
    const rank = ({ generation }: Cut) => generations.indexOf(generation);
    const sorted = [...this.cuts].sort(
      (a, b) => rank(a) - rank(b) || a.version - b.version || a.label - b.label,
    );
    let latest = 0;
    const times = new Map<Cut, number>();
    for (const cut of sorted) {
      latest = Math.max(latest, cut.label);
      times.set(cut, latest);
    }
    return times;
  }

  /** Call it before each compaction and before backups are deleted: what was beyond the promise once is so for good, though the clock be set back. */
  age(now: number): void {
    const latest = [...this.effectiveTimes().values()].at(-1) ?? 0;
    this.#reference = Math.max(this.#reference, Math.min(now, latest));
  }

  /** For each full step that a policy promises, the newest cut of the archive not later than it. */
  promised(policy: ArchivePolicy): { readonly at: number; readonly cut: Cut }[] {
    const times = [...this.effectiveTimes()];
    const reference = this.#reference;
    const found: { at: number; cut: Cut }[] = [];
    for (const level of policy) {
      const step = level.everySeconds * 1000;
      for (
        let at = stepAt(reference - level.forSeconds * 1000, level);
        at <= reference;
        at += step
      ) {
        const newest = times.findLast(([cut, time]) => cut.kind === "segment" && time <= at);
        if (newest !== undefined) found.push({ at, cut: newest[0] });
      }
    }
    return found;
  }
}
