// nadb backup get ID KEY: one record as it was at the backup's cut, or with --at at a time, in the forms of nadb get. It is looked up, not searched
// from the beginning: exit 0 means that what was read for it is proven, not the whole backup.
import { getAt } from "@nadb/backup";
import { checkKey, checkName, NadbError, quote } from "@nadb/core";
import type { Command } from "commander";
import { usageError } from "../../failure.js";
import { parseInstant } from "../../instant.js";
import type { Begin, Session } from "../../session.js";
import { writeRecord } from "../get.js";
import { openRepository } from "./reader.js";

interface Options {
  readonly meta?: true;
  readonly at?: string;
}

export function addGet(backup: Command, begin: Begin): void {
  backup
    .command("get")
    .description("write a value's bytes to stdout as they were at the backup; no store is needed")
    .argument("<id>", "the backup; with --at there is none, and the key comes first")
    .argument("[key]")
    .option("--meta", "tags, times and version instead of the value")
    .option(
      "--at <time>",
      "as it was at a time, such as 2030-01-31T12:00:00Z: the newest cut not later",
    )
    .action((first: string, second: string | undefined, options: Options, command: Command) => {
      const session = begin(command);
      if (options.at !== undefined) return getAtTime(session, first, second, options);
      if (second === undefined) throw usageError("a key is missing");
      return getFromBackup(session, first, second, options);
    });
}

async function getAtTime(
  session: Session,
  key: string,
  more: string | undefined,
  { at = "", meta }: Options,
): Promise<void> {
  checkKey(key);
  if (more !== undefined)
    throw usageError("--at goes without a backup: nadb backup get KEY --at TIME");
  const { db, namespace } = session.flags;
  const repository = await openRepository(session);
  const work = { signal: session.signal };
  const record = await getAt(repository, { db, namespace }, key, parseInstant(at), work);
  if (record === undefined) {
    throw new NadbError("NADB_NOT_FOUND", `there was no record ${quote(key)} at ${at}`, {
      hint: `nadb backup history ${key} lists its versions`,
    });
  }
  await writeRecord(session, record, meta === true);
}

async function getFromBackup(
  session: Session,
  id: string,
  key: string,
  { meta }: Options,
): Promise<void> {
  checkName("backup id", id);
  checkKey(key);
  const repository = await openRepository(session);
  const record = await repository.getFromBackup(id, key, { signal: session.signal });
  if (record === undefined) {
    throw new NadbError("NADB_NOT_FOUND", `the backup ${id} holds no record ${quote(key)}`, {
      hint: `nadb backup keys ${id} lists what it holds`,
    });
  }
  await writeRecord(session, record, meta === true);
}
