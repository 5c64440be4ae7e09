// The points that a namespace can be restored to, as its archive has declared what a gap is.
import type { NamespaceId } from "@nadb/core";
import type { Repository } from "../repository.js";
import { declarationOr, promisedMs } from "./declaration.js";
import { type Points, summarize } from "./points.js";
import { referenceTime } from "./policy.js";
import { readTimeline } from "./segments.js";

export async function listPoints(repository: Repository, id: NamespaceId): Promise<Points> {
  const { declared } = await declarationOr(repository.target, id);
  const timeline = await readTimeline(repository, id);
  const now = referenceTime(timeline, repository.host.clock());
  return summarize(timeline, ({ effectiveTime }) =>
    declared === undefined ? Number.POSITIVE_INFINITY : promisedMs(declared, now - effectiveTime),
  );
}
