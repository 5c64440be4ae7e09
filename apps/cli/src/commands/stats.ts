// nadb stats
import type { StoreStats } from "@nadb/core";
import type { Command } from "commander";
import { formatBytes, formatCount, formatFields } from "../format.js";
import { type Begin, openStore, type Session, storeName } from "../session.js";

export function addStats(program: Command, begin: Begin): void {
  program
    .command("stats")
    .description("what a namespace holds: counts, sizes, its checkpoint and state digest")
    .action((_: object, command: Command) => showStats(begin(command)));
}

async function showStats(session: Session): Promise<void> {
  const { output, signal } = session;
  await using store = await openStore(session, { create: false });
  const stats = await store.stats({ signal });
  await output.result(stats, statsText(storeName(session.flags), stats));
}

function statsText(store: string, stats: StoreStats): string {
  return formatFields([
    ["store", `${store} (${stats.backend})`],
    ["namespace", `${stats.db}/${stats.namespace}`],
    ["records", formatCount(stats.count)],
    ["values", formatBytes(stats.bytes)],
    ["tags", formatCount(stats.tags)],
    ["checkpoint", stats.checkpoint],
    ["digest", stats.digest],
  ]);
}
