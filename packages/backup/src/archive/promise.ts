// What an archive promises from now on, settled whenever somebody begins to archive. INVARIANT: nobody takes back what is
// declared without saying so: a policy that promises less is refused, and where none is named the declared one goes on.

import type { NamespaceId } from "@nadb/core";
import { NadbError } from "@nadb/core";
import type { Repository } from "../repository.js";
import { type Declaration, declarationOr, declare } from "./declaration.js";
import { type ArchivePolicy, checkPace, type Level, promisedPoints } from "./policy.js";
import { readTimeline } from "./segments.js";
import type { TimelinePoint } from "./timeline.js";
import { levelInWords } from "./words.js";

/** What somebody who begins to archive asks for. */
export interface WantedPromise {
  readonly everySeconds: number;
  /** null: everything is kept. Default: what is declared; null where nothing is. */
  readonly policy?: ArchivePolicy | null;
  /** Let the policy promise less than what is declared; what it no longer promises goes. Default false. */
  readonly replacePolicy?: boolean;
}

/**
 * Declares it. Throws NADB_CONFLICT for a policy that promises less than the one there is, NADB_INVALID_ARGUMENT for one that
 * can not be held, NADB_NEWER_FORMAT where a newer NADB has declared something. REQUIRES: the lease of the archive.
 */
export async function settle(
  repository: Repository,
  id: NamespaceId,
  { everySeconds, policy: wanted, replacePolicy = false }: WantedPromise,
): Promise<Declaration> {
  const { target } = repository;
  const { declared: there, fault } = await declarationOr(target, id);
  if (fault?.code === "NADB_NEWER_FORMAT") throw fault;
  const declared = there?.policy ?? null;
  const policy = wanted === undefined ? declared : wanted;
  checkPace(policy, everySeconds);
  if (!replacePolicy && fault !== undefined) checkEverything(policy, fault);
  else if (!replacePolicy) await checkKept(repository, id, declared, policy);
  await declare(target, id, { everySeconds, policy });
  return { everySeconds, policy };
}

/** What can not be read may have promised anything. */
function checkEverything(policy: ArchivePolicy | null, fault: NadbError): void {
  if (policy === null) return;
  throw new NadbError(
    "NADB_CONFLICT",
    `the policy may promise less than the archive has declared: ${fault.message}`,
    {
      hint: "replacePolicy (--replace-policy) declares it all the same; without a policy everything is kept from now on",
      cause: fault,
    },
  );
}

/** Without a declaration, what is there: whoever names the first policy is told of points that it lets go. */
async function checkKept(
  repository: Repository,
  id: NamespaceId,
  declared: ArchivePolicy | null,
  policy: ArchivePolicy | null,
): Promise<void> {
  if (policy === null) return;
  const broken = brokenPromises(declared, policy);
  if (broken.length === 0) return;
  const going = await pointsGoing(repository, id, declared, policy);
  if (declared === null && going.length === 0) return;
  throw new NadbError(
    "NADB_CONFLICT",
    `the policy promises less than the archive has declared: ${broken.join(", and ")}; ${goingText(going)}`,
    {
      hint: "leave the policy out to go on as declared; replacePolicy (--replace-policy) takes the promise back",
    },
  );
}

/** What is declared and kept by no level, in words: a level is kept by one that is as fine and as long. */
const brokenPromises = (
  declared: ArchivePolicy | null,
  policy: ArchivePolicy,
): readonly string[] =>
  declared === null
    ? ["every cut"]
    : declared.filter((level) => !policy.some((one) => keeps(one, level))).map(levelInWords);

const keeps = (one: Level, level: Level): boolean =>
  level.everySeconds % one.everySeconds === 0 && one.forSeconds >= level.forSeconds;

async function pointsGoing(
  repository: Repository,
  id: NamespaceId,
  declared: ArchivePolicy | null,
  policy: ArchivePolicy,
): Promise<readonly TimelinePoint[]> {
  const now = repository.host.clock();
  const timeline = await readTimeline(repository, id);
  const kept = new Set(promisedPoints(timeline, policy, now));
  return promisedPoints(timeline, declared, now).filter((point) => !kept.has(point));
}

function goingText(points: readonly TimelinePoint[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return "no point would go by now";
  const from = timeText(first);
  return points.length === 1
    ? `1 point would go, from ${from}`
    : `${points.length} points would go, from ${from} to ${timeText(last)}`;
}

const timeText = ({ effectiveTime }: TimelinePoint): string =>
  new Date(effectiveTime).toISOString();
