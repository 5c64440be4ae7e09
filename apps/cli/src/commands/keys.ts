// nadb keys: the keys that match, written page by page. Cursors are told in base64url: they may hold any key, and are to
// survive a shell.
import { checkKey, checkTag, invalidArgument, type Page, quote } from "@nadb/core";
import type { Command } from "commander";
import { formatCount, printable, toJson } from "../format.js";
import { type Choice, countMatches, type From, matchingPages } from "../matches.js";
import type { Output } from "../output.js";
import { type Begin, openStore, type Session } from "../session.js";
import { collect, wholeNumber } from "./option-values.js";

interface Options {
  readonly prefix?: string;
  readonly tag?: readonly string[];
  readonly any?: readonly string[];
  readonly none?: readonly string[];
  readonly limit?: number;
  readonly cursor?: string;
  readonly total?: true;
}

/** What is told beside the keys. */
interface Rest {
  readonly total?: number;
  readonly cursor?: string;
}

export function addKeys(program: Command, begin: Begin): void {
  program
    .command("keys")
    .description("list keys, one a line, in the order of their UTF-8 bytes")
    .option("--prefix <text>", "only keys that begin so")
    .option("--tag <tag>", "only records with this tag; repeated: with all of them", collect)
    .option("--any <tag>", "only records with this tag; repeated: with one of them", collect)
    .option("--none <tag>", "only records without this tag; it may be repeated", collect)
    .option("--limit <n>", "stop after so many", wholeNumber("--limit"))
    .option("--cursor <cursor>", "go on where a limit has stopped a listing")
    .option("--total", "tell how many match in all, whatever limit and cursor say")
    .action((options: Options, command: Command) => listKeys(begin(command), options));
}

async function listKeys(session: Session, options: Options): Promise<void> {
  const { signal } = session;
  const choice = choiceOf(options);
  const { limit = Number.POSITIVE_INFINITY } = options;
  const from = { limit, ...startOf(options), signal };
  await using store = await openStore(session, { create: false });
  const total = async (): Promise<number | undefined> =>
    options.total && countMatches(store, choice, signal);
  await writePages(session, matchingPages(store, choice, from), total);
}

/** One key a line, or `{"keys":[…],"count":n}`, as they come. */
export async function writePages(
  { flags, output }: Session,
  pages: Pages,
  countAll: Total = async () => undefined,
): Promise<void> {
  await (flags.json ? writeJson : writeText)(output, pages, countAll);
}

function choiceOf({ prefix = "", tag = [], any = [], none = [] }: Options): Choice {
  if (prefix !== "") checkKey(prefix);
  for (const tags of [tag, any, none]) tags.forEach(checkTag);
  if (tag.length + any.length + none.length === 0) return { prefix };
  return { prefix, tags: { all: tag, none, ...(any.length > 0 && { any }) } };
}

function startOf({ cursor }: Options): Pick<From, "cursor"> {
  if (cursor === undefined) return {};
  const decoded = Buffer.from(cursor, "base64url").toString();
  if (cursor !== "" && shownCursor(decoded) === cursor) return { cursor: decoded };
  throw invalidArgument(
    `--cursor ${quote(cursor)} is no cursor`,
    "take it from what nadb keys --limit tells",
  );
}

const shownCursor = (cursor: string): string => Buffer.from(cursor).toString("base64url");

type Pages = AsyncIterable<Page<string>>;
type Total = () => Promise<number | undefined>;

async function writeText(output: Output, pages: Pages, countAll: Total): Promise<void> {
  let cursor: string | undefined;
  for await (const page of pages) {
    if (page.items.length > 0) await output.raw(`${page.items.map(printable).join("\n")}\n`);
    cursor = page.cursor;
  }
  const total = await countAll();
  if (total !== undefined) output.note(`total: ${formatCount(total)}`);
  if (cursor !== undefined) output.note(`more: --cursor ${shownCursor(cursor)}`);
}

/** `{"keys":[…],"count":n}` and what else there is to tell, written as the keys come. */
async function writeJson(output: Output, pages: Pages, countAll: Total): Promise<void> {
  let count = 0;
  let cursor: string | undefined;
  let text = '{"keys":[';
  for await (const page of pages) {
    cursor = page.cursor;
    if (page.items.length === 0) continue;
    const items = page.items.map((key) => toJson(key)).join(",");
    await output.raw(count === 0 ? text + items : `,${items}`);
    text = "";
    count += page.items.length;
  }
  const total = await countAll();
  const rest: Rest = {
    ...(total !== undefined && { total }),
    ...(cursor !== undefined && { cursor: shownCursor(cursor) }),
  };
  await output.raw(`${text}],${toJson({ count, ...rest }).slice(1)}\n`);
}
