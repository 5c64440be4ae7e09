// nadb backup restore LABEL --all-namespaces. INVARIANT: as for one backup, the set is read whole and proven before a
// missing store is made, and before a present one is touched; leases hold it from the plan over the question to the end.
import {
  type BackupInfo,
  backupAllNamespaces,
  getSet,
  type LongWork,
  type OfNamespace,
  type PreparedSetRestore,
  type PrepareRestoreAllOptions,
  prepareRestoreAllNamespaces,
  Repository,
  type RestorePlan,
  verifyLabel,
} from "@nadb/backup";
import {
  checkName,
  isNadbError,
  memoryBackend,
  NadbError,
  type NamespaceId,
  type StorageBackend,
} from "@nadb/core";
import { confirmPlan } from "../../confirm.js";
import { secondsSince } from "../../format.js";
import { targetOf } from "../../open-target.js";
import { ProgressLine } from "../../progress.js";
import type { Session } from "../../session.js";
import { OpenedBackend, openBackend, presentBackend } from "./all-namespaces.js";
import { damageError } from "./damage.js";
import { type Holding, plansText, restoredText, setInWords } from "./restore-all-plan.js";
import {
  checkRestoreOptions,
  libraryOptions,
  type Options,
  selectionText,
  selects,
} from "./restore-options.js";

/** @param db the database that all of it goes into; else each namespace goes where it came from. */
export async function restoreSet(
  session: Session,
  label: string,
  options: Options,
  db: string | undefined,
): Promise<void> {
  checkName("label", label);
  checkRestoreOptions(options);
  const repository = await Repository.open(await targetOf(session.flags));
  await getSet(repository, label); // one that is not whole is refused before anything is read
  const into = ({ namespace, ...source }: NamespaceId) => ({ db: db ?? source.db, namespace });
  await using present = await presentBackend(session);
  await using empty = present ? undefined : await emptyBackend();
  const restore = {
    ...libraryOptions(options),
    backend: ((present ?? empty) as OpenedBackend).backend,
    repository,
    label,
    into,
    verifyIntegrity: false, // read whole for the plan, or not at all; what is loaded is proven before it shows
  };
  const { signal } = session;
  await using prepared = await explained(restore, { signal }, () =>
    prepareRestoreAllNamespaces(restore),
  );
  const set = prepared.backups;
  const targets = targetsOf(set, into);
  const holding = present ? await holdingOf(present.backend, targets) : NOTHING;
  const isPlanned = options.verify || options.dryRun === true;
  const plans = isPlanned ? await plansOf(session, restore, prepared) : undefined;
  if (plans !== undefined) checkSelected(label, plans, options);
  if (plans !== undefined && options.dryRun)
    return session.output.result({ label, namespaces: plans }, plansText(plans));
  const words = setInWords(session, { label, set, holding, plans }, options);
  if (holding.count > 0 && options.onConflict !== "keep-existing")
    await confirmPlan(session, words);
  await using made = present ? undefined : await openBackend(session, { create: true });
  const { backend } = (present ?? made) as OpenedBackend;
  const site = { backend, repository, targets };
  const saved = options.safetyBackup ? await safetySet(session, site, holding) : undefined;
  await load(session, prepared, { label, backend, saved });
}

const targetsOf = (
  set: readonly BackupInfo[],
  into: (source: NamespaceId) => NamespaceId,
): NamespaceId[] => set.map((info) => into({ db: info.sourceDb, namespace: info.sourceNamespace }));

const NOTHING: Holding = { count: 0, bytes: 0, namespaces: 0 };

async function holdingOf(
  backend: StorageBackend,
  targets: readonly NamespaceId[],
): Promise<Holding> {
  const holding = { ...NOTHING };
  for (const id of targets) {
    const { count, bytes } = await (await backend.namespace(id)).head();
    holding.count += count;
    holding.bytes += bytes;
    holding.namespaces += count > 0 ? 1 : 0;
  }
  return holding;
}

/** Reads all of the set. For a store that is yet to be made an empty one stands in. */
async function plansOf(
  session: Session,
  restore: Pick<PrepareRestoreAllOptions, "repository" | "label">,
  prepared: PreparedSetRestore,
): Promise<readonly OfNamespace<RestorePlan>[]> {
  const { output, signal } = session;
  using line = new ProgressLine(output);
  const work = { signal, onProgress: line.show };
  return await explained(restore, work, () => prepared.plan(work));
}

/** Damage of a set is told as verify tells it. */
async function explained<T>(
  { repository, label }: Pick<PrepareRestoreAllOptions, "repository" | "label">,
  how: LongWork,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isDamage =
      isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT");
    if (!isDamage) throw error;
    const { verifications } = await verifyLabel(repository, label, how);
    const damaged = verifications.filter(({ ok }) => !ok);
    throw damaged.length > 0 ? damageError(damaged) : error; // of a target, or of what makes it a set
  }
}

async function emptyBackend(): Promise<OpenedBackend> {
  const backend = memoryBackend();
  await backend.open();
  return new OpenedBackend(backend);
}

/** A selection mistyped must not empty the store. */
function checkSelected(label: string, plans: readonly RestorePlan[], options: Options): void {
  if (!options.clear || !selects(options)) return;
  const isFound = ({ add, change, same, skip, expired }: RestorePlan) =>
    add + change + same + skip + expired > 0;
  if (plans.some(isFound)) return;
  throw new NadbError(
    "NADB_NOT_FOUND",
    `the set ${label} holds nothing of what was asked for: ${selectionText(options)}`,
    { hint: "nadb backup keys ID lists what a backup holds" },
  );
}

interface Site {
  readonly backend: StorageBackend;
  readonly repository: Repository;
  readonly targets: readonly NamespaceId[];
}

/** The label of full backups of all targets, empty ones too, so that it restores them all; null when there is nothing. */
async function safetySet(
  { output, signal }: Session,
  { backend, repository, targets }: Site,
  { count }: Holding,
): Promise<string | null> {
  if (count === 0) return null;
  using line = new ProgressLine(output);
  const label = `safety-${new Date().toISOString().replace(/[-:.]/g, "")}`;
  const source = {
    namespaces: async function* () {
      yield* targets;
    },
    namespace: (id: NamespaceId) => backend.namespace(id),
  };
  const work: LongWork = { signal, onProgress: line.show };
  await backupAllNamespaces({ backend: source, repository, label, ...work });
  return label;
}

interface Loading {
  readonly label: string;
  readonly backend: StorageBackend;
  /** The label of the safety backups; null: there was nothing; undefined: none were wanted. */
  readonly saved: string | null | undefined;
}

async function load(
  { output, signal }: Session,
  prepared: PreparedSetRestore,
  { label, backend, saved }: Loading,
): Promise<void> {
  const started = performance.now();
  using line = new ProgressLine(output);
  const namespaces = await prepared.execute({ backend, signal, onProgress: line.show });
  line.clear();
  const document = { label, namespaces, ...(saved === undefined ? {} : { safetyLabel: saved }) };
  await output.result(document, restoredText(namespaces, secondsSince(started), saved));
}
