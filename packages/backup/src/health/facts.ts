// What the health of a namespace's backups is judged by, gathered from the repository and, where there is one, the store.
// No process need be alive: what verifications and drills have found is read from their evidence. Nothing is left behind.
// INVARIANT: what can not be read is a fact, too; gathering never fails because something is broken.
import { type Head, isNadbError, type NamespaceId, type StorageNamespace } from "@nadb/core";
import { type Declaration, declarationOr } from "../archive/declaration.js";
import { archiveLag, type Lag } from "../archive/lag.js";
import type { Segment } from "../archive/names.js";
import { backupsOf, listSegments } from "../archive/segments.js";
import { type ArchiveDamage, readArchiveEvidence } from "../archive/verified.js";
import type { Scan } from "../catalog.js";
import type { Finding } from "../finding.js";
import { readIndex } from "../index-file.js";
import type { Repository } from "../repository.js";
import type { AnomalyLimits } from "./anomalies.js";
import { type BackupFacts, chainFacts } from "./chains.js";
import { unusualBackups } from "./gate.js";
import { leftoversIn } from "./leftovers.js";
import { probeWriting } from "./probe.js";

/** What went wrong when something was looked at. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface ArchiveFacts {
  readonly declared: Declaration | undefined;
  /** Why what is declared can not be read; undefined where it can, or nothing is. */
  readonly undeclared: Failure | undefined;
  /** Undefined when nothing of the namespace as it is now was archived, or the store is not known. */
  readonly lag: Lag | undefined;
  /** Segments that have lost their data. */
  readonly damaged: number;
  /** What its last verification has found, of what is still there. */
  readonly found: readonly ArchiveDamage[];
  /** When that was over, ISO 8601 in UTC; undefined when nobody knows of one. */
  readonly verifiedAt: string | undefined;
  /** What the clock said at the oldest and at the newest of its points; undefined when it has none. */
  readonly oldestTime: number | undefined;
  readonly newestTime: number | undefined;
}

export interface RepositoryFacts {
  /** Of the namespace, oldest first. */
  readonly backups: readonly BackupFacts[];
  /** Backups of whatever namespace whose manifest can not be read. */
  readonly findings: readonly Finding[];
  readonly hasIndex: boolean;
  /** Why nothing can be written there; undefined when something can, or nobody has tried. */
  readonly unwritable: string | undefined;
  /** Folders with what dead writers have left. */
  readonly leftovers: readonly string[];
  /** Undefined when the namespace has none. */
  readonly archive: ArchiveFacts | undefined;
}

export interface HealthFacts {
  /** In ms since 1970. */
  readonly now: number;
  readonly id: NamespaceId;
  readonly repository: RepositoryFacts | Failure;
  /** Of the store; undefined when nobody looked there. */
  readonly source: Head | Failure | undefined;
}

export const isFailure = (facts: object | undefined): facts is Failure =>
  facts !== undefined && "code" in facts;

export interface GatherOptions {
  /** Now, in ms since the epoch. */
  readonly clock: () => number;
  /** Opens the repository; what it throws is a fact. */
  readonly repository: () => Promise<Repository>;
  readonly anomalyLimits?: AnomalyLimits;
  /** Find out whether the repository can be written to: write a small file, and remove it. Default true. */
  readonly probe?: boolean;
  readonly signal?: AbortSignal;
}

export interface GatherHealthOptions extends GatherOptions {
  readonly id: NamespaceId;
  /** Opens the namespace of the store. Left out: the backups are judged by themselves. */
  readonly source?: () => Promise<StorageNamespace>;
}

export async function gatherHealth(options: GatherHealthOptions): Promise<HealthFacts> {
  const { id, source, signal } = options;
  signal?.throwIfAborted();
  const contents = await orFailure(() => contentsOf(options));
  const store = source && (await orFailure(source));
  return factsOf(options, id, contents, store);
}

/** What a repository holds of all namespaces. */
export interface Contents {
  readonly repository: Repository;
  readonly scan: Scan;
  readonly hasIndex: boolean;
  readonly unwritable: string | undefined;
  readonly leftovers: readonly string[];
}

export async function contentsOf({
  repository: open,
  probe = true,
}: GatherOptions): Promise<Contents> {
  const repository = await open();
  const scan = await repository.scan();
  const isOwn = await isWritable(repository);
  return {
    repository,
    scan,
    unwritable: isOwn && probe ? await probeWriting(repository) : undefined,
    hasIndex: !isOwn || (await readIndex(repository.target)) !== undefined,
    leftovers: isOwn ? await leftoversIn(repository) : [],
  };
}

/** The head is read behind the backups: none of them is ahead of it because it was taken meanwhile. */
export async function factsOf(
  options: GatherOptions,
  id: NamespaceId,
  contents: Contents | Failure,
  store: StorageNamespace | Failure | undefined,
): Promise<HealthFacts> {
  options.signal?.throwIfAborted();
  const head = store && (isFailure(store) ? store : await orFailure(() => store.head()));
  const storage = isFailure(store) || isFailure(head) ? undefined : store;
  const repository = isFailure(contents)
    ? contents
    : await orFailure(() => repositoryFacts(options, id, contents, storage));
  return { now: options.clock(), id, repository, source: head };
}

/** A mistake in a program is thrown, and so is an abort. */
export async function orFailure<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work();
  } catch (error) {
    if (!isNadbError(error)) throw error;
    return { code: error.code, message: error.message };
  }
}

async function repositoryFacts(
  { anomalyLimits, signal }: GatherOptions,
  id: NamespaceId,
  { repository, scan, hasIndex, unwritable, leftovers }: Contents,
  storage: StorageNamespace | undefined,
): Promise<RepositoryFacts> {
  const backups = backupsOf(scan.backups, id);
  const unusual = await unusualBackups(repository, backups, anomalyLimits);
  const anomalies = new Map(unusual.map((one) => [one.info.backupId, one.anomalies]));
  const chains = await chainFacts(repository, backups, signal);
  return {
    backups: chains.map((one) => ({ ...one, anomalies: anomalies.get(one.info.backupId) ?? [] })),
    findings: scan.findings,
    hasIndex,
    unwritable,
    leftovers,
    archive: await archiveFacts(repository, id, storage),
  };
}

/** One of the Python original has an index of its own, and nobody sweeps there. */
async function isWritable(repository: Repository): Promise<boolean> {
  try {
    await repository.checkWritable();
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_UNSUPPORTED")) return false;
    throw error;
  }
}

export async function archiveFacts(
  repository: Repository,
  id: NamespaceId,
  storage: StorageNamespace | undefined,
): Promise<ArchiveFacts | undefined> {
  const { target } = repository;
  const { declared, fault } = await declarationOr(target, id);
  const listing = await listSegments(target, id);
  const { segments, damaged } = listing;
  if (!declared && !fault && segments.length === 0 && damaged.length === 0) return undefined;
  const lag = storage && (await archiveLag(repository, storage));
  const { at: verifiedAt, findings: found } = await readArchiveEvidence(target, id, listing);
  return {
    declared,
    undeclared: fault && { code: fault.code, message: fault.message },
    lag,
    damaged: damaged.length,
    found,
    verifiedAt,
    ...timesOf(segments),
  };
}

function timesOf(segments: readonly Segment[]): Pick<ArchiveFacts, "oldestTime" | "newestTime"> {
  let [oldestTime, newestTime] = [segments[0]?.time, segments[0]?.time];
  for (const { time } of segments) {
    oldestTime = Math.min(oldestTime ?? time, time);
    newestTime = Math.max(newestTime ?? time, time);
  }
  return { oldestTime, newestTime };
}
