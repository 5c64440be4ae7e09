// nadb tags
import { compareUtf8 } from "@nadb/core";
import type { Command } from "commander";
import { formatCount, formatTable, printable } from "../format.js";
import { type Begin, openStore, type Session } from "../session.js";

export function addTags(program: Command, begin: Begin): void {
  program
    .command("tags")
    .description("list the tags in use with the number of records that carry each")
    .action((_: object, command: Command) => listTags(begin(command)));
}

async function listTags(session: Session): Promise<void> {
  const { output, signal } = session;
  await using store = await openStore(session, { create: false });
  const tags = [...(await store.listTags({ signal }))].sort(([a], [b]) => compareUtf8(a, b));
  if (tags.length === 0) output.note("no tags");
  const rows = tags.map(([tag, count]) => [formatCount(count), printable(tag)]);
  await output.result({ tags: Object.fromEntries(tags) }, formatTable(rows, [0]));
}
