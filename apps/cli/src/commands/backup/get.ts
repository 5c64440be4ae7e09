// nadb backup get ID KEY: one record as it was at the backup's cut, in the forms of nadb get.
import { checkKey, checkName, NadbError, quote } from "@nadb/core";
import type { Command } from "commander";
import type { Begin, Session } from "../../session.js";
import { writeRecord } from "../get.js";
import { openReader } from "./reader.js";

interface Options {
  readonly meta?: true;
}

export function addGet(backup: Command, begin: Begin): void {
  backup
    .command("get")
    .description("write a value's bytes to stdout as they were at the backup; no store is needed")
    .argument("<id>")
    .argument("<key>")
    .option("--meta", "tags, times and version instead of the value")
    .action((id: string, key: string, options: Options, command: Command) =>
      getFromBackup(begin(command), id, key, options),
    );
}

async function getFromBackup(
  session: Session,
  id: string,
  key: string,
  { meta }: Options,
): Promise<void> {
  checkName("backup id", id);
  checkKey(key);
  const reader = await openReader(session);
  const record = await reader.getFromBackup(id, key, { signal: session.signal });
  if (record === undefined) {
    throw new NadbError("NADB_NOT_FOUND", `the backup ${id} holds no record ${quote(key)}`, {
      hint: `nadb backup keys ${id} lists what it holds`,
    });
  }
  await writeRecord(session, record, meta === true);
}
