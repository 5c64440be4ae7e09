// nadb backup show ID: what its manifest says, and the chain that it restores from, also where that is broken.
import {
  type BackupInfo,
  Repository,
  readSalvageList,
  type SalvageList,
  type Verification,
} from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import { formatCount } from "../../format.js";
import { targetOf } from "../../open-target.js";
import type { Begin, Session } from "../../session.js";
import { damageError, findingsText } from "./damage.js";
import { chainText, infoText } from "./info.js";
import { lossesText } from "./salvage-text.js";

export function addShow(backup: Command, begin: Begin): void {
  backup
    .command("show")
    .description("a backup's manifest and the chain it restores from; exit 4 when that is broken")
    .argument("<id>")
    .action((id: string, _: object, command: Command) => showBackup(begin(command), id));
}

async function showBackup({ flags, output, signal }: Session, id: string): Promise<void> {
  checkName("backup id", id);
  const repository = await Repository.open(await targetOf(flags));
  const info = await repository.get(id);
  const verification = await repository.verify(id, { level: "quick", signal });
  const chain = await lineage(repository, info);
  const { ok, findings } = verification;
  const salvage = info.salvagedFrom && (await readSalvageList(repository.target, info));
  const text = [showText(info, chain, verification), ...(salvage ? [salvageText(salvage)] : [])];
  await output.result({ ...info, chain, findings, ...(salvage && { salvage }) }, text.join("\n\n"));
  if (!ok) throw damageError([verification]);
}

/** Oldest first, as far as the manifests lead. */
async function lineage(repository: Repository, tip: BackupInfo): Promise<BackupInfo[]> {
  const found = new Map([[tip.backupId, tip]]);
  let parent = tip.parentBackupId;
  try {
    while (parent !== null && !found.has(parent)) {
      const info = await repository.get(parent);
      found.set(parent, info);
      parent = info.parentBackupId;
    }
  } catch {
    // What ends the chain too early is a finding of the verification, which comes first.
  }
  return [...found.values()].reverse();
}

function showText(
  info: BackupInfo,
  chain: readonly BackupInfo[],
  verification: Verification,
): string {
  const parts = [infoText(info)];
  if (info.parentBackupId !== null) parts.push(chainText(chain));
  if (!verification.ok) parts.push(`can not be restored\n${findingsText(verification)}`);
  return parts.join("\n\n");
}

function salvageText({ losses, lossCount }: SalvageList): string {
  if (lossCount === 0) return "nothing was lost when it was salvaged";
  const more =
    lossCount > losses.length ? `\nand ${formatCount(lossCount - losses.length)} more` : "";
  return `${lossesText(losses)}${more}`;
}
