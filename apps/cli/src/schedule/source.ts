// Store and repository of a scheduled run: opened when a run begins, shared by those that run at the same time, closed when
// the last of them ends. INVARIANT: each run finds what is there when it begins; of what the archive holds open others get
// nothing once it has gone from its place.
import { BackupManager, type OpenedManager } from "@nadb/backup";
import type { StorageBackend } from "@nadb/core";
import { type OpenedTarget, openTarget } from "../open-target.js";
import { checkRepository, watchStores, withHint } from "../places.js";
import { backendOf, type Session } from "../session.js";

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
  const isThere = await watchStores(session.flags);
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
      await checkRepository(target);
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
