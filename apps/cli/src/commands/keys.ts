// nadb keys: every key, page by page, so that memory does not grow with the store.
import { checkKey, checkTag, everyPage, type KeyValueStore } from "@nadb/core";
import type { Command } from "commander";
import { printable } from "../format.js";
import type { Output } from "../output.js";
import { type Begin, openStore, type Session } from "../session.js";
import { collect, parseCount } from "./option-values.js";

interface Options {
  readonly prefix: string;
  readonly tag: readonly string[];
  readonly limit: number;
}

/** Keys that go out in one write. */
const CHUNK = 500;

export function addKeys(program: Command, begin: Begin): void {
  program
    .command("keys")
    .description("list keys, one a line, in the order of their UTF-8 bytes")
    .option("--prefix <text>", "only keys that begin so", "")
    .option("--tag <tag>", "only records with this tag; repeated: with all of them", collect, [])
    .option("--limit <n>", "stop after so many", parseCount, Number.POSITIVE_INFINITY)
    .action((options: Options, command: Command) => listKeys(begin(command), options));
}

async function listKeys(session: Session, options: Options): Promise<void> {
  if (options.prefix !== "") checkKey(options.prefix);
  options.tag.forEach(checkTag);
  const { flags, output, signal } = session;
  await using store = await openStore(session, { create: false });
  const keys = chunks(take(matchingKeys(store, options, signal), options.limit), CHUNK);
  if (flags.json) await writeJson(output, keys);
  else for await (const chunk of keys) await output.raw(`${chunk.map(printable).join("\n")}\n`);
}

async function* matchingKeys(
  store: KeyValueStore,
  { prefix, tag }: Options,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (tag.length === 0) {
    yield* everyPage((from) => store.keys({ prefix, signal, ...from }));
    return;
  }
  for await (const key of everyPage((from) => store.queryByTags({ all: tag, signal, ...from }))) {
    if (key.startsWith(prefix)) yield key;
  }
}

/** `{"keys":[…],"count":n}`, written as the keys come. */
async function writeJson(output: Output, keys: AsyncIterable<string[]>): Promise<void> {
  let count = 0;
  let text = '{"keys":[';
  for await (const chunk of keys) {
    const items = chunk.map((key) => JSON.stringify(key)).join(",");
    await output.raw(count === 0 ? text + items : `,${items}`);
    text = "";
    count += chunk.length;
  }
  await output.raw(`${text}],"count":${count}}\n`);
}

async function* take(keys: AsyncIterable<string>, limit: number): AsyncGenerator<string> {
  let taken = 0;
  for await (const key of keys) {
    yield key;
    if (++taken === limit) return;
  }
}

async function* chunks(keys: AsyncIterable<string>, size: number): AsyncGenerator<string[]> {
  let chunk: string[] = [];
  for await (const key of keys) {
    chunk.push(key);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
