// Health in the text format of Prometheus (exposition format 0.0.4). The names are public API: added to, never renamed.
// What is not known has no line.
import type { HealthOfAll } from "./all-namespaces.js";
import { type Health, rankOf } from "./judge.js";
import type { HealthMeasures } from "./measures.js";

type Metric = readonly [
  name: string,
  value: (measures: HealthMeasures) => number | undefined,
  help: string,
];

const seconds = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Date.parse(time) / 1000;

// biome-ignore format: a table
const METRICS: readonly Metric[] = [
  ["nadb_backup_backups", (m) => m.backups, "Backups of the namespace."],
  ["nadb_backup_good_backups", (m) => m.goodBackups, "Backups whose chain is whole and of which no damage is known."],
  ["nadb_backup_damaged_backups", (m) => m.damagedBackups, "Backups that can not be restored, unreadable ones of any namespace included."],
  ["nadb_backup_unusual_backups", (m) => m.unusualBackups, "Backups outside the trend that nobody has accepted."],
  ["nadb_backup_leftovers", (m) => m.leftovers, "Folders in which a dead writer has left something."],
  ["nadb_backup_newest_good_timestamp_seconds", (m) => seconds(m.newestGoodAt), "When the newest good backup was taken."],
  ["nadb_backup_newest_good_age_seconds", (m) => m.ageSeconds, "How long ago the newest good backup was taken."],
  ["nadb_backup_verified_timestamp_seconds", (m) => seconds(m.verifiedAt), "When a full verification, or a drill, last found a backup ok."],
  ["nadb_backup_drilled_timestamp_seconds", (m) => seconds(m.drilledAt), "When a drill last found a backup ok."],
  ["nadb_backup_recovery_seconds", (m) => m.recoverySeconds, "How long the restore of the last drill took."],
  ["nadb_backup_chain_length", (m) => m.chainLength, "Backups that the newest good one restores from, itself included."],
  ["nadb_backup_stored_bytes", (m) => m.storedBytes, "Bytes of the data files of the namespace's backups."],
  ["nadb_backup_state_records", (m) => m.stateRecords, "Records of the namespace at the cut of the newest good backup."],
  ["nadb_backup_state_bytes", (m) => m.stateBytes, "Bytes of the values of the namespace at the cut of the newest good backup."],
  ["nadb_backup_archive_lag_seconds", (m) => m.archiveLagSeconds, "For how long there may have been changes that are not archived."],
  ["nadb_backup_archive_lag_versions", (m) => m.archiveLagVersions, "Versions of the namespace that are not archived."],
  ["nadb_backup_archive_verified_timestamp_seconds", (m) => seconds(m.archiveVerifiedAt), "When the archive was last verified in full."],
];

/** Of a namespace, or of all in one text. Ends with a line end, as the format wants it. */
export function prometheusText(health: Health | HealthOfAll): string {
  const isOfAll = "namespaces" in health;
  const all = isOfAll ? health.namespaces : [health];
  const lines = [...(isOfAll ? wholeFamilies(health) : []), ...namespaceFamilies(all)];
  return `${lines.join("\n")}\n`;
}

function wholeFamilies({ db, status, checkedAt, namespaces }: HealthOfAll): string[] {
  const labels: Labels = db === null ? {} : { db };
  return [
    ...family("nadb_backup_all_health", "The worst of all. 0: ok, 1: warning, 2: critical.", [
      [labels, rankOf(status)],
    ]),
    ...family("nadb_backup_all_namespaces", "Namespaces that were looked at.", [
      [labels, namespaces.length],
    ]),
    ...family("nadb_backup_all_checked_timestamp_seconds", "When they were.", [
      [labels, seconds(checkedAt)],
    ]),
  ];
}

function namespaceFamilies(all: readonly Health[]): string[] {
  const each = (value: (health: Health) => number | undefined): Sample[] =>
    all.map((health) => [labelsOf(health), value(health)]);
  const checks = all.flatMap((health) =>
    health.checks.map(
      ({ name, status }): Sample => [{ ...labelsOf(health), check: name }, rankOf(status)],
    ),
  );
  return [
    ...family(
      "nadb_backup_health",
      "0: ok, 1: warning, 2: critical.",
      each(({ status }) => rankOf(status)),
    ),
    ...family("nadb_backup_check_status", "Of each check. 0: ok, 1: warning, 2: critical.", checks),
    ...family(
      "nadb_backup_checked_timestamp_seconds",
      "When all this was looked at.",
      each(({ checkedAt }) => seconds(checkedAt)),
    ),
    ...METRICS.flatMap(([name, value, help]) =>
      family(
        name,
        help,
        each(({ measures }) => measures && value(measures)),
      ),
    ),
  ];
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number | undefined];

const labelsOf = ({ db, namespace }: Health): Labels => ({ db, namespace });

/** None when no value is known. */
function family(name: string, help: string, samples: readonly Sample[]): string[] {
  const known = samples.flatMap(([labels, value]) =>
    value === undefined ? [] : [`${name}${labelText(labels)} ${value}`],
  );
  if (known.length === 0) return [];
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} gauge`, ...known];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
