// nadb set KEY [VALUE]
import { canonicalTags, checkKey, expiryAfter, type SetOptions } from "@nadb/core";
import type { Command } from "commander";
import { parseDuration } from "../duration.js";
import { formatBytes, formatTime, printable } from "../format.js";
import { readValue } from "../read-value.js";
import { type Begin, backendOf, openStoreOn, type Session } from "../session.js";
import { collect } from "./option-values.js";

interface Options {
  readonly file?: string;
  readonly tag: readonly string[];
  readonly ttl?: string;
}

export function addSet(program: Command, begin: Begin): void {
  program
    .command("set")
    .description("store a value; it replaces value, tags and expiry of an existing record")
    .argument("<key>", "1 to 1,024 bytes of UTF-8")
    .argument("[value]", "the value; '-' or nothing: read it from stdin")
    .option("--file <path>", "read the value from this file")
    .option("--tag <tag>", "tag the record; repeat it for more", collect, [])
    .option("--ttl <span>", "let the record expire: 500ms, 90s, 15m, 1h, 7d")
    .action((key: string, value: string | undefined, options: Options, command: Command) =>
      set(begin(command), key, value, options),
    );
}

/** Everything is checked before the store is opened, so that bad input does not even make a folder. */
async function set(
  session: Session,
  key: string,
  text: string | undefined,
  options: Options,
): Promise<void> {
  const { signal, output, terminal } = session;
  checkKey(key);
  const tags = canonicalTags(options.tag);
  const ttlSeconds = options.ttl === undefined ? undefined : parseDuration(options.ttl);
  const backend = await backendOf(session, { create: true });
  const { maxValueBytes } = backend.capabilities;
  const source = {
    text,
    file: options.file,
    stdin: terminal.stdin,
    maxBytes: maxValueBytes,
    signal,
  };
  const value = await readValue(source);
  const expiry = expiryOf(ttlSeconds);

  await using store = await openStoreOn(session, backend);
  await store.set(key, value, { tags, ...expiry, signal });
  await output.result(
    { key, bytes: value.length, tags, ...expiry },
    summary(key, value, tags, expiry),
  );
}

function expiryOf(ttlSeconds: number | undefined): Pick<SetOptions, "expiresAt"> {
  return ttlSeconds === undefined ? {} : { expiresAt: expiryAfter(Date.now(), ttlSeconds) };
}

function summary(
  key: string,
  value: Uint8Array,
  tags: readonly string[],
  { expiresAt }: Pick<SetOptions, "expiresAt">,
): string {
  const parts = [`set ${printable(key)}: ${formatBytes(value.length)}`];
  if (tags.length > 0) parts.push(`tags ${tags.map(printable).join(", ")}`);
  if (expiresAt !== undefined) parts.push(`expires ${formatTime(expiresAt)}`);
  return parts.join("; ");
}
