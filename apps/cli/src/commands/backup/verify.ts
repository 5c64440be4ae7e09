// nadb backup verify [ID]: one backup, or all of them. Reads as a restore would and changes nothing.
import { type BackupInfo, directoryTarget, Repository, type Verification } from "@nadb/backup";
import { checkName, isNadbError, NadbError } from "@nadb/core";
import type { Command } from "commander";
import { formatBytes, plural } from "../../format.js";
import { ProgressLine } from "../../progress.js";
import type { Begin, Session } from "../../session.js";
import { damageError, findingsText } from "./damage.js";

export function addVerify(backup: Command, begin: Begin): void {
  backup
    .command("verify")
    .description("read a backup, or all of them, as a restore would; exit 4 when one is damaged")
    .argument("[id]")
    .action((id: string | undefined, _: object, command: Command) =>
      id === undefined ? verifyAll(begin(command)) : verifyOne(begin(command), id),
    );
}

async function verifyOne(session: Session, id: string): Promise<void> {
  checkName("backup id", id);
  const repository = await openRepository(session);
  const verification = await verify(session, repository, await repository.get(id));
  await session.output.result(verification, verificationText(verification));
  if (!verification.ok) throw damageError([verification]);
}

async function verifyAll(session: Session): Promise<void> {
  const repository = await openRepository(session);
  const backups = await repository.list();
  if (backups.length === 0) {
    throw new NadbError("NADB_NOT_FOUND", "there is no backup to verify", {
      hint: "nadb backup create",
    });
  }
  const verifications: Verification[] = [];
  for (const info of backups) verifications.push(await verify(session, repository, info));
  const damaged = verifications.filter(({ ok }) => !ok);
  const document = { ok: damaged.length === 0, verifications };
  await session.output.result(document, verifications.map(verificationText).join("\n"));
  if (damaged.length > 0) throw damageError(damaged);
}

const openRepository = ({ flags }: Session): Promise<Repository> =>
  Repository.open(directoryTarget(flags.repo));

/** A manifest that can not be read is a finding, too: the other backups are still looked at. */
async function verify(
  { output, signal }: Session,
  repository: Repository,
  info: BackupInfo,
): Promise<Verification> {
  using line = new ProgressLine(output);
  try {
    return await repository.verify(info.backupId, { signal, onProgress: line.show });
  } catch (error) {
    if (!isNadbError(error, "NADB_CORRUPTION") && !isNadbError(error, "NADB_NEWER_FORMAT"))
      throw error;
    return unreadable(info, error);
  }
}

function unreadable(info: BackupInfo, error: NadbError): Verification {
  const { backupId, recordCount, totalSize, stateDigest } = info;
  const what = error.code === "NADB_NEWER_FORMAT" ? "newer" : "unreadable";
  const finding = { severity: "damage", what, backupId, detail: error.message } as const;
  return { backupId, ok: false, findings: [finding], recordCount, totalSize, stateDigest };
}

function verificationText(verification: Verification): string {
  const { backupId, ok, recordCount, totalSize } = verification;
  if (!ok) return `${backupId}: damaged\n${findingsText(verification)}`;
  return `${backupId}: sound, ${plural(recordCount, "record")}, ${formatBytes(totalSize)}`;
}
