// Making the plan of a repair: everything is read, nothing is changed. What is read is held meanwhile, so that nobody takes
// it away and it looks damaged.
import type { NamespaceId } from "@nadb/core";
import { archiveFolder } from "../archive/names.js";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Repository } from "../repository.js";
import { adviceOn } from "./advice.js";
import { type ArchiveFindings, lookIntoArchive, namespacesOf } from "./archives.js";
import { type Folder, readFolders } from "./folders.js";
import { type IndexCopies, indexOf, isSameIndex, readCopies } from "./index-copies.js";
import { Judge, type JudgeWork } from "./judge.js";
import { sweepBeside, sweepReaders } from "./leftovers.js";
import type { LeftAlone, Loss, RepairPlan, RepairStep } from "./plan.js";
import { Sorted } from "./sorted.js";
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
    const renew = async (): Promise<void> => lease?.renew();
    return await planHeld(repository, archives, { ...readWork(options), renew });
  } finally {
    await lease?.release().catch(() => undefined); // it ends by itself
  }
}

function readWork({ signal, onProgress }: LongWork): Omit<JudgeWork, "renew"> {
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
  await work.renew();
  const judge = new Judge(target, work);
  const sorted = new Sorted(judge, copies.copies);
  for (const folder of folders) {
    await sorted.add(folder);
    await work.renew();
  }
  const judged = stepsFor(folders, judge, await judge.judge(), copies.copies);
  const listed = folders.flatMap(({ info }) => info ?? []);
  const found: ArchiveFindings[] = [];
  for (const id of archives)
    found.push(
      await lookIntoArchive(target, host, id, { before: listed, after: judged.sound, work }),
    );
  const beside = folders.flatMap((folder) => {
    const info = judged.sound.find(({ backupId }) => backupId === folder.backupId);
    return info === undefined ? [] : sweepBeside(folder, info, host.clock());
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
  const known = [...new Map([...copies.copies, ...listed.map(withId)]).values()];
  const segments = new Map(archives.map((id, i) => [sourceName(id), found[i]?.kept ?? []]));
  return {
    steps: withIndex(steps, folders, copies),
    sound: judged.sound.map(({ backupId }) => backupId),
    leftAlone,
    losses,
    advice: adviceOn({ known, sound: judged.sound, segments, leftAlone }),
  };
}

const withId = (info: BackupInfo): [string, BackupInfo] => [info.backupId, info];

const sourceName = ({ db, namespace }: NamespaceId): string => `${db}/${namespace}`;

/** Backups that only the index remembers. */
function goneOf(folders: readonly Folder[], { copies }: IndexCopies): Loss[] {
  const there = new Set(
    folders.filter(({ names, fault }) => names.length > 0 || fault).map(({ backupId }) => backupId),
  );
  const gone = [...copies.values()].filter(({ backupId }) => !there.has(backupId));
  return gone.map(({ backupId: name, timestamp }) => ({
    name,
    why: `the index has this backup of ${timestamp}, and its folder is gone: lost, or deleted when there was no room to say so`,
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
