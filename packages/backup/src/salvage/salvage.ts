// Carrying out the plan of a salvage: a new full backup of what is left of a damaged one. INVARIANT: what it is made of is
// only read. Its generation and its checkpoint are its own, so that no store can go on from it: it is a cut of none. The list
// of what was lost stands beside it before it exists.
import { type EncodedChange, NadbError, quote, toHex } from "@nadb/core";
import { acquireUnused, checkBackupId, letGo } from "../create.js";
import { discard } from "../discard.js";
import { chooseFormat, type FormatOptions } from "../formats.js";
import { confirmAll, type Lease, type LeaseHost } from "../lease.js";
import { type BackupInfo, MANIFEST_VERSION } from "../manifest.js";
import { dataPath, isSafeName } from "../paths.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { HashedChunks } from "../run/hashed-chunks.js";
import { provenState } from "../run/state.js";
import { writeSalvageList } from "./list-file.js";
import { SalvageMerge } from "./merge.js";
import type { RunSource, SalvagePlan } from "./report.js";
import { StateTotals } from "./state-totals.js";

export const SALVAGED_LABEL = "salvaged";
/** Where no manifest is left that tells. */
const UNKNOWN = "unknown";

export interface SalvageOptions extends LongWork, FormatOptions {}

export interface Salvage {
  readonly plan: SalvagePlan;
  /** The new backup. */
  readonly info: BackupInfo;
}

/**
 * Makes the backup that a plan tells of. Resolves once it is durable, read back and proven. Throws NADB_ALREADY_EXISTS,
 * NADB_LOCKED, NADB_INVALID_ARGUMENT for its id, NADB_CONFLICT or NADB_NOT_FOUND when what the plan has seen is not what is
 * there any more; on any failure nothing is listed.
 */
export async function salvageBackup(
  repository: Repository,
  plan: SalvagePlan,
  options: SalvageOptions = {},
): Promise<Salvage> {
  const { host, target } = repository;
  checkBackupId(plan.into);
  chooseFormat(options); // what can not be written is refused before anything is
  await repository.checkWritable();
  await repository.checkUnused(plan.into); // nothing is swept here: a leftover may be what is to be salvaged
  const held = await repository.hold(plan.runs.map(({ backupId }) => backupId));
  const lease = await acquireUnused({ repository, ...host }, plan.into).catch(async (error) => {
    await held?.release();
    throw error;
  });
  const renew = async (): Promise<void> => {
    await lease.renew();
    await held?.renew();
  };
  let info: BackupInfo | undefined;
  try {
    info = await write(repository, plan, { ...options, renew });
    for await (const _ of provenState({ target, chain: [info] }, "check", options)) await renew();
    await writeSalvageList(target, info, plan);
    await publish(repository, info, lease);
    return { plan, info };
  } catch (error) {
    await discard(repository, lease, info);
    throw error;
  } finally {
    await held?.release();
  }
}

async function publish(repository: Repository, info: BackupInfo, lease: Lease): Promise<void> {
  await confirmAll([lease]);
  await repository.publish(info);
  await lease.confirm(); // who took over before our manifest was there has written over our data
  await letGo(lease);
}

interface WriteOptions extends SalvageOptions {
  readonly renew: () => Promise<void>;
}

async function write(
  repository: Repository,
  plan: SalvagePlan,
  options: WriteOptions,
): Promise<BackupInfo> {
  const { target, host } = repository;
  const { format, codec } = chooseFormat(options);
  const { signal, renew } = options;
  const state = new StateTotals();
  const file = new HashedChunks();
  const merge = new SalvageMerge(target, plan.runs, { renew, ...(signal && { signal }) });
  const changes = counted(merge.records(), state, options);
  const dataFile = format.fileName(codec);
  const path = dataPath(plan.into, dataFile);
  await target.remove(path); // a dead writer's leftover; a live one can not publish over ours
  const counts = () => ({ recordCount: state.recordCount, tombstoneCount: 0 });
  const data = file.pass(format.encode(changes, { codec, counts }));
  await target.write(path, data, { ifAbsent: true, ...(signal && { signal }) });
  if (state.digest.toHex() !== plan.stateDigest) throw changed(plan);
  const { recordCount, totalSize, stateDigest } = state.totals();
  return {
    ...cutOfNone(plan, host, state.lastVersion),
    sequence: await repository.nextSequence(),
    fileCount: recordCount,
    recordCount,
    tombstoneCount: 0,
    totalSize,
    storedSize: file.size,
    checksum: file.checksum(),
    compression: codec !== "none",
    codec,
    stateDigest,
    stateCount: recordCount,
    stateBytes: totalSize,
    dataFile,
    format: format.name,
    formatVersion: MANIFEST_VERSION,
  };
}

async function* counted(
  records: AsyncIterable<readonly EncodedChange[]>,
  state: StateTotals,
  { renew, onProgress }: WriteOptions,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  for await (const batch of records) {
    state.add(batch);
    yield batch;
    await renew();
    onProgress?.({ phase: "read", records: state.recordCount, bytes: state.totalSize });
  }
}

/** Who it is, where it comes from, and that nothing goes on from it. */
function cutOfNone({ into, from, runs }: SalvagePlan, host: LeaseHost, toVersion: number) {
  const generation = `${SALVAGED_LABEL}:${nonceOf(host)}`;
  return {
    backupId: into,
    timestamp: new Date(host.clock()).toISOString(),
    backupType: "full",
    sourceDb: knownOf(runs, "sourceDb"),
    sourceNamespace: knownOf(runs, "sourceNamespace"),
    label: SALVAGED_LABEL,
    setSize: 1,
    parentBackupId: null,
    parentChecksum: null,
    fromCheckpoint: null,
    toCheckpoint: generation,
    generation,
    fromVersion: null,
    toVersion,
    salvagedFrom: from,
  } as const;
}

function nonceOf({ random }: LeaseHost): string {
  const bytes = new Uint8Array(8);
  random(bytes);
  return toHex(bytes);
}

/** As the nearest manifest that tells says. */
function knownOf(runs: readonly RunSource[], field: "sourceDb" | "sourceNamespace"): string {
  const names = runs.toReversed().flatMap(({ known }) => known[field] ?? []);
  return names.find(isSafeName) ?? UNKNOWN;
}

const changed = ({ from }: SalvagePlan): NadbError =>
  new NadbError("NADB_CONFLICT", `what is left of ${quote(from)} is not what the plan has seen`, {
    hint: "make a new plan",
  });
