// nadb delete KEY…
import { checkKey, type KeyValueStore } from "@nadb/core";
import type { Command } from "commander";
import { usageError } from "../failure.js";
import { formatCount, plural } from "../format.js";
import { type Begin, openStore, type Session } from "../session.js";
import { parseVersion, VERSION } from "./option-values.js";

interface Options {
  readonly ifVersion?: number;
}

export function addDelete(program: Command, begin: Begin): void {
  program
    .command("delete")
    .description("delete records, all in one commit; a missing one is no failure")
    .argument("<key...>")
    .option(VERSION, "only exactly this version of the one key; else NADB_CONFLICT", parseVersion)
    .action((keys: string[], options: Options, command: Command) =>
      deleteKeys(begin(command), keys, options),
    );
}

async function deleteKeys(
  session: Session,
  named: readonly string[],
  { ifVersion }: Options,
): Promise<void> {
  const { output, signal } = session;
  for (const key of named) checkKey(key);
  const keys = [...new Set(named)];
  if (ifVersion !== undefined && keys.length > 1) throw usageError("--if-version is for one key");
  await using store = await openStore(session, { create: false });
  const deleted =
    ifVersion === undefined
      ? await store.deleteMany(keys, { signal })
      : await deleteVersion(store, keys, ifVersion, signal);
  const text = `deleted ${formatCount(deleted)} of ${plural(keys.length, "record")}`;
  await output.result({ requested: keys.length, deleted }, text);
}

async function deleteVersion(
  store: KeyValueStore,
  [key = ""]: readonly string[],
  ifVersion: number,
  signal: AbortSignal,
): Promise<number> {
  return (await store.delete(key, { ifVersion, signal })) ? 1 : 0;
}
