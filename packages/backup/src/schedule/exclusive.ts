// One at a time: the lease under which the jobs that write in a repository work, whichever process runs them. Backups are
// safe without it; it keeps two schedules from doing the same work twice, and a prune from meeting a backup half-way.
import { isNadbError, NadbError } from "@nadb/core";
import { Lease } from "../lease.js";
import { RENEW_AFTER_MS } from "../lease-file.js";
import { SCHEDULE_FOLDER } from "../paths.js";
import type { Repository } from "../repository.js";
import type { Timer } from "../timer.js";

export const TRY_AGAIN_MS = 5_000;
/** Longer than the lease of a holder that died. */
export const PATIENCE_MS = 90_000;

/** Waits for whoever holds the lease, a while. Throws NADB_LOCKED, also in the work's signal when the lease is lost. */
export async function exclusively<T>(
  repository: Repository,
  timer: Timer,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await repository.checkWritable();
  const lease = await acquire(repository, timer, signal);
  const over = new AbortController();
  const lost = new AbortController();
  const renewal = keep(lease, timer, over.signal, lost);
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    over.abort();
    await renewal;
    await lease.release().catch(() => undefined); // it ends by itself
  }
}

async function acquire(
  { target, host }: Repository,
  timer: Timer,
  signal: AbortSignal,
): Promise<Lease> {
  for (let waited = 0; ; waited += TRY_AGAIN_MS) {
    signal.throwIfAborted();
    try {
      return await Lease.acquire(target, SCHEDULE_FOLDER, host);
    } catch (error) {
      if (!isNadbError(error, "NADB_LOCKED")) throw error;
      if (waited >= PATIENCE_MS) throw locked(target.name, error);
    }
    await timer.wait(TRY_AGAIN_MS, signal);
  }
}

/** A renewal that fails for another reason is tried again; the lease lives for longer than one. */
async function keep(
  lease: Lease,
  timer: Timer,
  over: AbortSignal,
  lost: AbortController,
): Promise<void> {
  while (!over.aborted) {
    await timer.wait(RENEW_AFTER_MS, over);
    if (over.aborted) return;
    try {
      await lease.renew();
    } catch (error) {
      if (isNadbError(error, "NADB_LOCKED")) return lost.abort(locked(lease.target.name, error));
    }
  }
}

const locked = (name: string, cause: NadbError): NadbError =>
  new NadbError("NADB_LOCKED", `${name}: scheduled work of somebody else is going on there`, {
    hint: "wait for it; a dead worker's lease ends within a minute",
    cause,
  });
