// The limits of nadb backup health: those of the command line, or else, one by one, those of nadb.config.json.
import type { HealthLimits } from "@nadb/backup";
import { invalidArgument, type NamespaceId, quote } from "@nadb/core";
import type { Command } from "commander";
import { parseDuration } from "../../duration.js";
import type { Flags } from "../../session.js";
import { nameOf } from "./all-namespaces.js";

export interface LimitOptions {
  readonly maxAge?: string;
  readonly maxUnverified?: string;
  readonly maxUndrilled?: string;
  readonly maxLag?: string;
  readonly maxChain?: string;
}

export function addLimitOptions(command: Command): Command {
  return command
    .option("--max-age <span>", "of the newest good backup: 26h if left out; off: not judged")
    .option("--max-unverified <span>", "since the last full verification: 8d")
    .option("--max-undrilled <span>", "since the last drill: 35d")
    .option("--max-lag <span>", "of the archive behind the store: what it promises")
    .option("--max-chain <count>", "backups that the newest good one restores from: 100");
}

/** Throws NADB_INVALID_ARGUMENT. The namespace that the schedule archives must have an archive. */
export function limitsOf(options: LimitOptions, flags: Flags, id: NamespaceId): HealthLimits {
  const { health: config = {}, schedule } = flags;
  const spans = {
    maxAgeSeconds: options.maxAge ?? config.maxAge,
    maxUnverifiedSeconds: options.maxUnverified ?? config.maxUnverified,
    maxUndrilledSeconds: options.maxUndrilled ?? config.maxUndrilled,
    maxLagSeconds: options.maxLag ?? config.maxLag,
  };
  const limits: [string, number | null][] = [];
  for (const [name, span] of Object.entries(spans))
    if (span !== undefined) limits.push([name, span === "off" ? null : parseDuration(span)]);
  const chain = options.maxChain ?? config.maxChain;
  if (chain !== undefined) limits.push(["maxChainLength", parseCount(String(chain))]);
  const isArchived = schedule?.archive !== undefined && nameOf(id) === nameOf(flags);
  return { ...Object.fromEntries(limits), expectsArchive: isArchived };
}

function parseCount(text: string): number | null {
  if (text === "off") return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw invalidArgument(`${quote(text)} is no whole number above 0`);
}
