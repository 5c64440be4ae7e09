// The health of all namespaces: of those that the store holds and of those that the repository has backups of, so that one
// that was lost with its store is judged, too. INVARIANT: that nothing is known of is no health: it is critical.
import type { NamespaceId, StorageNamespace } from "@nadb/core";
import {
  holdsByName,
  type LeftOut,
  listNamespaces,
  type NamespaceListing,
} from "../sets/namespaces.js";
import { type NamespaceSource, nameOf } from "../sets/set.js";
import type { HealthCheck, HealthStatus } from "./check.js";
import {
  type Contents,
  contentsOf,
  type Failure,
  factsOf,
  type GatherOptions,
  isFailure,
  orFailure,
} from "./facts.js";
import { type Health, judgeHealth, worstOf } from "./judge.js";
import { type HealthLimits, limitsInForce } from "./limits.js";

export interface HealthOfAllOptions extends GatherOptions {
  /** Opens the store: a backend. Left out: the backups are judged by themselves. */
  readonly source?: () => Promise<NamespaceSource>;
  /** Only the namespaces of this database. */
  readonly db?: string;
}

export interface HealthOfAll {
  /** The worst of all. */
  readonly status: HealthStatus;
  /** The database that it is limited to; null: all. */
  readonly db: string | null;
  /** ISO 8601 in UTC. */
  readonly checkedAt: string;
  /** Of repository and store as a whole. */
  readonly checks: readonly HealthCheck[];
  /** By name. */
  readonly namespaces: readonly Health[];
  /** Namespaces of the store that are not judged: NADB keeps them for itself. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * @param limits of all, or of each. Throws NADB_INVALID_ARGUMENT for a limit that is none; what is broken is in the answer.
 */
export async function healthOfAllNamespaces(
  options: HealthOfAllOptions,
  limits: HealthLimits | ((id: NamespaceId) => HealthLimits) = {},
): Promise<HealthOfAll> {
  const limitsOf = typeof limits === "function" ? limits : () => limits;
  if (typeof limits === "object") limitsInForce(limits); // though there is nothing to judge
  const { clock, db = null, source } = options;
  const contents = await orFailure(() => contentsOf(options));
  const store = source && (await orFailure(() => openedStore(source, options.db)));
  const namespaces: Health[] = [];
  for (const id of idsOf(contents, store, options.db)) {
    const storage = await storageOf(store, id);
    namespaces.push(judgeHealth(await factsOf(options, id, contents, storage), limitsOf(id)));
  }
  const checks = [...checksOf(contents, store, namespaces.length)];
  return {
    status: worstOf([...checks, ...namespaces]),
    db,
    checkedAt: new Date(clock()).toISOString(),
    checks,
    namespaces,
    leftOut: store === undefined || isFailure(store) ? [] : store.leftOut,
  };
}

interface OpenedStore extends NamespaceListing {
  readonly backend: NamespaceSource;
}

async function openedStore(
  open: () => Promise<NamespaceSource>,
  db: string | undefined,
): Promise<OpenedStore> {
  const backend = await open();
  return { backend, ...(await listNamespaces(backend, db)) };
}

async function storageOf(
  store: OpenedStore | Failure | undefined,
  id: NamespaceId,
): Promise<StorageNamespace | Failure | undefined> {
  if (store === undefined || isFailure(store)) return store;
  return orFailure(() => store.backend.namespace(id));
}

function idsOf(
  contents: Contents | Failure,
  store: OpenedStore | Failure | undefined,
  db: string | undefined,
): readonly NamespaceId[] {
  const held = store === undefined || isFailure(store) ? [] : store.ids;
  const backups = isFailure(contents) ? [] : contents.scan.backups;
  const backedUp = backups
    .map(({ sourceDb, sourceNamespace }) => ({ db: sourceDb, namespace: sourceNamespace }))
    .filter((id) => (db === undefined || id.db === db) && holdsByName(id) === undefined);
  const byName = new Map([...held, ...backedUp].map((id) => [nameOf(id), id]));
  return [...byName.keys()].sort().map((name) => byName.get(name) as NamespaceId);
}

function* checksOf(
  contents: Contents | Failure,
  store: OpenedStore | Failure | undefined,
  count: number,
): Generator<HealthCheck> {
  yield readCheck("repository", contents);
  if (store !== undefined) yield readCheck("source", store);
  if (count > 0) return;
  const reason = "neither store nor repository is known to hold a namespace";
  yield { name: "namespaces", status: "critical", reason };
}

const readCheck = (name: string, found: object | Failure): HealthCheck =>
  isFailure(found)
    ? { name, status: "critical", reason: found.message }
    : { name, status: "ok", reason: "it can be read" };
