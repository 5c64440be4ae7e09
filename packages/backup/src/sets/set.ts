// Sets: backups of several namespaces that were taken together under one label. Each says how many there are, so a set
// that lost one of its backups, or was never finished, is not taken for a whole one.
import { corruption, NadbError, type NamespaceId, quote, type StorageNamespace } from "@nadb/core";
import type { Scan } from "../catalog.js";
import type { BackupInfo } from "../manifest.js";
import { isSafeName } from "../paths.js";
import type { Repository } from "../repository.js";

/** The part of a backend that sets need. One that wraps its namespaces, to flush or to open values, does as well. */
export interface NamespaceSource {
  namespaces(): AsyncIterable<NamespaceId>;
  namespace(id: NamespaceId): Promise<StorageNamespace>;
}

/** The backups of a whole set, oldest first. Throws NADB_NOT_FOUND, and NADB_CORRUPTION unless the set is whole. */
export async function getSet(
  repository: Repository,
  label: string,
): Promise<readonly BackupInfo[]> {
  const scan = await repository.scan();
  const members = membersOf(label, scan.backups);
  if (members.length === 0) throw noLabel(label, scan.backups);
  const missing = whatIsMissing(label, members, scan);
  if (missing !== undefined) throw missing;
  return members;
}

/** What keeps the set of a label from being whole; undefined when it is, or when the label is of single backups. */
export function whatIsMissing(
  label: string,
  members: readonly BackupInfo[],
  { findings }: Pick<Scan, "findings">,
): NadbError | undefined {
  if (isWhole(members)) return undefined;
  const size = Math.max(...members.map(({ setSize }) => setSize));
  if (size === 1) return noSet(label, members);
  const there = members.map(({ backupId }) => backupId).join(", ");
  const unreadable = findings.filter(({ backupId }) => backupId.startsWith(`${label}.`));
  const damaged = unreadable.map(({ backupId }) => `; ${backupId} can not be read`).join("");
  return corruption(
    `the set ${quote(label)} is not whole: of ${size} backups taken together there are ${members.length} (${there})${damaged}`,
    "restore its backups one by one, or another set",
  );
}

/** As many as each of them says, of as many namespaces. */
export function isWhole(members: readonly BackupInfo[]): boolean {
  const namespaces = new Set(members.map(sourceOf));
  const { length } = members;
  return namespaces.size === length && members.every(({ setSize }) => setSize === length);
}

/** Those of the label that were taken together; the single ones where none were. */
export function membersOf(label: string, backups: readonly BackupInfo[]): readonly BackupInfo[] {
  const labelled = backups.filter((info) => info.label === label);
  const together = labelled.filter(({ setSize }) => setSize > 1);
  return together.length > 0 ? together : labelled;
}

/** The newest whole set of exactly these namespaces. */
export function newestSetOf(
  ids: readonly NamespaceId[],
  backups: readonly BackupInfo[],
): readonly BackupInfo[] | undefined {
  const wanted = ids.map(nameOf).sort().join();
  const labels = new Set(backups.flatMap(({ label }) => label ?? []).reverse());
  for (const label of labels) {
    const members = membersOf(label, backups);
    if (isWhole(members) && members.map(sourceOf).sort().join() === wanted) return members;
  }
  return undefined;
}

/** Ids for the backups of a set: LABEL.DB.NAMESPACE, numbered where that is no id or is taken. */
export function idsOfSet(
  label: string,
  ids: readonly NamespaceId[],
  taken: Iterable<string>,
): readonly string[] {
  const used = new Set(Array.from(taken, caseless));
  return ids.map((id) => {
    for (const candidate of candidates(label, id)) {
      if (!isSafeName(candidate) || used.has(caseless(candidate))) continue;
      used.add(caseless(candidate));
      return candidate;
    }
    throw new TypeError("unreachable: numbers have no end");
  });
}

/** Long enough to be told apart, short enough for a number behind it. */
const LABEL_PART = 100;

function* candidates(label: string, { db, namespace }: NamespaceId): Generator<string, void> {
  yield `${label}.${db}.${namespace}`;
  for (let number = 1; ; number++) yield `${label.slice(0, LABEL_PART)}.${number}`;
}

/** Some disks take names that differ in case for the same. */
const caseless = (id: string): string => id.toLowerCase();

export const nameOf = ({ db, namespace }: NamespaceId): string => `${db}/${namespace}`;

const sourceOf = ({ sourceDb, sourceNamespace }: BackupInfo): string =>
  nameOf({ db: sourceDb, namespace: sourceNamespace });

const noSet = (label: string, { length }: readonly BackupInfo[]): NadbError =>
  new NadbError(
    "NADB_NOT_FOUND",
    `${quote(label)} is the label of ${length} backups that were not taken together`,
    { hint: "name one of them by its id" },
  );

export function noLabel(label: string, backups: readonly BackupInfo[]): NadbError {
  const labels = [...new Set(backups.flatMap((info) => info.label ?? []))];
  const hint =
    labels.length === 0 ? "no backup has one" : `there are: ${labels.slice(-5).join(", ")}`;
  return new NadbError("NADB_NOT_FOUND", `no backup has the label ${quote(label)}`, { hint });
}
