// nadb delete KEY…
import { checkKey } from "@nadb/core";
import type { Command } from "commander";
import { formatCount, plural } from "../format.js";
import { type Begin, openStore, type Session } from "../session.js";

export function addDelete(program: Command, begin: Begin): void {
  program
    .command("delete")
    .description("delete records, all in one commit; a missing one is no failure")
    .argument("<key...>")
    .action((keys: string[], _: object, command: Command) => deleteKeys(begin(command), keys));
}

async function deleteKeys(session: Session, named: readonly string[]): Promise<void> {
  const { output, signal } = session;
  for (const key of named) checkKey(key);
  const keys = [...new Set(named)];
  await using store = await openStore(session, { create: false });
  const deleted = await store.deleteMany(keys, { signal });
  const text = `deleted ${formatCount(deleted)} of ${plural(keys.length, "record")}`;
  await output.result({ requested: keys.length, deleted }, text);
}
