// Reading from the archive while compaction and pruning go on. INVARIANT: the timeline is listed after the lease says that
// somebody reads; what is removed from then on was replaced before, and the listing has what replaced it.
import { isNadbError, type NamespaceId } from "@nadb/core";
import type { ReaderLease } from "../readers.js";
import type { Repository } from "../repository.js";
import { archiveFolder } from "./names.js";
import { readTimeline } from "./segments.js";
import type { Timeline } from "./timeline.js";

/** How often something may be taken away by somebody who had looked for readers just before. */
const TRIES = 3;

/** Reads from the timeline, again when part of it was taken away meanwhile. `use` has changed nothing when it throws. */
export async function withTimeline<T>(
  repository: Repository,
  id: NamespaceId,
  use: (timeline: Timeline, renew: () => Promise<void>) => Promise<T>,
): Promise<T> {
  await using archive = await HeldArchive.of(repository, id);
  const renew = async (): Promise<void> => archive.lease?.renew();
  return await archive.use((timeline) => use(timeline, renew));
}

/** The archive of a namespace, held until it is released. */
export class HeldArchive implements AsyncDisposable {
  private constructor(
    readonly repository: Repository,
    readonly id: NamespaceId,
    readonly lease: ReaderLease | undefined,
    private timeline: Timeline,
  ) {}

  static async of(repository: Repository, id: NamespaceId): Promise<HeldArchive> {
    const lease = await repository.hold([archiveFolder(id)]);
    try {
      return new HeldArchive(repository, id, lease, await readTimeline(repository, id));
    } catch (error) {
      await lease?.release();
      throw error;
    }
  }

  /** As `withTimeline`. What was taken away stays away: another use begins with what is left. */
  async use<T>(work: (timeline: Timeline) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      try {
        return await work(this.timeline);
      } catch (error) {
        if (tried === TRIES || !isMissing(error)) throw error;
        const left = await readTimeline(this.repository, this.id);
        if (isWithin(this.timeline, left)) throw error;
        this.timeline = left;
      }
      await this.lease?.renew();
    }
  }

  async release(): Promise<void> {
    await this.lease?.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

const isMissing = (error: unknown): boolean =>
  isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION");

function isWithin(before: Timeline, after: Timeline): boolean {
  const names = namesIn(after);
  return [...namesIn(before)].every((name) => names.has(name));
}

const namesIn = ({ generations }: Timeline): Set<string> =>
  new Set(
    generations.flatMap(({ generation, bases, segments, lost }) => [
      ...bases.map(({ backupId }) => backupId),
      ...[...segments, ...lost].map(({ name }) => `${generation}/${name}`),
    ]),
  );
