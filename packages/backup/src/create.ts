// Taking a backup. INVARIANT (write order): data file, durable → read back and compared → manifest → index.
// A backup that fails anywhere leaves nothing that is ever listed.
import {
  checkName,
  type EncodedChange,
  invalidArgument,
  isNadbError,
  NadbError,
  quote,
  type StorageNamespace,
} from "@nadb/core";
import { checkLink } from "./chain.js";
import { discard } from "./discard.js";
import { chooseFormat } from "./formats.js";
import { confirmAll, Lease, type LeaseHost } from "./lease.js";
import type { BackupInfo } from "./manifest.js";
import { checkParent } from "./parent.js";
import { isBackupId } from "./paths.js";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { readRun } from "./run/read-run.js";
import { provenState } from "./run/state.js";
import { type CreateHost, type Source, type WriteRunOptions, writeRun } from "./write-run.js";

export interface CreateBackupOptions extends WriteRunOptions {
  /** Default: the kind of backup, the time and four random characters. */
  readonly backupId?: string;
}

export interface CreateIncrementalOptions extends CreateBackupOptions {
  /** When the store can no longer tell what has changed since the parent, or that is damaged, take a full backup. Default false. */
  readonly fallbackToFull?: boolean;
  /** Told why a full backup is taken in place of an incremental: NADB_CHECKPOINT_EXPIRED, or NADB_CORRUPTION of the parent. */
  readonly onFallback?: (why: NadbError) => void;
  /** When nothing has changed since the parent, make no backup and answer the parent. Default false. */
  readonly skipUnchanged?: boolean;
}

/** What a backup that is taken by itself does not have. */
export interface Together {
  /** How many backups are taken together under the label. Default 1. */
  readonly setSize?: number;
}

export async function createFull(
  host: CreateHost,
  options: CreateBackupOptions & Together,
): Promise<BackupInfo> {
  const { backupId = newBackupId("full", host), setSize = 1 } = options;
  checkBackupId(backupId);
  checkLabel(options);
  return create(host, { backupId, parent: null, setSize }, options);
}

export async function createIncremental(
  host: CreateHost,
  parentBackupId: string,
  options: CreateIncrementalOptions & Together,
): Promise<BackupInfo> {
  const { storage } = host;
  const { backupId = newBackupId("incremental", host), setSize = 1 } = options;
  checkBackupId(backupId);
  checkLabel(options);
  let parent: BackupInfo;
  try {
    parent = await soundParent(host, parentBackupId);
  } catch (error) {
    if (!isNadbError(error, "NADB_CORRUPTION")) throw error;
    return inPlaceOf(host, options, error);
  }
  try {
    if (options.skipUnchanged && (await isUnchanged(storage, parent))) return parent;
    return await create(host, { backupId, parent, setSize }, options);
  } catch (error) {
    if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
    return inPlaceOf(host, options, outOfReach(parent, error));
  }
}

async function soundParent(
  { repository, storage }: CreateHost,
  parentBackupId: string,
): Promise<BackupInfo> {
  const parent = await repository.get(parentBackupId);
  checkSource(parent, storage);
  await checkParent(repository, parent);
  return parent;
}

/** A full backup, where that is wanted; else throws why there is no incremental. */
async function inPlaceOf(
  host: CreateHost,
  options: CreateIncrementalOptions & Together,
  why: NadbError,
): Promise<BackupInfo> {
  if (!options.fallbackToFull) throw why;
  options.onFallback?.(why);
  return createFull(host, options);
}

function checkSource(parent: BackupInfo, { id }: StorageNamespace): void {
  if (parent.sourceDb === id.db && parent.sourceNamespace === id.namespace) return;
  const { backupId, sourceDb, sourceNamespace } = parent;
  throw invalidArgument(
    `${quote(backupId)} is a backup of ${sourceDb}/${sourceNamespace}, not of ${id.db}/${id.namespace}`,
    "name a backup of this namespace as the parent, or take a full backup",
  );
}

async function isUnchanged(storage: StorageNamespace, parent: BackupInfo): Promise<boolean> {
  return (await storage.head()).checkpoint === parent.toCheckpoint;
}

