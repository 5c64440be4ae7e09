// Store and repository of a scheduled run: opened when a run begins, shared by those that run at the same time, closed when
// the last of them ends. So each run finds what is there by then, and a schedule that waits holds nothing open.
import { BackupManager, directoryTarget, type OpenedManager } from "@nadb/backup";
import { isNadbError, NadbError, type StorageBackend } from "@nadb/core";
import { backendOf, type Session } from "../session.js";

interface Opened {
  readonly backend: StorageBackend;
  readonly manager: BackupManager;
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
      const { backend, manager } = await this.#opened;
      return { backend, manager, [Symbol.asyncDispose]: () => this.#leave() };
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
      ({ backend }) => backend.close(),
      () => undefined,
    );
    await this.#closing;
  }
}

/** Neither is made: a schedule must not take an empty folder, where a disk is not mounted, for the place to begin anew. */
async function openBoth(session: Session): Promise<Opened> {
  const { db, namespace, repo } = session.flags;
  const backend = await backendOf(session, { create: false });
  await backend.open();
  try {
    const store = await backend.namespace({ db, namespace });
    const target = directoryTarget(repo);
    return { backend, manager: await BackupManager.open({ store, target, create: false }) };
  } catch (error) {
    await backend.close();
    throw withHint(error);
  }
}

function withHint(error: unknown): unknown {
  if (!isNadbError(error, "NADB_NOT_A_REPOSITORY")) return error;
  const hint = "is the disk mounted? the first backup is taken with nadb backup create";
  return new NadbError(error.code, error.message, { hint, cause: error });
}
