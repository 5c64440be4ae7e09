// Verification of an archive: whether each segment is there as its manifest says, and whether the points can be restored. It
// reports what is wrong and changes nothing of it; what a full one has found is kept beside it as evidence.
import { isNadbError, type NamespaceId } from "@nadb/core";
import { asFinding, type Finding } from "../finding.js";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { checkFile, readRun } from "../run/read-run.js";
import { provenState } from "../run/state.js";
import type { VerifyLevel } from "../verify.js";
import { declarationOr } from "./declaration.js";
import { archiveFolder, type Segment } from "./names.js";
import { readPoint } from "./read-point.js";
import { backupsOf, type Listing, listSegments, located, readSegment } from "./segments.js";
import { type Timeline, timelineOf } from "./timeline.js";
import { type ArchiveDamage, recordArchive } from "./verified.js";

export interface ArchiveVerification {
  readonly level: VerifyLevel;
  /** No finding. At level "full" the newest point of each generation has the state digest of its cut. */
  readonly ok: boolean;
  /** `backupId` is the name of a segment, or archive.json. */
  readonly findings: readonly Finding[];
  /** Segments looked at. */
  readonly segments: number;
  /** Kept as evidence in the archive's folder. */
  readonly recorded: boolean;
}

export interface VerifyArchiveOptions extends LongWork {
  /** quick: manifests and sizes. checksum: every byte. full (default): every change, and the newest states. */
  readonly level?: VerifyLevel;
  /**
   * Keep what a full verification has found beside the archive, for its health to be judged by. Default true. Where nothing can
   * be written it is verified all the same.
   */
  readonly record?: boolean;
}

export async function verifyArchive(
  repository: Repository,
  id: NamespaceId,
  options: VerifyArchiveOptions = {},
): Promise<ArchiveVerification> {
  const { level = "full", record = true } = options;
  const lease = await repository.hold([archiveFolder(id)]);
  try {
    const listing = await listSegments(repository.target, id);
    const damages = await damagesIn(repository, id, listing, {
      ...options,
      renew: async () => lease?.renew(),
    });
    const isThere = listing.segments.length + listing.damaged.length > 0;
    const isKept = record && level === "full" && isThere;
    const recorded = isKept && (await recordArchive(repository, id, once(damages)));
    const findings = [
      ...(await declarationFindings(repository, id)),
      ...damages.map(({ finding }) => finding),
    ];
    return {
      level,
      ok: findings.length === 0,
      findings,
      segments: listing.segments.length,
      recorded,
    };
  } finally {
    await lease?.release();
  }
}

/** They are not recorded: whoever asks for health reads it, too. */
async function declarationFindings({ target }: Repository, id: NamespaceId): Promise<Finding[]> {
  const { fault } = await declarationOr(target, id);
  return fault === undefined ? [] : [asFinding("archive.json", fault)];
}

interface Work extends VerifyArchiveOptions {
  readonly renew: () => Promise<void>;
}

interface Found extends ArchiveDamage {
  readonly finding: Finding;
}

async function damagesIn(
  repository: Repository,
  id: NamespaceId,
  listing: Listing,
  options: Work,
): Promise<Found[]> {
  const found = listing.damaged.map((one) => foundIn(one, damage(one, "its data file is missing")));
  for (const segment of listing.segments) {
    const findings = await findingsOf(segment.name, () =>
      checkOne(repository, id, segment, options),
    );
    found.push(...findings.map((finding) => foundIn(segment, finding)));
    await options.renew();
  }
  const timeline = timelineOf(backupsOf(await repository.list(), id), listing.segments);
  found.push(...lostIn(timeline));
  if (options.level !== undefined && options.level !== "full") return found;
  return [...found, ...(await newestStates(repository, id, timeline, options))];
}

/** Each once: a state that can not be restored because of a segment says what the segment says, and goes with it. */
function once(found: readonly Found[]): readonly ArchiveDamage[] {
  const first = new Map([...found].reverse().map((one) => [one.detail, one]));
  return found
    .filter((one) => first.get(one.detail) === one)
    .map(({ generation, segment, detail }) => ({ generation, segment, detail }));
}

const foundIn = ({ generation, name }: Segment, finding: Finding): Found => ({
  generation,
  segment: name,
  detail: finding.detail,
  finding,
});

async function checkOne(
  { target }: Repository,
  id: NamespaceId,
  segment: Segment,
  { level = "full", signal, renew }: Work,
): Promise<void> {
  const info: BackupInfo = located(id, await readSegment(target, id, segment));
  const work = { renew, ...(signal && { signal }) };
  if (level !== "full") return checkFile(target, info, level, work);
  for await (const _ of readRun(target, info, work));
}

/** A finding here lies in no segment, as far as it is known to. */
async function newestStates(
  repository: Repository,
  id: NamespaceId,
  { generations, points }: Timeline,
  options: LongWork,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const { generation } of generations) {
    const newest = points.findLast((point) => point.generation === generation);
    if (newest?.kind !== "segment") continue;
    const prove = () =>
      readPoint(
        repository,
        id,
        () => newest,
        async (reading) => {
          for await (const _ of provenState(reading, "check", options));
        },
      );
    for (const finding of await findingsOf(newest.id, prove))
      found.push({ generation, segment: null, detail: finding.detail, finding });
  }
  return found;
}

/** Segments that no backup leads to: they are there, and nothing can be made of them. */
const lostIn = ({ generations, orphans }: Timeline): Found[] =>
  [...generations.flatMap(({ lost }) => lost), ...orphans].map((one) =>
    foundIn(
      one,
      damage(
        one,
        "no backup leads to it: one it was laid over, or a segment before it, is missing",
      ),
    ),
  );

const damage = ({ name }: Segment, detail: string): Finding => ({
  severity: "damage",
  what: "unreadable",
  backupId: name,
  detail: `${name}: ${detail}`,
});

async function findingsOf(name: string, check: () => Promise<void>): Promise<Finding[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!isNadbError(error, "NADB_NOT_FOUND")) return [asFinding(name, error)];
    return [{ severity: "damage", what: "unreadable", backupId: name, detail: error.message }];
  }
}
