// The options of nadb backup restore, checked, and as the library takes them.
import {
  ON_CONFLICT,
  type OnConflict,
  type RestoreOptions,
  TTL_POLICIES,
  type TtlPolicy,
} from "@nadb/backup";
import { checkKey, checkTag, invalidArgument } from "@nadb/core";
import { type Command, Option } from "commander";
import { collect } from "../option-values.js";
import { allNamespaces } from "./all-namespaces.js";

export interface Options {
  readonly at?: string;
  readonly point?: string;
  readonly allNamespaces?: true;
  readonly clear?: true;
  readonly onConflict: OnConflict;
  readonly prefix: readonly string[];
  readonly key: readonly string[];
  readonly tag: readonly string[];
  readonly ttl: TtlPolicy;
  readonly dryRun?: true;
  readonly safetyBackup?: true;
  readonly verify: boolean;
}

export function addRestoreOptions(command: Command): Command {
  const onConflict = new Option("--on-conflict <rule>", "which record stands where both have one");
  const ttl = new Option(
    "--ttl <policy>",
    "keep: records expire when they were to; extend: what was left of their lives at the backup begins now; strip: they do not expire",
  );
  return command
    .addOption(allNamespaces("all backups of a set; the name is its label"))
    .option(
      "--at <time>",
      "the newest state not later, such as 2030-01-31T12:00:00Z, instead of a backup",
    )
    .option("--point <id>", "the state of one point of nadb backup points, instead of a backup")
    .option("--clear", "what is restored replaces everything; without it other keys stay")
    .addOption(onConflict.choices(ON_CONFLICT).default("overwrite"))
    .option("--prefix <text>", "only keys that begin so; repeated: with any of them", collect, [])
    .option("--key <key>", "only this key; repeated: each of them", collect, [])
    .option("--tag <tag>", "only records with this tag; repeated: with any of them", collect, [])
    .addOption(ttl.choices(TTL_POLICIES).default("keep"))
    .option("--dry-run", "print what would happen and do nothing")
    .option("--safety-backup", "first a full backup of what is there, into the same repository")
    .option("--no-verify", "do not read the whole backup, nor plan, before the restore begins");
}

/** Throws NADB_INVALID_ARGUMENT. */
export function checkRestoreOptions({ clear, onConflict, prefix, key, tag }: Options): void {
  for (const text of [...prefix, ...key]) checkKey(text);
  tag.forEach(checkTag);
  if (!clear || onConflict === "overwrite") return;
  throw invalidArgument(
    `--clear leaves nothing that --on-conflict ${onConflict} could keep`,
    "give one of them",
  );
}

export const libraryOptions = ({
  clear,
  onConflict,
  prefix,
  key,
  tag,
  ttl,
}: Options): RestoreOptions => ({
  clearExisting: clear === true,
  onConflict,
  prefixes: prefix,
  keys: key,
  tags: tag,
  ttl,
});

export const selects = ({ prefix, key, tag }: Options): boolean =>
  prefix.length + key.length + tag.length > 0;

/** The selection in words. */
export function selectionText({ prefix, key, tag }: Options): string {
  const named = [
    ...prefix.map((text) => `prefix ${text}`),
    ...key.map((text) => `key ${text}`),
    ...tag.map((text) => `tag ${text}`),
  ];
  return named.join(", ");
}
