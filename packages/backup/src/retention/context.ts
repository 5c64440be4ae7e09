// What a plan of retention goes by, besides the backups and the policy. Whoever plans brings all of it, so that the same
// input always gives the same plan.
import type { NamespaceId } from "@nadb/core";

export interface RetentionContext {
  /** In ms since 1970. */
  readonly now: number;
  /** By id, what it is pinned for; null when nobody said. */
  readonly pinned?: ReadonlyMap<string, string | null>;
  /** By id, what else needs it, for instance "the archive". */
  readonly needed?: ReadonlyMap<string, string>;
  /** Ids of backups that can not be restored by their own fault; those laid over them are found here. */
  readonly damaged?: ReadonlySet<string>;
  /** By id, why it must not go just now, whatever the policy says. */
  readonly held?: ReadonlyMap<string, string>;
  /** Merge what a kept backup is laid over into it, rather than keep it for that. Default false. */
  readonly consolidate?: boolean;
  /**
   * Judge only the backups of this namespace, or of the namespaces of this database; a set with backups of others stays.
   * Default: all. Either way each namespace is judged by itself.
   */
  readonly only?: Pick<NamespaceId, "db"> & Partial<NamespaceId>;
}
