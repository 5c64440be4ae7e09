// nadb backup history KEY: every version of a key that backups and archive still hold, oldest first; no store is needed.
import { historyOf, type KeyVersion } from "@nadb/backup";
import { checkKey, NadbError, quote } from "@nadb/core";
import type { Command } from "commander";
import { formatBytes, formatTable, formatTime, instant, printable } from "../../format.js";
import type { Begin, Session } from "../../session.js";
import { openRepository } from "./reader.js";

export function addHistory(backup: Command, begin: Begin): void {
  backup
    .command("history")
    .description("every version of a key that backups and archive hold, oldest first")
    .argument("<key>")
    .action((key: string, _: object, command: Command) => showHistory(begin(command), key));
}

async function showHistory(session: Session, key: string): Promise<void> {
  checkKey(key);
  const { flags, output, signal } = session;
  const { db, namespace } = flags;
  const repository = await openRepository(session);
  const versions = await historyOf(repository, { db, namespace }, key, { signal });
  if (versions.length === 0) {
    throw new NadbError("NADB_NOT_FOUND", `no backup of ${db}/${namespace} knows ${quote(key)}`);
  }
  await output.result({ key, versions: versions.map(documentOf) }, textOf(versions));
}

function documentOf({ change, time, ...version }: KeyVersion): object {
  const rest = { ...version, ...instant(time) };
  if (change.type !== "record") return { ...rest, type: "delete" };
  const { value, tags, expiresAt } = change.record;
  const expiry = expiresAt === undefined ? {} : { expiresAt };
  return { ...rest, type: "put", bytes: value.length, tags, ...expiry };
}

function textOf(versions: readonly KeyVersion[]): string {
  const rows = versions.map(({ version, time, change, id }) => [
    formatTime(time),
    String(version),
    change.type === "record" ? formatBytes(change.record.value.length) : "deleted",
    change.type === "record" ? change.record.tags.map(printable).join(", ") : "",
    id,
  ]);
  return formatTable([["TIME", "VERSION", "SIZE", "TAGS", "FROM"], ...rows], [1, 2]);
}
