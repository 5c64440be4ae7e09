// Making the plan of a repair: everything is read, nothing is changed. What is read is held meanwhile, so that nobody takes
// it away and it looks damaged.
import type { NadbError, NamespaceId } from "@nadb/core";
import { archiveFolder } from "../archive/names.js";
import { isLeftover } from "../folder.js";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { checkFile } from "../run/read-run.js";
import { adviceOn } from "./advice.js";
import { type ArchiveFindings, lookIntoArchive, namespacesOf } from "./archives.js";
import { asFault, type Folder, readFolders } from "./folders.js";
import { type IndexCopies, indexOf, isSameIndex, isSameInfo, readCopies } from "./index-copies.js";
import { Judge, type JudgeWork } from "./judge.js";
import { isBereft, isUnfinished, sweepBeside, sweepReaders, sweepUnfinished } from "./leftovers.js";
import type { LeftAlone, Loss, RepairPlan, RepairStep } from "./plan.js";
import { stepsFor } from "./steps.js";

/**
 * What `repairRepository` would do; changes nothing. Reads every backup and every segment whole. Throws NADB_UNSUPPORTED for
 * a repository of the Python original, NADB_IO where its root can not be listed.
 */
export async function planRepair(
  repository: Repository,
  options: LongWork = {},
): Promise<RepairPlan> {
  await repository.checkWritable();
  const { target, host } = repository;
  const archives = await namespacesOf(target);
  const before = (await readFolders(target, host)).map(({ backupId }) => backupId);
  const lease = await repository.hold([...before, ...archives.map(archiveFolder)]);
  try {
    return await planHeld(repository, archives, readWork(options));
  } finally {
    await lease?.release().catch(() => undefined); // it ends by itself
  }
}

function readWork({ signal, onProgress }: LongWork): JudgeWork {
  const read = { records: 0, bytes: 0 };
  const onRead = (records: number, bytes: number): void => {
    read.records += records;
    read.bytes += bytes;
    onProgress?.({ phase: "check", ...read });
  };
  return { ...(signal && { signal }), onRead };
}

async function planHeld(
  repository: Repository,
  archives: readonly NamespaceId[],
  work: JudgeWork,
): Promise<RepairPlan> {
  const { target, host } = repository;
  const copies = await readCopies(target);
  const folders = await readFolders(target, host);
  const judge = new Judge(target, work);
  const sorted = new Sorted(judge, copies.copies);
  for (const folder of folders) await sorted.add(folder);
  const judged = stepsFor(folders, judge, await judge.judge(), copies.copies);
  const listed = folders.flatMap(({ info }) => info ?? []);
  const found: ArchiveFindings[] = [];
  for (const id of archives)
    found.push(
      await lookIntoArchive(target, host, id, { before: listed, after: judged.sound, work }),
    );
  const beside = folders.flatMap((folder) => {
    const info = judged.sound.find(({ backupId }) => backupId === folder.backupId);
    return info === undefined ? [] : sweepBeside(folder, info);
  });
  const steps = [
    ...judged.steps,
    ...sorted.bereft,
    ...found.flatMap((one) => one.steps),
    ...sorted.sweeps,
    ...beside,
    ...(await sweepReaders(target, host)),
  ];
  const leftAlone = [
    ...faultOf(copies),
    ...sorted.leftAlone,
    ...judged.leftAlone.filter(({ name }) => !sorted.leftAlone.some((one) => one.name === name)),
    ...found.flatMap((one) => one.leftAlone),
  ];
  const losses = [...goneOf(folders, copies), ...found.flatMap((one) => one.losses)];
  const known = [...listed, ...copies.copies.values()].filter(isFirst);
  return {
    steps: withIndex(steps, folders, copies),
    sound: judged.sound.map(({ backupId }) => backupId),
    leftAlone,
    losses,
    advice: adviceOn(steps, known, judged.sound, leftAlone),
  };
}

/** Of those with one id. */
const isFirst = ({ backupId }: BackupInfo, i: number, all: readonly BackupInfo[]): boolean =>
  all.findIndex((other) => other.backupId === backupId) === i;

/** Folders by what becomes of them; those that may be backups are given to the judge. */
class Sorted {
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
    } else if (fault !== undefined || isLeftover(folder.names) || copy !== undefined)
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

/** Backups that only the index remembers. */
function goneOf(folders: readonly Folder[], { copies }: IndexCopies): Loss[] {
  const there = new Set(
    folders.filter(({ names, fault }) => names.length > 0 || fault).map(({ backupId }) => backupId),
  );
  const gone = [...copies.values()].filter(({ backupId }) => !there.has(backupId));
  return gone.map(({ backupId: name, timestamp }) => ({
    name,
    why: `the index has this backup of ${timestamp}, and its folder is gone`,
  }));
}

const faultOf = ({ fault }: IndexCopies): LeftAlone[] =>
  fault === undefined ? [] : [{ name: "the index", code: fault.code, why: fault.message }];

/** An index that tells nothing is written first, so that wherever a repair dies the next one finds a repository. */
function withIndex(
  steps: readonly RepairStep[],
  folders: readonly Folder[],
  { state, copies, fault }: IndexCopies,
): RepairStep[] {
  if (fault !== undefined) return [...steps];
  if (state !== "sound") return [{ type: "rebuild-index", was: state }, ...steps];
  if (isSameIndex(indexOf(folders, copies), copies)) return [...steps];
  return [...steps, { type: "rebuild-index", was: "behind" }];
}
