// Copying from one store to another: one namespace or all of them, once or for ever.
import type { NamespaceId, StorageBackend, StorageNamespace } from "../backend.js";
import { invalidArgument } from "../errors.js";
import { Copier } from "./copier.js";
import { type CopyEvent, type Crew, type FollowOptions, follow } from "./follow.js";
import type { Copied, CopyNamespaceOptions, CopyOptions, CopyPlan } from "./options.js";
import { COPIES_NAMESPACE, copyProgress, nameOf } from "./progress.js";

export type FollowCopyOptions = CopyNamespaceOptions & FollowOptions;
export type FollowCopyAllOptions = CopyAllOptions & FollowOptions;

export interface CopyAllOptions extends CopyOptions {
  /** Only the namespaces of this database. */
  readonly db?: string;
}

/**
 * Makes the target a copy of the source as it is now: the first time the whole content, visible in one step; later
 * what has changed, deletes included, in one step, too. Times, tags, expiry and seals stay as they are. Interrupted at any
 * instant and called again, it ends at the same content. Throws NADB_CONFLICT where somebody else's content would be
 * lost, NADB_CHECKPOINT_EXPIRED when only a full copy could go on (see `overwrite` and `force`), NADB_LOCKED while somebody
 * else copies into the target, NADB_CORRUPTION when the digests differ afterwards.
 */
export async function copyNamespace(
  from: StorageNamespace,
  to: StorageNamespace,
  options: CopyNamespaceOptions,
): Promise<Copied> {
  const copier = new Copier(from, to, options);
  try {
    await copier.plan(); // what is refused writes nothing
    const copied = await copier.step();
    if (copied.expired > 0) await copier.isSynced();
    return copied;
  } finally {
    await copier.end();
  }
}

/** What `copyNamespace` would do. Writes nothing; throws what it would throw before it writes. */
export const planCopy = async (
  from: StorageNamespace,
  to: StorageNamespace,
  options: CopyNamespaceOptions,
): Promise<CopyPlan> => new Copier(from, to, options).plan();

/** As `copyNamespace`, again and again. Ends when the signal is aborted, without an error, or the consumer stops. */
export async function* followCopy(
  from: StorageNamespace,
  to: StorageNamespace,
  options: FollowCopyOptions,
): AsyncGenerator<CopyEvent, void, undefined> {
  const copier = new Copier(from, to, options);
  const crew = { members: async () => [copier], end: () => copier.end() };
  yield* follow(crew, options);
}

/**
 * As `copyNamespace` for each namespace of the source, under the same names, one after the other: each is one cut. What is
 * refused of one is refused of all, before anything is written.
 */
export async function copyAll(
  from: StorageBackend,
  to: StorageBackend,
  options: CopyAllOptions = {},
): Promise<Copied[]> {
  await planCopyAll(from, to, options);
  const done: Copied[] = [];
  for await (const id of namespacesToCopy(from, options.db))
    done.push(await copyNamespace(...(await pairOf(from, to, id, options))));
  return done;
}

/** What `copyAll` would do. */
export async function planCopyAll(
  from: StorageBackend,
  to: StorageBackend,
  options: CopyAllOptions = {},
): Promise<CopyPlan[]> {
  if (from === to) throw invalidArgument("source and target of a copy are the same store");
  const plans: CopyPlan[] = [];
  for await (const id of namespacesToCopy(from, options.db))
    plans.push(await planCopy(...(await pairOf(from, to, id, options))));
  return plans;
}

/** As `followCopy` for each namespace of the source; new ones are copied when they come, what is dropped stays. */
export async function* followCopyAll(
  from: StorageBackend,
  to: StorageBackend,
  options: FollowCopyAllOptions = {},
): AsyncGenerator<CopyEvent, void, undefined> {
  await planCopyAll(from, to, options);
  yield* follow(new WholeStore(from, to, options), options);
}

class WholeStore implements Crew {
  readonly #copiers = new Map<string, Copier>();

  constructor(
    readonly from: StorageBackend,
    readonly to: StorageBackend,
    readonly options: CopyAllOptions,
  ) {}

  async members(): Promise<readonly Copier[]> {
    const present: Copier[] = [];
    for await (const id of namespacesToCopy(this.from, this.options.db))
      present.push(await this.#member(id));
    return present;
  }

  async end(): Promise<void> {
    for (const copier of this.#copiers.values()) await copier.end();
  }

  async #member(id: NamespaceId): Promise<Copier> {
    const known = this.#copiers.get(nameOf(id));
    if (known !== undefined) return known;
    const copier = new Copier(...(await pairOf(this.from, this.to, id, this.options)));
    this.#copiers.set(nameOf(id), copier);
    return copier;
  }
}

async function* namespacesToCopy(
  from: StorageBackend,
  db: string | undefined,
): AsyncGenerator<NamespaceId> {
  for await (const id of from.namespaces()) {
    if (id.namespace !== COPIES_NAMESPACE && (db === undefined || id.db === db)) yield id;
  }
}

async function pairOf(
  from: StorageBackend,
  to: StorageBackend,
  id: NamespaceId,
  options: CopyOptions,
): Promise<[StorageNamespace, StorageNamespace, CopyNamespaceOptions]> {
  const progress = await copyProgress(to, id);
  return [await from.namespace(id), await to.namespace(id), { ...options, progress }];
}
