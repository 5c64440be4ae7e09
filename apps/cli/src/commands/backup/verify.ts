// nadb backup verify [ID...]: some backups, or all of them. Reads as a restore would and changes nothing of them; what a
// full verification found is kept beside each, for their health to be judged by.
import {
  Repository,
  VERIFY_LEVELS,
  type Verification,
  type VerifyLevel,
  verifyArchive,
  verifyLabel,
} from "@nadb/backup";
import { checkName, corruption, isNadbError, NadbError } from "@nadb/core";
import { type Command, Option } from "commander";
import { usageError } from "../../failure.js";
import { formatBytes, plural } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import type { Begin, Session } from "../../session.js";
import { damageError, findingsText } from "./damage.js";

interface Options {
  readonly all?: true;
  readonly archive?: true;
  readonly label?: string;
  readonly level: VerifyLevel;
  readonly record: boolean;
}

export function addVerify(backup: Command, begin: Begin): void {
  const level = new Option(
    "--level <level>",
    "quick: manifests and sizes; checksum: every byte too; full: every record and the digest, as a restore",
  );
  backup
    .command("verify")
    .description("read backups as a restore would; exit 4 when one is damaged")
    .argument("[id...]", "all of them if left out")
    .option("--all", "all backups in the repository")
    .option(
      "--archive",
      "the archive of the namespace, and whether its newest points can be restored",
    )
    .option("--label <name>", "all backups of this label; of a set also whether it is whole")
    .addOption(level.choices(VERIFY_LEVELS).default("full"))
    .option("--no-record", "keep no evidence of what a full verification found")
    .action((ids: string[], options: Options, command: Command) => {
      if (options.archive) return verifyWholeArchive(begin(command), ids, options);
      return options.label === undefined
        ? verifyBackups(begin(command), ids, options)
        : verifyLabelled(begin(command), ids, options, options.label);
    });
}

async function verifyWholeArchive(
  { flags, output, signal }: Session,
  ids: readonly string[],
  { all, label, level, record }: Options,
): Promise<void> {
  if (all || label !== undefined || ids.length > 0)
    throw usageError("--archive goes with no ids, not with --all and not with --label");
  const { db, namespace } = flags;
  const repository = await Repository.open(await targetOf(flags));
  using line = new ProgressLine(output);
  const work = { level, record, signal, onProgress: line.show };
  const verification = await verifyArchive(repository, { db, namespace }, work);
  line.clear();
  const { ok, segments, findings } = verification;
  const text = `archive of ${db}/${namespace}: ${ok ? PASSED[level] : "damaged"}, ${plural(segments, "segment")}`;
  await output.result(verification, [text, ...findings.map(({ detail }) => detail)].join("\n"));
  if (!ok)
    throw corruption(
      `the archive of ${db}/${namespace} is damaged`,
      "nadb backup repair --dry-run; nadb backup points lists what can be restored",
    );
}

async function verifyLabelled(
  { flags, output, signal }: Session,
  ids: readonly string[],
  { all, level, record }: Options,
  label: string,
): Promise<void> {
  if (all || ids.length > 0) throw usageError("--label goes with no ids and not with --all");
  checkName("label", label);
  const repository = await Repository.open(await targetOf(flags));
  using line = new ProgressLine(output);
  const verification = await verifyLabel(repository, label, {
    level,
    record,
    signal,
    onProgress: line.show,
  });
  line.clear();
  const { incomplete, verifications } = verification;
  const lines = verifications.map(verificationText);
  await output.result(verification, [...lines, ...(incomplete ? [incomplete] : [])].join("\n"));
  if (incomplete !== null) throw corruption(incomplete, "take a new set");
  if (!verification.ok) throw damageError(verifications.filter(({ ok }) => !ok));
}

/** The document of one backup that was named is its verification; of others a list of them. */
async function verifyBackups(
  session: Session,
  ids: readonly string[],
  { all, level, record }: Options,
): Promise<void> {
  if (all && ids.length > 0) throw usageError("--all is for no ids");
  for (const id of ids) checkName("backup id", id);
  const repository = await Repository.open(await targetOf(session.flags));
  const chosen = ids.length > 0 ? await known(repository, ids) : await everyId(repository);
  const verifications: Verification[] = [];
  for (const id of chosen)
    verifications.push(await verify(session, repository, id, { level, record }));
  const damaged = verifications.filter(({ ok }) => !ok);
  const document = { ok: damaged.length === 0, verifications };
  const [only] = ids.length === 1 ? verifications : [];
  await session.output.result(only ?? document, verifications.map(verificationText).join("\n"));
  if (damaged.length > 0) throw damageError(damaged);
}

/** Each id once. Throws NADB_NOT_FOUND before anything is verified; damage is for the verification to tell. */
async function known(repository: Repository, ids: readonly string[]): Promise<string[]> {
  const unique = [...new Set(ids)];
  for (const id of unique) {
    try {
      await repository.get(id);
    } catch (error) {
      if (!isNadbError(error, "NADB_CORRUPTION") && !isNadbError(error, "NADB_NEWER_FORMAT"))
        throw error;
    }
  }
  return unique;
}

async function everyId(repository: Repository): Promise<string[]> {
  const { backups, findings } = await repository.scan();
  const ids = [...backups, ...findings].map(({ backupId }) => backupId);
  if (ids.length > 0) return ids;
  throw new NadbError("NADB_NOT_FOUND", "there is no backup to verify", {
    hint: "nadb backup create",
  });
}

async function verify(
  { output, signal }: Session,
  repository: Repository,
  id: string,
  how: Pick<Options, "level" | "record">,
): Promise<Verification> {
  using line = new ProgressLine(output);
  return await repository.verify(id, { ...how, signal, onProgress: line.show });
}

/** What each level that found nothing has shown. */
const PASSED: Readonly<Record<VerifyLevel, string>> = {
  quick: "manifest and size as they should be",
  checksum: "every byte as it should be",
  full: "sound",
};

function verificationText(verification: Verification): string {
  const { backupId, level, ok, recordCount, totalSize } = verification;
  if (!ok) return `${backupId}: damaged\n${findingsText(verification)}`;
  return `${backupId}: ${PASSED[level]}, ${plural(recordCount, "record")}, ${formatBytes(totalSize)}`;
}
