// nadb backup keys ID. The backup is read to its end whatever is asked for, so that exit 0 means: proven.
import type { StoredRecord } from "@nadb/core";
import { checkKey, checkName } from "@nadb/core";
import type { Command } from "commander";
import { chunks } from "../../chunks.js";
import type { Begin, Session } from "../../session.js";
import { writePages } from "../keys.js";
import { openRepository } from "./reader.js";

/** Keys that go out in one write. */
const PAGE = 500;

interface Options {
  readonly prefix: string;
}

export function addKeys(backup: Command, begin: Begin): void {
  backup
    .command("keys")
    .description("list the keys that a backup holds, one a line, in the order of their UTF-8 bytes")
    .argument("<id>")
    .option("--prefix <text>", "only keys that begin so", "")
    .action((id: string, options: Options, command: Command) =>
      listKeys(begin(command), id, options),
    );
}

async function listKeys(session: Session, id: string, { prefix }: Options): Promise<void> {
  checkName("backup id", id);
  if (prefix !== "") checkKey(prefix);
  const repository = await openRepository(session);
  const records = repository.readBackup(id, { signal: session.signal });
  await writePages(session, pagesOf(keysWith(prefix, records)));
}

async function* pagesOf(keys: AsyncIterable<string>): AsyncGenerator<{ items: string[] }> {
  for await (const items of chunks(keys, PAGE)) yield { items };
}

async function* keysWith(
  prefix: string,
  records: AsyncIterable<StoredRecord>,
): AsyncGenerator<string> {
  for await (const { key } of records) if (key.startsWith(prefix)) yield key;
}
