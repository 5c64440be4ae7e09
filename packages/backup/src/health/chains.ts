// Which backups of a namespace are good, as far as manifests, links, sizes and the evidence kept beside them tell: health
// reads no data. What was verified since it was written, and found damaged, is not good, nor is what hangs on it.
import { isNadbError } from "@nadb/core";
import { checkLink } from "../chain.js";
import { type Evidence, newerOf, readEvidence } from "../evidence.js";
import { formatOf } from "../formats.js";
import type { BackupInfo } from "../manifest.js";
import type { Repository } from "../repository.js";
import { Lineage } from "../retention/lineage.js";
import { checkFile } from "../run/read-run.js";
import { mapSeveral } from "../several.js";
import type { Anomaly } from "./anomalies.js";

export interface BackupFacts {
  readonly info: BackupInfo;
  /** Backups it restores from, itself included; as far as they are there. */
  readonly chainLength: number;
  /** Its whole chain is there, of the right sizes, and no verification or drill has found anything since. */
  readonly isGood: boolean;
  readonly verified: Evidence | undefined;
  readonly drilled: Evidence | undefined;
  /** What is unusual about it; none once it is accepted. */
  readonly anomalies: readonly Anomaly[];
}

const READ_AT_ONCE = 16;

type ChainFacts = Omit<BackupFacts, "anomalies">;

/** @param backups of one namespace, oldest first. */
export async function chainFacts(
  repository: Repository,
  backups: readonly BackupInfo[],
  signal: AbortSignal | undefined,
): Promise<readonly ChainFacts[]> {
  const shape = new Lineage(backups, new Set());
  const damaged = new Set<string>();
  const known = await mapSeveral(backups, READ_AT_ONCE, async (info) => {
    signal?.throwIfAborted();
    const chain = [info, ...shape.ancestorsOf(info)].reverse();
    const verified = await readEvidence(repository.target, chain, "full");
    const drilled = await readEvidence(repository.target, chain, "drill");
    const isSound = await isWhole(repository, info, shape.parentOf(info));
    if (!isSound || newerOf(verified, drilled)?.ok === false) damaged.add(info.backupId);
    return { info, chainLength: chain.length, verified, drilled };
  });
  const lineage = new Lineage(backups, damaged);
  return known.map((one) => ({ ...one, isGood: lineage.isGood(one.info) }));
}

/** A parent that is missing is found by the lineage. */
async function isWhole(
  { target }: Repository,
  info: BackupInfo,
  parent: BackupInfo | undefined,
): Promise<boolean> {
  try {
    if (parent !== undefined && formatOf(info).isProven) checkLink(info, parent);
    await checkFile(target, info, "quick", {});
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT"))
      return false;
    throw error;
  }
}
