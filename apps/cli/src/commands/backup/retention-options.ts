// The policy of `nadb backup prune`: from its options or, where none of them names a rule, from nadb.config.json.
import { checkPolicy, type RetentionPolicy } from "@nadb/backup";
import { invalidArgument, quote } from "@nadb/core";
import type { Command } from "commander";
import { parseDuration } from "../../duration.js";
import type { RetentionConfig } from "../../retention-schema.js";
import { collect } from "../option-values.js";

export interface PolicyOptions {
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  /** Seconds. */
  readonly keepWithin?: number;
  readonly keepLabel?: readonly string[];
  /** The same: backups have labels, and no other tags. */
  readonly keepTag?: readonly string[];
  readonly timeZone?: string;
}

const PERIODS = [
  ["hourly", "hours"],
  ["daily", "days"],
  ["weekly", "ISO weeks"],
  ["monthly", "months"],
  ["yearly", "years"],
] as const;

export function addPolicyOptions(command: Command): Command {
  command.option("--keep-last <n>", "the newest n", count("--keep-last"));
  for (const [period, units] of PERIODS) {
    const flag = `--keep-${period}`;
    command.option(`${flag} <n>`, `the newest of each of the newest n ${units}`, count(flag));
  }
  return command
    .option("--keep-within <span>", "all within 30d (or 12h, …) of the newest", parseDuration)
    .option("--keep-label <name>", "all with this label; repeat it for more", collect)
    .option("--keep-tag <name>", "the same as --keep-label", collect)
    .option("--time-zone <name>", "where hours and days begin, e.g. Europe/Berlin; else UTC");
}

/** Throws NADB_INVALID_ARGUMENT for a policy that keeps nothing. */
export function policyOf(
  { keepWithin, keepLabel = [], keepTag = [], timeZone, ...counts }: PolicyOptions,
  config: RetentionConfig | undefined,
): RetentionPolicy {
  const keepLabels = [...keepLabel, ...keepTag];
  const rules: RetentionPolicy = {
    ...counts,
    ...(keepWithin !== undefined && { keepWithinSeconds: keepWithin }),
    ...(keepLabels.length > 0 && { keepLabels }),
  };
  const named = Object.keys(rules).length > 0 ? rules : policyOfConfig(config);
  const policy = { ...named, ...(timeZone !== undefined && { timeZone }) };
  checkPolicy(policy);
  return policy;
}

function policyOfConfig(config: RetentionConfig | undefined): RetentionPolicy {
  if (config === undefined) {
    throw invalidArgument(
      "there is no retention policy",
      'say what to keep, for instance --keep-last 7 --keep-daily 30, or "retention" in nadb.config.json',
    );
  }
  const { keepWithin, ...rules } = config;
  return keepWithin === undefined
    ? rules
    : { ...rules, keepWithinSeconds: parseDuration(keepWithin) };
}

/** Unlike other counts it may be 0: a rule of the configuration is switched off so. */
const count =
  (option: string) =>
  (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(number)) return number;
    throw invalidArgument(`${option} ${quote(text)} is not a whole number from 0`);
  };
