// nadb backup drill [ID]: restores a backup for real, into a scratch namespace that is removed again, compares, and tells how
// long it took. Exit 4 when the backup does not give back its state.
import { type Drill, drillBackup, newestBackup, Repository } from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import { formatBytes, formatCount, formatFields, plural } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import type { Begin, Flags, Session } from "../../session.js";
import { openBackend } from "./all-namespaces.js";
import { damageError, findingsText } from "./damage.js";

interface Options {
  readonly into?: string;
  readonly record: boolean;
}

export function addDrill(backup: Command, begin: Begin): void {
  backup
    .command("drill")
    .description("restore a backup into a scratch namespace, compare it, time it; exit 4 on damage")
    .argument("[id]", "the newest of the namespace if left out")
    .option("--into <url>", "another store to restore into; else --store itself")
    .option("--no-record", "keep no evidence of it beside the backup")
    .action((id: string | undefined, options: Options, command: Command) =>
      drill(begin(command), id, options),
    );
}

async function drill(session: Session, id: string | undefined, options: Options): Promise<void> {
  if (id !== undefined) checkName("backup id", id);
  const { flags, output, signal } = session;
  const { db, namespace } = flags;
  const repository = await Repository.open(await targetOf(flags));
  const backupId = id ?? (await newestBackup(repository, { db, namespace })).backupId;
  await using opened = await openScratchStore(session, options);
  const { backend } = opened;
  using line = new ProgressLine(output);
  const onProgress = line.show;
  const done = await drillBackup(repository, backupId, {
    backend,
    record: options.record,
    signal,
    onProgress,
  });
  line.clear();
  await output.result(done, drillText(done));
  if (!done.ok) throw damageError([done]);
}

/** Another store is made where there is none; its scratch namespace goes, its folder stays. */
function openScratchStore(session: Session, { into }: Options) {
  if (into === undefined) return openBackend(session, { create: false });
  const { storeFolder: _, ...rest } = session.flags;
  const flags: Flags = { ...rest, store: into };
  return openBackend({ ...session, flags }, { create: true });
}

function drillText(drill: Drill): string {
  const { backupId, ok, recordCount, bytes, seconds } = drill;
  if (!ok) return `${backupId}: damaged\n${findingsText(drill)}`;
  const rate = `${formatCount(Math.round(drill.recordsPerSecond))} records/s, ${formatBytes(Math.round(drill.bytesPerSecond))}/s`;
  return formatFields([
    ["drilled", backupId],
    ["restored", `${plural(recordCount, "record")}, ${formatBytes(bytes)}`],
    ["recovery", `${seconds.toFixed(1)} s${seconds === 0 ? "" : `, ${rate}`}`],
    ["digest", drill.stateDigest],
    ["evidence", drill.recorded ? "kept beside the backup" : "not kept"],
  ]);
}
