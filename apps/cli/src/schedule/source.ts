// Store and repository of a scheduled run: opened when a run begins, shared by those that run at the same time, closed when
// the last of them ends. INVARIANT: each run finds what is there when it begins; of what the archive holds open others get
// nothing once it has gone from its place.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { BackupManager, type OpenedManager, Repository } from "@nadb/backup";
import { isNadbError, NadbError, type StorageBackend } from "@nadb/core";
import { type OpenedTarget, openTarget } from "../open-target.js";
import { repositoryUrl } from "../repository-url.js";
import { backendOf, type Flags, folderOfStore, type Session } from "../session.js";

interface Opened {
  readonly backend: StorageBackend;
  readonly manager: BackupManager;
  /** Throws when they are not there any more. */
  readonly check: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export class ScheduleSource {
  #opened: Promise<Opened> | undefined;
  #users = 0;
  #closing: Promise<void> = Promise.resolve();

  constructor(readonly session: Session) {}

  readonly open = async (): Promise<OpenedManager> => {
    this.#users++;
    try {
      await this.#closing;
      this.#opened ??= openBoth(this.session);
      const { backend, manager, check } = await this.#opened;
      await check();
      return { backend, manager, check, [Symbol.asyncDispose]: () => this.#leave() };
    } catch (error) {
      await this.#leave();
      throw error;
    }
  };

  async #leave(): Promise<void> {
    this.#users--;
    const opened = this.#opened;
    if (this.#users > 0 || opened === undefined) return;
    this.#opened = undefined;
    this.#closing = opened.then(
      ({ close }) => close(),
      () => undefined,
    );
    await this.#closing;
  }
}

/** Neither is made: a schedule must not take an empty folder, where a disk is not mounted, for the place to begin anew. */
async function openBoth(session: Session): Promise<Opened> {
  const { db, namespace } = session.flags;
  const isThere = await bothWatches(session.flags);
  const backend = await backendOf(session, { create: false });
  await backend.open();
  let opened: OpenedTarget | undefined;
  try {
    const store = await backend.namespace({ db, namespace });
    opened = await openTarget(session.flags);
    const { target } = opened;
    const manager = await BackupManager.open({ store, target, create: false });
    const check = async (): Promise<void> => {
      await isThere();
      await Repository.open(target).catch((error) => Promise.reject(withHint(error)));
    };
    const { close } = opened;
    return { backend, manager, check, close: () => closeAll(backend.close(), close()) };
  } catch (error) {
    await closeAll(backend.close(), opened?.close());
    throw withHint(error);
  }
}

async function closeAll(...closings: readonly (Promise<void> | undefined)[]): Promise<void> {
  await Promise.all(closings);
}

/** Of the store, and of the store that the repository lies in. */
async function bothWatches(flags: Session["flags"]): Promise<() => Promise<void>> {
  const url = repositoryUrl(flags.repo);
  const ofStore = await storeWatch(flags);
  if (url === undefined) return ofStore;
  const { repoFolder } = flags;
  const place = { store: url.store, ...(repoFolder !== undefined && { storeFolder: repoFolder }) };
  const ofRepository = await storeWatch(place);
  return async () => {
    await ofStore();
    await ofRepository();
  };
}

/** Of a store in a folder; where others are, they tell themselves. */
async function storeWatch(
  flags: Pick<Flags, "store" | "storeFolder">,
): Promise<() => Promise<void>> {
  const folder = folderOfStore(flags);
  if (folder === undefined) return async () => undefined;
  const before = await identityOf(folder);
  return async () => {
    if ((await identityOf(folder)) === before) return;
    const message = `the store that was opened is not in ${folder} any more`;
    throw new NadbError("NADB_NOT_A_STORE", message, { hint: "is the disk mounted?" });
  };
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(join(folder, "data.mdb"), { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // opening tells why
  }
}

function withHint(error: unknown): unknown {
  if (!isNadbError(error, "NADB_NOT_A_REPOSITORY")) return error;
  const hint = "is its disk mounted? the first backup is taken with nadb backup create";
  return new NadbError(error.code, error.message, { hint, cause: error });
}
