// Folders by what becomes of them, as far as their names and manifests tell: those that may be backups are given to the judge,
// leftovers are swept, what no manifest is left of is put aside, and what is somebody else's stays.
import type { NadbError } from "@nadb/core";
import { hasOwnData } from "../folder.js";
import type { BackupInfo } from "../manifest.js";
import { checkFile } from "../run/read-run.js";
import { asFault, type Folder } from "./folders.js";
import { isSameInfo } from "./index-copies.js";
import type { Judge } from "./judge.js";
import { isBereft, isUnfinished, sweepUnfinished } from "./leftovers.js";
import type { LeftAlone, RepairStep } from "./plan.js";

export class Sorted {
  readonly sweeps: RepairStep[] = [];
  readonly leftAlone: LeftAlone[] = [];
  /** What no manifest is left of. */
  readonly bereft: RepairStep[] = [];

  constructor(
    readonly judge: Judge,
    readonly copies: ReadonlyMap<string, BackupInfo>,
  ) {}

  async add(folder: Folder): Promise<void> {
    const { backupId, info, fault, isBusy } = folder;
    const copy = this.copies.get(backupId);
    if (info !== undefined) {
      this.judge.add(backupId, await this.#candidates(info, copy));
    } else if (isUnfinished(folder)) {
      if (isBusy) this.#leave(backupId, "NADB_LOCKED", "somebody is writing there");
      else this.sweeps.push(sweepUnfinished(folder));
    } else if (fault === undefined && !isBereft(folder))
      return; // somebody else's
    else if (copy !== undefined && (await this.#fits(copy, fault)))
      this.judge.add(backupId, [copy]);
    else if (fault !== undefined && fault.code !== "NADB_CORRUPTION") {
      this.judge.addUnknown(backupId, fault);
      this.#leave(backupId, fault.code, fault.message);
    } else if (fault !== undefined || hasOwnData(folder.names) || copy !== undefined)
      this.#setAside(folder, copy ?? null);
  }

  /** The manifest, and the copy of it where that is another and goes with the data as well, or better. */
  async #candidates(info: BackupInfo, copy: BackupInfo | undefined): Promise<BackupInfo[]> {
    if (copy === undefined || isSameInfo(copy, info)) return [info];
    if (!(await this.#fits(copy, undefined))) return [info];
    return (await this.#fits(info, undefined)) ? [info, copy] : [copy];
  }

  #leave(name: string, code: LeftAlone["code"], why: string): void {
    this.leftAlone.push({ name, code, why });
  }

  #setAside({ backupId, fault, seen }: Folder, info: BackupInfo | null): void {
    const why = fault?.message ?? "its manifest is missing";
    this.judge.addDamaged(backupId, why);
    this.bereft.push({ type: "quarantine", backupId, info, why, because: null, seen });
  }

  /** Whether the data are those that the index's copy of the manifest names. */
  async #fits(copy: BackupInfo, fault: NadbError | undefined): Promise<boolean> {
    if (fault?.code === "NADB_IO") return false;
    try {
      await checkFile(this.judge.target, copy, "checksum", this.judge.work);
      return true;
    } catch (error) {
      return asFault(error).code === "NADB_IO";
    }
  }
}
