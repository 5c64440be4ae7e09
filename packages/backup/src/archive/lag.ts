// How far an archive is behind its store: told by who archives, and from what both hold while nobody does.
import type { Head, StorageNamespace } from "@nadb/core";
import type { Repository } from "../repository.js";
import { readTimeline } from "./segments.js";
import type { Position } from "./write-segment.js";

/** How far the archive is behind the store. */
export interface Lag {
  readonly versions: number;
  /** Since when there may be changes that are not archived; 0 when there are none. */
  readonly seconds: number;
}

/** Undefined when nothing was ever archived of the namespace as it is now. */
export async function archiveLag(
  repository: Repository,
  storage: StorageNamespace,
): Promise<Lag | undefined> {
  const head = await storage.head();
  const timeline = await readTimeline(repository, storage.id);
  const newest = timeline.points.findLast((point) => point.generation === head.generation);
  if (newest === undefined) return undefined;
  const versions = Math.max(0, head.version - newest.version);
  if (versions === 0) return { versions: 0, seconds: 0 };
  const seconds = Math.max(0, repository.host.clock() - newest.effectiveTime) / 1000;
  return { versions, seconds };
}

/** @param position as far as is archived. */
export function lagBehind(head: Head, position: Position | undefined, now: number): Lag {
  if (position?.checkpoint === head.checkpoint) return { versions: 0, seconds: 0 };
  const isSame = position?.generation === head.generation;
  const versions = isSame ? head.version - position.version : head.version;
  const seconds = position === undefined ? 0 : Math.max(0, now - position.seenAt) / 1000;
  return { versions, seconds };
}
