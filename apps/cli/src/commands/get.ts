// nadb get KEY
import { checkKey, type StoredRecord } from "@nadb/core";
import type { Command } from "commander";
import { noRecord } from "../failure.js";
import { formatBytes, formatFields, formatTime, printable } from "../format.js";
import { type Begin, openStore, type Session } from "../session.js";

interface Options {
  readonly meta?: true;
}

export function addGet(program: Command, begin: Begin): void {
  program
    .command("get")
    .description("write a value's bytes to stdout, as they are")
    .argument("<key>")
    .option("--meta", "tags, times and version instead of the value")
    .action((key: string, options: Options, command: Command) => get(begin(command), key, options));
}

async function get(session: Session, key: string, { meta }: Options): Promise<void> {
  checkKey(key);
  await using store = await openStore(session, { create: false });
  const record = await store.getWithMetadata(key, { signal: session.signal });
  if (record === undefined) throw noRecord(key);
  await writeRecord(session, record, meta === true);
}

/** The value's bytes; with `meta` all but the value; with --json both, but for the value with `meta`. */
export async function writeRecord(
  { flags, output }: Session,
  record: StoredRecord,
  meta: boolean,
): Promise<void> {
  if (meta) await output.result(metadata(record), metadataText(record));
  else if (flags.json) await output.result({ ...metadata(record), ...jsonValue(record.value) }, "");
  else await output.raw(record.value);
}

function metadata({ value, ...rest }: StoredRecord): object {
  return { ...rest, bytes: value.length };
}

/** The value as text where it is UTF-8, in base64 where it is not; `encoding` says which. */
function jsonValue(value: Uint8Array): { value: string; encoding: "utf8" | "base64" } {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { value: decoder.decode(value), encoding: "utf8" };
  } catch {
    return { value: Buffer.from(value).toString("base64"), encoding: "base64" };
  }
}

function metadataText({ key, value, tags, version, ...times }: StoredRecord): string {
  const fields: [string, string][] = [
    ["key", printable(key)],
    ["size", formatBytes(value.length)],
    ["tags", tags.map(printable).join(", ") || "none"],
    ["version", String(version)],
    ["created", formatTime(times.createdAt)],
    ["updated", formatTime(times.updatedAt)],
    ["expires", times.expiresAt === undefined ? "never" : formatTime(times.expiresAt)],
  ];
  return formatFields(fields);
}
