// What a repository tells for a plan of retention: its backups, its pins, and which backups are damaged (soundness.ts). What
// else is known comes from the caller.
import { neededByArchives } from "../archive/needs.js";
import type { Scan } from "../catalog.js";
import type { Finding } from "../finding.js";
import { acceptedOf } from "../health/acceptance.js";
import type { AnomalyLimits } from "../health/anomalies.js";
import { heldFor, unusualBackups } from "../health/gate.js";
import { knownBackups, readIndex } from "../index-file.js";
import type { BackupInfo } from "../manifest.js";
import { ACCEPTED_FILE, PIN_FILE } from "../paths.js";
import type { Repository } from "../repository.js";
import { mapSeveral } from "../several.js";
import { unreachableIn } from "../unreachable.js";
import type { RetentionContext } from "./context.js";
import { Lineage } from "./lineage.js";
import { readPins } from "./pin-file.js";
import { Soundness } from "./soundness.js";

export interface GatherOptions extends Omit<RetentionContext, "now" | "pinned"> {
  /** What counts as unusual (health/anomalies.ts): such backups, and what is older, are held until somebody accepts them. */
  readonly anomalyLimits?: AnomalyLimits;
  readonly signal?: AbortSignal;
}

export interface Gathered {
  readonly backups: readonly BackupInfo[];
  readonly context: RetentionContext;
  /** Backups whose manifest can not be read: nothing is decided about them, and nothing of theirs is touched. */
  readonly findings: readonly Finding[];
}

const CHECKED_AT_ONCE = 16;

export async function gatherContext(
  repository: Repository,
  { signal, anomalyLimits, ...known }: GatherOptions,
): Promise<Gathered> {
  const { target } = repository;
  const { backups, findings } = await repository.scan();
  const damaged = new Set(known.damaged);
  const soundness = new Soundness(target, backups);
  await mapSeveral(backups, CHECKED_AT_ONCE, async (info) => {
    signal?.throwIfAborted();
    if (await soundness.isDamaged(info)) damaged.add(info.backupId);
  });
  const pins = await readPins(target, await soundness.having(PIN_FILE));
  const pinned = new Map(pins.map(({ backupId, reason }) => [backupId, reason]));
  const needed = new Map([
    ...(await neededByUnreadable(repository, findings)),
    ...(await neededByArchives(
      repository,
      backups.filter(({ backupId }) => !damaged.has(backupId)),
    )),
    ...(known.needed ?? []),
  ]);
  const accepted = await acceptedOf(target, await soundness.having(ACCEPTED_FILE));
  const all = await knownBackups(target, { backups, findings }); // the gate goes by what can not be read, too
  const unusual = await unusualBackups(repository, all, anomalyLimits, accepted);
  const held = new Map([
    ...heldFor(unusual, all),
    ...(await heldForUnreachable(repository, { backups, findings })),
    ...(known.held ?? []),
  ]);
  const now = repository.host.clock();
  return { backups, findings, context: { ...known, now, pinned, damaged, needed, held } };
}

/** What is laid over a backup that can not be reached just now waits; where the index does not remember that one, everything. */
async function heldForUnreachable({ target }: Repository, scan: Scan): Promise<[string, string][]> {
  const waiting = new Map<string, string>();
  const unreachable = await unreachableIn(target, scan);
  for (const { finding, copy } of unreachable) {
    if (copy !== undefined) continue;
    for (const { backupId } of scan.backups)
      waiting.set(backupId, `until ${finding.backupId} can be read`);
  }
  const over = new Map(unreachable.map(({ finding: { backupId } }) => [backupId, backupId]));
  for (const { backupId, parentBackupId } of new Lineage(scan.backups, new Set()).backups) {
    const under = parentBackupId === null ? undefined : over.get(parentBackupId);
    if (under === undefined) continue;
    over.set(backupId, under);
    waiting.set(backupId, `until ${under} can be read`);
  }
  return [...waiting];
}

/** What a backup is laid over whose manifest can not be read: the index still knows, and a repair may need it. */
async function neededByUnreadable(
  { target }: Repository,
  findings: readonly Finding[],
): Promise<[string, string][]> {
  if (findings.length === 0) return [];
  const index = await readIndex(target);
  return findings.flatMap(({ backupId }): [string, string][] => {
    const parent = index?.get(backupId)?.parentBackupId ?? null;
    return parent === null ? [] : [[parent, `${backupId}, which can not be read`]];
  });
}
