// Verification of an archive: whether each segment is there as its manifest says, and whether the points can be restored. It
// reports what is wrong and changes nothing.
import { isNadbError, type NamespaceId } from "@nadb/core";
import { asFinding, type Finding } from "../finding.js";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { checkFile, readRun } from "../run/read-run.js";
import { provenState } from "../run/state.js";
import type { VerifyLevel } from "../verify.js";
import { archiveFolder, type Segment } from "./names.js";
import { readPoint } from "./read-point.js";
import { backupsOf, listSegments, located, readSegment } from "./segments.js";
import { type Timeline, timelineOf } from "./timeline.js";

export interface ArchiveVerification {
  readonly level: VerifyLevel;
  /** No finding. At level "full" the newest point of each generation has the state digest of its cut. */
  readonly ok: boolean;
  /** `backupId` is the name of a segment. */
  readonly findings: readonly Finding[];
  /** Segments looked at. */
  readonly segments: number;
}

export interface VerifyArchiveOptions extends LongWork {
  /** quick: manifests and sizes. checksum: every byte. full (default): every change, and the newest states. */
  readonly level?: VerifyLevel;
}

export async function verifyArchive(
  repository: Repository,
  id: NamespaceId,
  options: VerifyArchiveOptions = {},
): Promise<ArchiveVerification> {
  const { level = "full" } = options;
  const { target } = repository;
  const lease = await repository.hold([archiveFolder(id)]);
  try {
    const listing = await listSegments(target, id);
    const findings = listing.damaged.map((one) => damage(one, "its data file is missing"));
    for (const segment of listing.segments) {
      findings.push(
        ...(await findingsOf(segment, () => checkOne(repository, id, segment, options))),
      );
      await lease?.renew();
    }
    const timeline = timelineOf(backupsOf(await repository.list(), id), listing.segments);
    findings.push(...lostIn(timeline));
    if (level === "full") findings.push(...(await newestStates(repository, id, timeline, options)));
    return { level, ok: findings.length === 0, findings, segments: listing.segments.length };
  } finally {
    await lease?.release();
  }
}

async function checkOne(
  { target }: Repository,
  id: NamespaceId,
  segment: Segment,
  { level = "full", signal }: VerifyArchiveOptions,
): Promise<void> {
  const info: BackupInfo = located(id, await readSegment(target, id, segment));
  const work = signal === undefined ? {} : { signal };
  if (level !== "full") return checkFile(target, info, level, work);
  for await (const _ of readRun(target, info, work));
}

async function newestStates(
  repository: Repository,
  id: NamespaceId,
  { generations, points }: Timeline,
  options: LongWork,
): Promise<Finding[]> {
  const findings: Finding[] = [];
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
    findings.push(...(await findingsOf(newest.id, prove)));
  }
  return findings;
}

/** Segments that no backup leads to: they are there, and nothing can be made of them. */
const lostIn = ({ generations, orphans }: Timeline): Finding[] =>
  [...generations.flatMap(({ lost }) => lost), ...orphans].map((one) =>
    damage(one, "no backup leads to it: one it was laid over, or a segment before it, is missing"),
  );

const damage = ({ name }: Segment, detail: string): Finding => ({
  severity: "damage",
  what: "unreadable",
  backupId: name,
  detail: `${name}: ${detail}`,
});

async function findingsOf(what: Segment | string, check: () => Promise<void>): Promise<Finding[]> {
  const name = typeof what === "string" ? what : what.name;
  try {
    await check();
    return [];
  } catch (error) {
    if (!isNadbError(error, "NADB_NOT_FOUND")) return [asFinding(name, error)];
    return [{ severity: "damage", what: "unreadable", backupId: name, detail: error.message }];
  }
}
