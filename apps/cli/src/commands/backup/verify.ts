// nadb backup verify [ID]: one backup, or all of them. Reads as a restore would and changes nothing.
import { directoryTarget, Repository, type Verification } from "@nadb/backup";
import { checkName, NadbError } from "@nadb/core";
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
  const verification = await verify(session, repository, id);
  await session.output.result(verification, verificationText(verification));
  if (!verification.ok) throw damageError([verification]);
}

async function verifyAll(session: Session): Promise<void> {
  const repository = await openRepository(session);
  const { backups, findings } = await repository.scan();
  const ids = [...backups, ...findings].map(({ backupId }) => backupId);
  if (ids.length === 0) {
    throw new NadbError("NADB_NOT_FOUND", "there is no backup to verify", {
      hint: "nadb backup create",
    });
  }
  const verifications: Verification[] = [];
  for (const id of ids) verifications.push(await verify(session, repository, id));
  const damaged = verifications.filter(({ ok }) => !ok);
  const document = { ok: damaged.length === 0, verifications };
  await session.output.result(document, verifications.map(verificationText).join("\n"));
  if (damaged.length > 0) throw damageError(damaged);
}

const openRepository = ({ flags }: Session): Promise<Repository> =>
  Repository.open(directoryTarget(flags.repo));

async function verify(
  { output, signal }: Session,
  repository: Repository,
  id: string,
): Promise<Verification> {
  using line = new ProgressLine(output);
  return await repository.verify(id, { signal, onProgress: line.show });
}

function verificationText(verification: Verification): string {
  const { backupId, ok, recordCount, totalSize } = verification;
  if (!ok) return `${backupId}: damaged\n${findingsText(verification)}`;
  return `${backupId}: sound, ${plural(recordCount, "record")}, ${formatBytes(totalSize)}`;
}
