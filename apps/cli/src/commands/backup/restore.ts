// nadb backup restore ID. INVARIANT: the backup is verified before a missing store is made, and before a
// present one is touched.
import { type BackupInfo, BackupManager, directoryTarget, Repository } from "@nadb/backup";
import { checkName, type Head, isNadbError } from "@nadb/core";
import type { Command } from "commander";
import { confirmPlan, type Plan } from "../../confirm.js";
import { formatBytes, plural, secondsSince } from "../../format.js";
import { ProgressLine } from "../../progress.js";
import { type Begin, openStore, type Session, storeName } from "../../session.js";
import { damageError } from "./damage.js";

interface Options {
  readonly clear?: true;
  readonly verify: boolean;
}

export function addRestore(backup: Command, begin: Begin): void {
  backup
    .command("restore")
    .description("bring a backup's records back, all at once; the store is made if there is none")
    .argument("<id>")
    .option("--clear", "the backup replaces everything; without it other keys stay")
    .option("--no-verify", "do not read the whole backup before the restore begins")
    .action((id: string, options: Options, command: Command) =>
      restore(begin(command), id, options),
    );
}

async function restore(session: Session, id: string, options: Options): Promise<void> {
  const { flags, output } = session;
  checkName("backup id", id);
  const target = directoryTarget(flags.repo);
  const repository = await Repository.open(target);
  const info = await repository.get(id);
  const head = await currentHead(session);
  if (head.count > 0) await confirmPlan(session, restorePlan(session, info, head, options));
  const started = performance.now();
  using line = new ProgressLine(output);
  const work = { signal: session.signal, onProgress: line.show };
  if (options.verify) {
    const verification = await repository.verify(id, work);
    if (!verification.ok) throw damageError([verification]);
  }
  await using store = await openStore(session, { create: true });
  const manager = await BackupManager.open({ store, target });
  const restoration = await manager.restoreBackup(id, {
    ...work,
    verifyIntegrity: false, // verified above; what is loaded is proven again before it shows
    clearExisting: options.clear === true,
  });
  line.clear();
  const { recordCount, totalSize } = restoration;
  const text = `restored ${plural(recordCount, "record")}, ${formatBytes(totalSize)}, in ${secondsSince(started)}`;
  await output.result(restoration, text);
}

/** What the target holds now, without making it. */
async function currentHead(session: Session): Promise<Pick<Head, "count" | "bytes">> {
  try {
    await using store = await openStore(session, { create: false });
    return await store.storage.head();
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_A_STORE")) return { count: 0, bytes: 0 };
    throw error;
  }
}

function restorePlan(
  { flags }: Session,
  info: BackupInfo,
  head: Pick<Head, "count" | "bytes">,
  { clear }: Options,
): Plan {
  const { db, namespace } = flags;
  return {
    question: clear ? "Replace everything there?" : "Overwrite records of the same keys?",
    fields: [
      ["restore", `${info.backupId} of ${info.timestamp}, ${plural(info.recordCount, "record")}`],
      ["into", `${storeName(flags)} ${db}/${namespace}`],
      ["holding", `${plural(head.count, "record")}, ${formatBytes(head.bytes)}`],
      ["effect", clear ? "all of them go" : "those of the same keys are overwritten, others stay"],
    ],
  };
}
