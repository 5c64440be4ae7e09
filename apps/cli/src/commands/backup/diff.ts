// nadb backup diff A B, or A --live. Differences go out as they are found: memory does not grow with the store.
import type { Difference } from "@nadb/backup";
import { checkName } from "@nadb/core";
import type { Command } from "commander";
import { chunks } from "../../chunks.js";
import { usageError } from "../../failure.js";
import { formatCount, printable } from "../../format.js";
import { type Begin, openStore, type Session } from "../../session.js";
import { openManager, openRepository } from "./reader.js";

interface Options {
  readonly live?: true;
}

type Counts = Record<Difference["type"], number>;

/** Differences that go out in one write. */
const CHUNK = 500;
const SIGNS: Readonly<Record<Difference["type"], string>> = {
  added: "+",
  deleted: "-",
  changed: "~",
};

export function addDiff(backup: Command, begin: Begin): void {
  backup
    .command("diff")
    .description(
      "what leads from one backup to another: + added, - deleted, ~ changed and what of it",
    )
    .argument("<from>", "the id of a backup")
    .argument("[to]", "the id of another")
    .option("--live", "to what the namespace holds now")
    .action((from: string, to: string | undefined, options: Options, command: Command) =>
      diff(begin(command), from, to, options),
    );
}

async function diff(
  session: Session,
  from: string,
  to: string | undefined,
  { live }: Options,
): Promise<void> {
  for (const id of [from, to]) if (id !== undefined) checkName("backup id", id);
  if (live && to === undefined) return diffWithLive(session, from);
  if (live || to === undefined)
    throw usageError("name a second backup or give --live, one of them");
  const repository = await openRepository(session);
  await repository.get(to); // told before the first difference is
  await write(session, repository.diffBackups(from, to, { signal: session.signal }));
}

async function diffWithLive(session: Session, from: string): Promise<void> {
  await using store = await openStore(session, { create: false });
  const manager = await openManager(session.flags, store);
  const { signal } = session;
  await write(session, manager.diffBackups(from, { live: true }, { signal }));
}

async function write(session: Session, found: AsyncIterable<Difference>): Promise<void> {
  const { flags, output } = session;
  const counts: Counts = { added: 0, changed: 0, deleted: 0 };
  const chunked = chunks(counted(found, counts), CHUNK);
  if (flags.json) return writeJson(session, chunked, counts);
  for await (const chunk of chunked) await output.raw(`${chunk.map(lineOf).join("\n")}\n`);
  const { added, changed, deleted } = counts;
  const [plus, tilde, minus] = [added, changed, deleted].map(formatCount);
  const isSame = added + changed + deleted === 0;
  output.note(isSame ? "no difference" : `${plus} added, ${tilde} changed, ${minus} deleted`);
}

/** `{"differences":[…],"added":n,"changed":n,"deleted":n}`, written as the differences come. */
async function writeJson(
  { output }: Session,
  chunked: AsyncIterable<readonly Difference[]>,
  counts: Counts,
): Promise<void> {
  let before = '{"differences":[';
  for await (const chunk of chunked) {
    await output.raw(before + chunk.map((one) => JSON.stringify(one)).join(","));
    before = ",";
  }
  const begin = before === "," ? "" : before;
  await output.raw(`${begin}],${JSON.stringify(counts).slice(1)}\n`);
}

async function* counted(
  found: AsyncIterable<Difference>,
  counts: Counts,
): AsyncGenerator<Difference> {
  for await (const difference of found) {
    counts[difference.type]++;
    yield difference;
  }
}

function lineOf(difference: Difference): string {
  const line = `${SIGNS[difference.type]} ${printable(difference.key)}`;
  return difference.type === "changed" ? `${line}  (${whatOf(difference).join(", ")})` : line;
}

function whatOf({ value, tags, expiresAt }: Difference): string[] {
  const parts = { value, tags, expiry: expiresAt };
  return Object.entries(parts).flatMap(([name, isOther]) => (isOther ? [name] : []));
}
