// nadb set KEY [VALUE]
import { canonicalTags, checkKey } from "@nadb/core";
import { type Command, Option } from "commander";
import { type ExpiryOptions, expiryOptions, instantOf, parseExpiry } from "../expiry.js";
import { formatBytes, formatTime, printable } from "../format.js";
import { readValue } from "../read-value.js";
import { type Begin, backendOf, openStoreOn, type Session } from "../session.js";
import { collect, parseVersion, VERSION } from "./option-values.js";

interface Options extends ExpiryOptions {
  readonly file?: string;
  readonly tag?: readonly string[];
  readonly ifAbsent?: true;
  readonly ifVersion?: number;
}

/** What has been stored. */
interface Stored {
  readonly key: string;
  readonly bytes: number;
  readonly tags: readonly string[];
  readonly expiresAt?: number;
  readonly version: number | undefined;
}

export function addSet(program: Command, begin: Begin): void {
  const command = program
    .command("set")
    .description("store a value; it replaces value, tags and expiry of an existing record")
    .argument("<key>", "1 to 1,024 bytes of UTF-8")
    .argument("[value]", "the value; '-' or nothing: read it from stdin")
    .option("--file <path>", "read the value from this file")
    .option("--tag <tag>", "tag the record; repeat it for more", collect)
    .option("--if-absent", "only where there is no record yet; else NADB_CONFLICT")
    .addOption(ifVersion());
  for (const option of expiryOptions()) command.addOption(option);
  command.action((key: string, value: string | undefined, options: Options, invoked: Command) =>
    set(begin(invoked), key, value, options),
  );
}

const ifVersion = (): Option =>
  new Option(VERSION, "only over exactly this version (get --meta); else NADB_CONFLICT")
    .argParser(parseVersion)
    .conflicts("ifAbsent");

/** Everything is checked before the store is opened, so that bad input does not even make a folder. */
async function set(
  session: Session,
  key: string,
  text: string | undefined,
  options: Options,
): Promise<void> {
  const { signal, output, terminal } = session;
  const { file, ifAbsent, ifVersion } = options;
  checkKey(key);
  const tags = canonicalTags(options.tag);
  const expiry = parseExpiry(options);
  const backend = await backendOf(session, { create: true });
  const { maxValueBytes: maxBytes } = backend.capabilities;
  const value = await readValue({ text, file, stdin: terminal.stdin, maxBytes, signal });
  const expires = instantOf(expiry);
  const condition = { ...(ifAbsent && { ifAbsent }), ...(ifVersion && { ifVersion }) };

  await using store = await openStoreOn(session, backend);
  const version = await store.set(key, value, { tags, ...expires, ...condition, signal });
  const stored: Stored = { key, bytes: value.length, tags, ...expires, version };
  await output.result(stored, summary(stored));
}

function summary({ key, bytes, tags, expiresAt, version }: Stored): string {
  const parts = [`set ${printable(key)}: ${formatBytes(bytes)}`];
  if (tags.length > 0) parts.push(`tags ${tags.map(printable).join(", ")}`);
  if (expiresAt !== undefined) parts.push(`expires ${formatTime(expiresAt)}`);
  if (version !== undefined) parts.push(`version ${version}`);
  return parts.join("; ");
}
