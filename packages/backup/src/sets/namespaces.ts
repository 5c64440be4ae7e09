// Which namespaces of a store are data: all but those that NADB keeps for itself. INVARIANT: what is left out is told.
import { COPIES_NAMESPACE, checkName, type NamespaceId } from "@nadb/core";
import { isTargetsAlone } from "../backend-target/claim.js";
import { isScratch } from "../drill/scratch.js";
import type { NamespaceSource } from "./set.js";

/** A namespace that is no data: a repository lies in it, or how far copies are, or it is of a drill. */
export interface LeftOut extends NamespaceId {
  readonly holds: "repository" | "copies" | "drill";
}

export interface NamespaceListing {
  readonly ids: readonly NamespaceId[];
  readonly leftOut: readonly LeftOut[];
}

/** The namespaces that have been written to, by name; of one database or of all. */
export async function listNamespaces(
  backend: NamespaceSource,
  db?: string,
): Promise<NamespaceListing> {
  if (db !== undefined) checkName("database name", db);
  const ids: NamespaceId[] = [];
  const leftOut: LeftOut[] = [];
  for await (const id of backend.namespaces()) {
    if (db !== undefined && id.db !== db) continue;
    const holds = holdsByName(id) ?? (await holdsRepository(backend, id));
    if (holds === undefined) ids.push(id);
    else leftOut.push({ db: id.db, namespace: id.namespace, holds });
  }
  return { ids: ids.sort(byName), leftOut: leftOut.sort(byName) };
}

/** What the name alone tells. */
export function holdsByName(id: NamespaceId): LeftOut["holds"] | undefined {
  if (id.namespace === COPIES_NAMESPACE) return "copies";
  return isScratch(id) ? "drill" : undefined;
}

/** Of one that can not be opened, or be read, whoever works on it tells that. */
async function holdsRepository(
  backend: NamespaceSource,
  id: NamespaceId,
): Promise<"repository" | undefined> {
  try {
    return (await isTargetsAlone(await backend.namespace(id))) ? "repository" : undefined;
  } catch {
    return undefined;
  }
}

const byName = (a: NamespaceId, b: NamespaceId): number =>
  a.db === b.db ? compare(a.namespace, b.namespace) : compare(a.db, b.db);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
