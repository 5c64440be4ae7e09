// The limits of nadb backup health: those of the command line, or else, one by one, those of nadb.config.json.
import type { HealthLimits } from "@nadb/backup";
import { invalidArgument, isNadbError, type NamespaceId, quote } from "@nadb/core";
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
  const limits: [string, number | null][] = [];
  for (const name of SPANS) {
    const span = options[name] ?? config[name];
    const where = options[name] === undefined ? `health.${name}` : undefined;
    if (span !== undefined) limits.push([`${name}Seconds`, spanOf(span, where)]);
  }
  const chain = options.maxChain ?? config.maxChain;
  if (chain !== undefined) limits.push(["maxChainLength", parseCount(String(chain))]);
  const isArchived = schedule?.archive !== undefined && nameOf(id) === nameOf(flags);
  return { ...Object.fromEntries(limits), expectsArchive: isArchived };
}

const SPANS = ["maxAge", "maxUnverified", "maxUndrilled", "maxLag"] as const;

/** @param where it stands, when somebody else may have written it. */
function spanOf(span: string, where: string | undefined): number | null {
  if (span === "off") return null;
  try {
    return parseDuration(span);
  } catch (error) {
    if (where === undefined || !isNadbError(error, "NADB_INVALID_ARGUMENT")) throw error;
    throw invalidArgument(`${where}: ${error.message}`, `${error.hint}, or off`);
  }
}

function parseCount(text: string): number | null {
  if (text === "off") return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw invalidArgument(`${quote(text)} is no whole number above 0`);
}
