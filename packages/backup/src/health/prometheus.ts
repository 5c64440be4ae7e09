// Health in the text format of Prometheus (exposition format 0.0.4). The names are public API: added to, never renamed.
// What is not known has no line.

import { type Health, rankOf } from "./judge.js";
import type { HealthMeasures } from "./measures.js";

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly value: (measures: HealthMeasures) => number | undefined;
}

const seconds = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Date.parse(time) / 1000;

const METRICS: readonly Metric[] = [
  {
    name: "nadb_backup_backups",
    help: "Backups of the namespace.",
    value: (m) => m.backups,
  },
  {
    name: "nadb_backup_good_backups",
    help: "Backups whose chain is whole and of which no damage is known.",
    value: (m) => m.goodBackups,
  },
  {
    name: "nadb_backup_damaged_backups",
    help: "Backups that can not be restored, those with unreadable manifests of any namespace included.",
    value: (m) => m.damagedBackups,
  },
  {
    name: "nadb_backup_unusual_backups",
    help: "Backups outside the trend that nobody has accepted.",
    value: (m) => m.unusualBackups,
  },
  {
    name: "nadb_backup_leftovers",
    help: "Folders in which a dead writer has left something.",
    value: (m) => m.leftovers,
  },
  {
    name: "nadb_backup_newest_good_timestamp_seconds",
    help: "When the newest good backup was taken.",
    value: (m) => seconds(m.newestGoodAt),
  },
  {
    name: "nadb_backup_newest_good_age_seconds",
    help: "How long ago the newest good backup was taken.",
    value: (m) => m.ageSeconds,
  },
  {
    name: "nadb_backup_verified_timestamp_seconds",
    help: "When a full verification, or a drill, last found a backup ok.",
    value: (m) => seconds(m.verifiedAt),
  },
  {
    name: "nadb_backup_drilled_timestamp_seconds",
    help: "When a drill last found a backup ok.",
    value: (m) => seconds(m.drilledAt),
  },
  {
    name: "nadb_backup_recovery_seconds",
    help: "How long the restore of the last drill took.",
    value: (m) => m.recoverySeconds,
  },
  {
    name: "nadb_backup_chain_length",
    help: "Backups that the newest good one restores from, itself included.",
    value: (m) => m.chainLength,
  },
  {
    name: "nadb_backup_stored_bytes",
    help: "Bytes of the data files of the namespace's backups.",
    value: (m) => m.storedBytes,
  },
  {
    name: "nadb_backup_state_records",
    help: "Records of the namespace at the cut of the newest good backup.",
    value: (m) => m.stateRecords,
  },
  {
    name: "nadb_backup_state_bytes",
    help: "Bytes of the values of the namespace at the cut of the newest good backup.",
    value: (m) => m.stateBytes,
  },
  {
    name: "nadb_backup_archive_lag_seconds",
    help: "For how long there may have been changes that are not archived.",
    value: (m) => m.archiveLagSeconds,
  },
  {
    name: "nadb_backup_archive_lag_versions",
    help: "Versions of the namespace that are not archived.",
    value: (m) => m.archiveLagVersions,
  },
];

/** Ends with a line end, as the format wants it. */
export function prometheusText(health: Health): string {
  const { db, namespace, status, checks, checkedAt, measures } = health;
  const source = { db, namespace };
  const lines = [
    ...family("nadb_backup_health", "0: ok, 1: warning, 2: critical.", [[source, rankOf(status)]]),
    ...family(
      "nadb_backup_check_status",
      "Of each check. 0: ok, 1: warning, 2: critical.",
      checks.map((check) => [{ ...source, check: check.name }, rankOf(check.status)]),
    ),
    ...family("nadb_backup_checked_timestamp_seconds", "When all this was looked at.", [
      [source, seconds(checkedAt)],
    ]),
    ...METRICS.flatMap(({ name, help, value }) =>
      family(name, help, [[source, measures && value(measures)]]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

type Labels = Readonly<Record<string, string>>;

/** None when no value is known. */
function family(
  name: string,
  help: string,
  samples: readonly (readonly [Labels, number | undefined])[],
): string[] {
  const known = samples.flatMap(([labels, value]) =>
    value === undefined ? [] : [`${name}${labelText(labels)} ${value}`],
  );
  if (known.length === 0) return [];
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} gauge`, ...known];
}

const labelText = (labels: Labels): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(",")}}`;

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
