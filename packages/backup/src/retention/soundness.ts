// Which backups are damaged, as far as manifests, links, sizes and the last verifications tell; only reading all bytes would
// tell more. Each folder is listed once, whatever is asked of it, and only what is there is read.
import { isNadbError } from "@nadb/core";
import { checkLink } from "../chain.js";
import { type EvidenceLevel, readEvidence } from "../evidence.js";
import { type Files, filesIn } from "../folder.js";
import type { BackupInfo } from "../manifest.js";
import { DRILLED_FILE, VERIFIED_FILE } from "../paths.js";
import { mapSeveral } from "../several.js";
import type { BackupTarget } from "../target.js";
import { Lineage } from "./lineage.js";

const LISTED_AT_ONCE = 16;
const EVIDENCE: readonly (readonly [string, EvidenceLevel])[] = [
  [VERIFIED_FILE, "full"],
  [DRILLED_FILE, "drill"],
];

export class Soundness {
  readonly lineage: Lineage;
  readonly #files = new Map<string, Promise<Files>>();

  constructor(
    readonly target: BackupTarget,
    readonly backups: readonly BackupInfo[],
  ) {
    this.lineage = new Lineage(backups, new Set());
  }

  /** Those with a file of this name in their folder. */
  async having(name: string): Promise<readonly BackupInfo[]> {
    const having = await mapSeveral(this.backups, LISTED_AT_ONCE, async (info) =>
      (await this.#filesOf(info)).has(name) ? [info] : [],
    );
    return having.flat();
  }

  /** By its own fault: what it is laid over is not looked at. A parent that is missing is found by the lineage. */
  async isDamaged(info: BackupInfo): Promise<boolean> {
    const files = await this.#filesOf(info);
    if (files.get(info.dataFile) !== info.storedSize || !this.#isLinked(info)) return true;
    const found = EVIDENCE.filter(([file]) => files.has(file));
    if (found.length === 0) return false;
    const chain = [info, ...this.lineage.ancestorsOf(info)].reverse();
    for (const [, level] of found)
      if ((await readEvidence(this.target, chain, level))?.ok === false) return true;
    return false;
  }

  /** It and all it is laid over are there and undamaged. */
  async isGood(info: BackupInfo): Promise<boolean> {
    if (!this.lineage.isGood(info)) return false;
    for (const one of [info, ...this.lineage.ancestorsOf(info)])
      if (await this.isDamaged(one)) return false;
    return true;
  }

  #isLinked(info: BackupInfo): boolean {
    const parent = this.lineage.parentOf(info);
    try {
      if (parent !== undefined) checkLink(info, parent);
      return true;
    } catch (error) {
      if (isNadbError(error, "NADB_CORRUPTION")) return false;
      throw error;
    }
  }

  #filesOf({ backupId }: BackupInfo): Promise<Files> {
    const files = this.#files.get(backupId) ?? filesIn(this.target, backupId);
    this.#files.set(backupId, files);
    return files;
  }
}