const outOfReach = ({ backupId }: BackupInfo, cause: NadbError): NadbError =>
  new NadbError(
    "NADB_CHECKPOINT_EXPIRED",
    `the store can not tell what has changed since ${quote(backupId)}: ${cause.message}`,
    { hint: "take a full backup; fallbackToFull does so by itself", cause },
  );

async function create(
  host: CreateHost,
  source: Source,
  options: CreateBackupOptions,
): Promise<BackupInfo> {
  const { repository } = host;
  const { backupId, parent } = source;
  chooseFormat(options); // what can not be written is refused before anything is
  options.signal?.throwIfAborted();
  await repository.sweepLeftovers();
  await repository.checkUnused(backupId);
  const lease = await acquireUnused(host, backupId);
  let info: BackupInfo | undefined;
  try {
    info = await writeRun(host, source, lease, options);
    await prove(repository, info, lease, options);
    const published = await publish(host, info, parent, lease);
    await lease.confirm(); // who took over before our manifest was there has written over our data
    await letGo(lease);
    return published;
  } catch (error) {
    await discard(repository, lease, info);
    throw error;
  }
}

export function checkBackupId(backupId: string): void {
  checkName("backup id", backupId);
  if (isBackupId(backupId)) return;
  throw invalidArgument(
    `${quote(backupId)} is a name that repositories keep for themselves`,
    "choose another id",
  );
}

function checkLabel({ label }: CreateBackupOptions): void {
  if (label !== undefined) checkName("label", label);
}

/** The lease first, then the look: a writer that was just finishing must not be written over. */
export async function acquireUnused(
  host: LeaseHost & Pick<CreateHost, "repository">,
  backupId: string,
): Promise<Lease> {
  const lease = await Lease.acquire(host.repository.target, backupId, host);
  try {
    await host.repository.checkUnused(backupId);
    return lease;
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** Where somebody else has taken over, and swept what was written, that is what is told. */
async function prove(
  repository: Repository,
  info: BackupInfo,
  lease: Lease,
  options: LongWork,
): Promise<void> {
  try {
    for await (const _ of proof(repository, info, options)) await lease.renew();
  } finally {
    await lease.confirm();
  }
}

/** A full is proven whole. An increment is read back; its chain is proven by verify and by every restore. */
function proof(
  { target }: Repository,
  info: BackupInfo,
  options: LongWork,
): AsyncIterable<readonly EncodedChange[]> {
  if (info.backupType === "full") return provenState({ target, chain: [info] }, "check", options);
  return readRun(target, info, options.signal === undefined ? {} : { signal: options.signal });
}

/** Under the parent's lease, so that nobody deletes the parent meanwhile. @param own that of the backup. */
async function publish(
  host: CreateHost,
  info: BackupInfo,
  parent: BackupInfo | null,
  own: Lease,
): Promise<BackupInfo> {
  const { repository } = host;
  const renew = () => own.renew();
  if (parent === null) return repository.publishNewest(info, () => confirmAll([own]));
  const lease = await Lease.acquireSoon(repository.target, parent.backupId, host, renew);
  const checkParentThere = async () => checkLink(info, await repository.get(parent.backupId));
  try {
    const published = await repository.publishNewest(info, async () => {
      await checkParentThere();
      await confirmAll([lease, own]);
    });
    if (!(await lease.isOurs())) await checkParentThere(); // who took over may have deleted it before our manifest was there
    return published;
  } finally {
    await letGo(lease);
  }
}

/** A lease that can not be removed undoes no backup: it ends by itself, and the next run sweeps it. */
export const letGo = (lease: Lease): Promise<void> => lease.release().catch(() => undefined);

/** The kind of backup, the time and four random characters. */
export function newBackupId(kind: string, { clock, random }: LeaseHost): string {
  const bytes = new Uint8Array(2);
  random(bytes);
  const time = new Date(clock()).toISOString().replace(/[-:]|\.\d+/g, "");
  const suffix = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${kind}-${time}-${suffix}`;
}
