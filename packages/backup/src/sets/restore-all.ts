// Restoring a set: every chain is checked, every namespace is staged, then they are made visible one after another. Until
// the first is, whatever fails leaves every target as it was. They do NOT become visible in one instant: each does.
import {
  invalidArgument,
  isNadbError,
  NadbError,
  type NamespaceId,
  type StorageNamespace,
} from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import type { Reading } from "../reading.js";
import type { Repository } from "../repository.js";
import { type Restoration, StagedRestore } from "../restore.js";
import { planFrom, type RestorePlan } from "../restore-plan.js";
import { checkMode, type RestoreOptions, type RestoreSource, sourceIn } from "../restore-source.js";
import { checkOutside } from "../target.js";
import { naming } from "./backup-all.js";
import { getSet, type NamespaceSource, nameOf } from "./set.js";

export interface RestoreAllOptions extends RestoreOptions {
  readonly backend: Pick<NamespaceSource, "namespace">;
  readonly repository: Repository;
  readonly label: string;
  /** Where a namespace goes. Default: where it came from. */
  readonly into?: (source: NamespaceId) => NamespaceId;
}

/** What happened, or would, to the namespace `db`/`namespace`. */
export type OfNamespace<T> = T & NamespaceId;

interface Placed {
  readonly info: BackupInfo;
  readonly target: NamespaceId;
}

interface Member {
  readonly reading: Reading;
  readonly target: NamespaceId;
}

/**
 * Throws NADB_NOT_FOUND, NADB_CORRUPTION or NADB_NEWER_FORMAT for a set that is not whole or not sound, before anything is
 * visible. From the first namespace on `signal` is no longer heard; a target that fails then is named, together with those
 * that are restored by then and those that are as they were.
 */
export async function restoreAllNamespaces(
  all: RestoreAllOptions,
): Promise<readonly OfNamespace<Restoration>[]> {
  await using held = await HeldSet.of(all);
  return await restoreMembers(all, held.members);
}

/** What `restoreAllNamespaces` with these options would do, found by reading alone. */
export async function planRestoreAllNamespaces(
  all: RestoreAllOptions,
): Promise<readonly OfNamespace<RestorePlan>[]> {
  await using held = await HeldSet.of(all);
  return await planMembers(all, held.members);
}

/** The backups of a set and where they go, held until they are released. */
export class HeldSet implements AsyncDisposable {
  private constructor(readonly members: readonly Member[]) {}

  static async of(all: PlaceOptions): Promise<HeldSet> {
    const { repository } = all;
    const members: Member[] = [];
    const held = new HeldSet(members);
    try {
      for (const { info, target } of await placedMembers(all))
        members.push({ target, reading: await repository.reading(info.backupId) });
      return held;
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { reading } of this.members) await reading.release();
  }
}

const sourceOf = ({ reading }: Member, all: RestoreAllOptions): RestoreSource =>
  sourceIn(all.repository, reading, reading.tip, all);

export async function planMembers(
  all: RestoreAllOptions,
  members: readonly Member[],
): Promise<readonly OfNamespace<RestorePlan>[]> {
  const plans: OfNamespace<RestorePlan>[] = [];
  for (const member of members) {
    const storage = await all.backend.namespace(member.target);
    const plan = await planFrom(sourceOf(member, all), storage, all);
    plans.push({ ...idOf(member.target), ...plan });
  }
  return plans;
}

export async function restoreMembers(
  all: RestoreAllOptions,
  members: readonly Member[],
): Promise<readonly OfNamespace<Restoration>[]> {
  const { backend, repository, verifyIntegrity = true } = all;
  if (verifyIntegrity) for (const member of members) await sourceOf(member, all).prove(all);
  const loads = new Loads(repository.host.clock);
  try {
    for (const member of members) {
      const storage = await backend.namespace(member.target);
      await checkOutside(repository.target, storage);
      await naming(member.target, () => loads.stage(sourceOf(member, all), storage, all));
    }
    await loads.keepAll();
    all.signal?.throwIfAborted();
  } catch (error) {
    await loads.abandon();
    throw error;
  }
  return showAll(members, loads.staged);
}

type PlaceOptions = Omit<RestoreAllOptions, "backend">;

/** The backups of the set and where they go. */
async function placedMembers(all: PlaceOptions): Promise<readonly Placed[]> {
  checkMode(all);
  const { repository, label, into = (source) => source } = all;
  const members = (await getSet(repository, label)).map((info) => ({
    info,
    target: into({ db: info.sourceDb, namespace: info.sourceNamespace }),
  }));
  checkApart(members);
  return members;
}

/** Two namespaces laid into one would be neither. */
function checkApart(members: readonly Placed[]): void {
  const sources = new Map<string, BackupInfo>();
  for (const { info, target } of members) {
    const name = nameOf(target);
    const other = sources.get(name);
    sources.set(name, info);
    if (other === undefined) continue;
    throw invalidArgument(
      `${other.backupId} and ${info.backupId} would both be restored into ${name}`,
      "restore them one by one, or send them to different namespaces",
    );
  }
}

/** A load that nobody feeds for an hour counts as abandoned; those that wait for others are fed nothing, in time. */
const KEEP_AFTER_MS = 10 * 60_000;

class Loads {
  readonly staged: StagedRestore[] = [];
  #keptAt: number;

  constructor(readonly clock: () => number) {
    this.#keptAt = clock();
  }

  async stage(
    source: RestoreSource,
    storage: StorageNamespace,
    options: RestoreOptions,
  ): Promise<void> {
    this.staged.push(await StagedRestore.of(source, storage, options, () => this.#keepInTime()));
    await this.#keepInTime();
  }

  /** Fails while nothing is visible yet, where one is gone. */
  async keepAll(): Promise<void> {
    this.#keptAt = this.clock();
    for (const load of this.staged) await load.keep();
  }

  async abandon(): Promise<void> {
    for (const load of this.staged) await load.abandon();
  }

  async #keepInTime(): Promise<void> {
    if (this.clock() - this.#keptAt >= KEEP_AFTER_MS) await this.keepAll();
  }
}

async function showAll(
  members: readonly Member[],
  staged: readonly StagedRestore[],
): Promise<readonly OfNamespace<Restoration>[]> {
  const shown: OfNamespace<Restoration>[] = [];
  try {
    for (const [i, { target }] of members.entries()) {
      const restoration = await naming(target, () => (staged[i] as StagedRestore).show({}));
      shown.push({ ...idOf(target), ...restoration });
    }
    return shown;
  } catch (error) {
    for (const load of staged.slice(shown.length)) await load.abandon();
    if (shown.length === 0) throw error;
    throw halfWay(error, members, shown.length);
  }
}

function halfWay(cause: unknown, members: readonly Member[], shown: number): unknown {
  if (!isNadbError(cause)) return cause;
  const names = members.map(({ target }) => nameOf(target));
  const restored = names.slice(0, shown).join(", ");
  const others = names.slice(shown).join(", ");
  return new NadbError(
    cause.code,
    `${cause.message}; restored by then: ${restored}; as before: ${others}`,
    { hint: "restore the set once more, or the others one by one", cause },
  );
}

const idOf = ({ db, namespace }: NamespaceId): NamespaceId => ({ db, namespace });
