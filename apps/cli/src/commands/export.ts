// nadb export DIR
import type { Command } from "commander";
import { exportTree } from "../export-tree.js";
import { formatBytes, plural, secondsSince } from "../format.js";
import { ProgressLine } from "../progress.js";
import { type Begin, openStore, type Session } from "../session.js";

export function addExport(program: Command, begin: Begin): void {
  program
    .command("export")
    .description("write each record as a file below a new or empty folder, from one consistent cut")
    .argument("<dir>")
    .action((folder: string, _: object, command: Command) => exportFolder(begin(command), folder));
}

async function exportFolder(session: Session, folder: string): Promise<void> {
  const { output, signal } = session;
  const started = performance.now();
  await using store = await openStore(session, { create: false });
  const { count: totalRecords } = await store.storage.head({ signal });
  using line = new ProgressLine(output);
  const onProgress = (records: number, bytes: number): void =>
    line.show({ phase: "export", records, bytes, totalRecords });
  const exported = await exportTree(store.storage, folder, { signal, onProgress });
  line.clear();
  const { count, bytes, head } = exported;
  const text = `exported ${plural(count, "file")}, ${formatBytes(bytes)}, to ${folder} in ${secondsSince(started)}`;
  await output.result({ count, bytes, checkpoint: head.checkpoint }, text);
}
