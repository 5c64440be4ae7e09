// nadb backup delete ID, or all backups of a label. What others or points of the archive are laid over is refused before anybody is
// asked, and once more when it is deleted; with --force the plan says which points go with it.
import {
  type BackupInfo,
  checkNotLastGood,
  checkNotPinned,
  checkPointsStay,
  deleteBackup,
  deleteLabel,
  type LossesOptions,
  type LostPoints,
  lossesWithout,
  lostText,
  planDeleteLabel,
  Repository,
} from "@nadb/backup";
import { checkName, isNadbError, NadbError } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan } from "../../confirm.js";
import { usageError } from "../../failure.js";
import { formatBytes, plural } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { repositoryName } from "../../repository-url.js";
import type { Begin, Session } from "../../session.js";

/** Ids named in one message. */
const NAMED = 10;

export function addDelete(backup: Command, begin: Begin): void {
  backup
    .command("delete")
    .description(
      "delete a backup for good; refused while incrementals, or points of the archive, hang on it",
    )
    .argument("[id]")
    .option("--label <name>", "all backups of this label, a set for instance")
    .option("--consolidate", "merge it into the incrementals that go on from it, which stay")
    .option(
      "--force",
      "delete it even if it is pinned, the last good one, or points of the archive need it",
    )
    .action((id: string | undefined, options: Options, command: Command) => {
      const { label, ...how } = options;
      if (id !== undefined && label === undefined) return deleteOne(begin(command), id, how);
      if (how.consolidate)
        throw usageError("--consolidate goes with one backup, not with a --label");
      if (id === undefined && label !== undefined)
        return deleteLabelled(begin(command), label, how);
      throw usageError("name one backup, or a --label");
    });
}

interface Options {
  readonly label?: string;
  readonly consolidate?: true;
  readonly force?: true;
}

async function deleteOne(session: Session, id: string, how: Omit<Options, "label">): Promise<void> {
  const { flags, output } = session;
  checkName("backup id", id);
  const repository = await Repository.open(await targetOf(flags));
  const content = await contentOf(repository, id);
  if (!how.force) await checkNotPinned(repository.target, id);
  if (!how.consolidate) checkNotNeeded(id, await repository.list());
  const lost = await lostWith(repository, [id], how);
  if (!how.force) await checkNotLastGood(repository, id);
  await confirmPlan(session, {
    question: `Delete the backup ${id} for good?`,
    fields: [
      ["delete", id],
      ["holding", content],
      ...lostFields(lost),
      ["from", repositoryName(flags)],
    ],
  });
  const { mergedInto } = await deleteBackup(repository, id, {
    ...how,
    keepLastGood: !how.force,
    signal: session.signal,
  });
  const merged = mergedInto.length === 0 ? "" : `, merged into ${mergedInto.join(", ")}`;
  const document = { backupId: id, deleted: true, mergedInto, lostPoints: lost };
  await output.result(document, `deleted ${id}${merged}`);
}

/** Throws NADB_CONFLICT for any, unless it is forced. */
async function lostWith(
  repository: Repository,
  ids: readonly string[],
  { force, ...how }: LossesOptions & Pick<Options, "force">,
): Promise<readonly LostPoints[]> {
  if (!force) await checkPointsStay(repository, ids, how);
  return force ? (await lossesWithout(repository, ids, how)).lost : [];
}

const lostFields = (lost: readonly LostPoints[]): (readonly [string, string])[] =>
  lost.map((points) => ["unreachable", lostText(points)]);

/** Pins hold, also when it is forced. */
async function deleteLabelled(
  session: Session,
  label: string,
  { force = false }: { readonly force?: boolean },
): Promise<void> {
  const { flags, output } = session;
  checkName("label", label);
  const repository = await Repository.open(await targetOf(flags));
  const how = { keepLastGood: !force, force };
  const plan = await planDeleteLabel(repository, label, how);
  const bytes = plan.reduce((sum, { storedSize }) => sum + storedSize, 0);
  const ids = plan.map(({ backupId }) => backupId);
  const lost = force ? (await lossesWithout(repository, ids)).lost : [];
  await confirmPlan(session, {
    question: `Delete ${plural(ids.length, "backup")} of the label ${label} for good?`,
    fields: [
      ["delete", ids.length > NAMED ? `${ids.slice(0, NAMED).join(", ")}, …` : ids.join(", ")],
      ["holding", `${plural(ids.length, "backup")}, ${formatBytes(bytes)} stored`],
      ...lostFields(lost),
      ["from", repositoryName(flags)],
    ],
  });
  const deleted = await deleteLabel(repository, label, how);
  const document = { label, deleted, lostPoints: lost };
  await output.result(document, deleted.map((id) => `deleted ${id}`).join("\n"));
}

/** A backup that can not be read can still be deleted. */
async function contentOf(repository: Repository, id: string): Promise<string> {
  try {
    const { timestamp, recordCount, totalSize } = await repository.get(id);
    return `${plural(recordCount, "record")}, ${formatBytes(totalSize)}, of ${timestamp}`;
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return "something that can not be read any more";
    throw error;
  }
}

/** Throws NADB_CONFLICT with the ids that have to go first, in the order in which they can. */
function checkNotNeeded(id: string, backups: readonly BackupInfo[]): void {
  const needing = laidOver(id, backups);
  if (needing.length === 0) return;
  const first = needing.slice(0, NAMED).join(", ");
  const more = needing.length > NAMED ? `, and ${needing.length - NAMED} more` : "";
  throw new NadbError(
    "NADB_CONFLICT",
    `${plural(needing.length, "incremental backup")} can not be restored without ${id}`,
    {
      hint: `to delete it, first delete in this order: ${first}${more}; or merge it into them with --consolidate`,
    },
  );
}

/** The incrementals that need the backup, each before the one that it is laid over. */
function laidOver(id: string, backups: readonly BackupInfo[]): string[] {
  const children = new Map<string, string[]>();
  for (const { backupId, parentBackupId } of backups) {
    if (parentBackupId === null) continue;
    children.set(parentBackupId, [...(children.get(parentBackupId) ?? []), backupId]);
  }
  const found = new Set([id]);
  for (const parent of found) for (const child of children.get(parent) ?? []) found.add(child);
  return [...found].slice(1).reverse();
}
