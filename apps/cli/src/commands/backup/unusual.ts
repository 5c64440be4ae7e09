// What is unusual about backups that were just taken: they are kept, somebody has to look, and the exit code says so.
import { type Repository, type UnusualBackup, unusualBackups } from "@nadb/backup";
import { HeldBack } from "../../held-back.js";

/** Of the backups with these ids. */
export async function unusualAmong(
  repository: Repository,
  ids: readonly string[],
): Promise<readonly UnusualBackup[]> {
  const all = await unusualBackups(repository, (await repository.scan()).backups);
  return all.filter(({ info }) => ids.includes(info.backupId));
}

/** Throws when there is one. */
export function checkUsual(unusual: readonly UnusualBackup[]): void {
  const [first] = unusual;
  if (first === undefined) return;
  const said = unusual.map(({ info, anomalies }) => {
    const details = anomalies.map(({ detail }) => detail).join("; ");
    return `${info.backupId} is there, and unusual: ${details}`;
  });
  throw new HeldBack(
    said.join("; "),
    `nothing older is pruned until somebody has looked: nadb backup accept ${first.info.backupId}`,
  );
}
