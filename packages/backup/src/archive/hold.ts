// Reading from the archive while compaction and pruning go on. INVARIANT: the timeline is listed after the lease says that
// somebody reads; what is removed from then on was replaced before, and the listing has what replaced it.
import { isNadbError, type NamespaceId } from "@nadb/core";
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
  use: (timeline: Timeline) => Promise<T>,
): Promise<T> {
  const lease = await repository.hold([archiveFolder(id)]);
  try {
    for (let tried = 1; ; tried++) {
      const timeline = await readTimeline(repository, id);
      try {
        return await use(timeline);
      } catch (error) {
        if (tried === TRIES || !isMissing(error)) throw error;
        if (isWithin(timeline, await readTimeline(repository, id))) throw error;
      }
      await lease?.renew();
    }
  } finally {
    await lease?.release();
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
