// Where everything stands in Redis. All keys of a partition share a hash tag, so they live in one slot.
//
//   P:namespaces                       set      db/namespace of all there are
//   P:{db/ns}                          hash     root: format, partitions, generation, load:ID → open | commit | abort
//   P:{db/ns}:…  or  P:{db/ns/2}:…              a partition: the only one, or the third of several
//     head                             hash     generation, version, count, bytes, digest, counter, …
//     writers                          hash     writer → number, time and answer of its latest group of commits
//     commits, commit-times            hash, zset   ids of commits
//     loads                            zset     loads under way, by the time they were fed last
//     garbage                          set      spaces to be deleted
//     SPACE:…                                   the content of a generation, or of a load
//       r:KEY                          hash     value, tags, created, updated, version, hash, expires?, length?
//       keys                           zset     keys, by their bytes
//       feed                           zset     keys, by version
//       graves, deleted                zset, hash   deleted keys by version, and when
//       expiry                         zset     keys, by the time they expire
//       tags                           hash     tag → records that carry it
//       t:TAG                          zset     keys of those, by their bytes
//       load                           hash     of a load: totals, mode, generation; of a commit in steps: id, time, …
//       chunks, missed                 lists    of a commit in steps: what is left to do, and deletes that found nothing
import type { NamespaceId } from "@nadb/core";

/** Version of the layout above; raised when it changes. */
export const LAYOUT_VERSION = 1;

const nameOf = (id: NamespaceId): string => `${id.db}/${id.namespace}`;

export const namespacesKey = (prefix: string): string => `${prefix}:namespaces`;
export const namespaceMember = nameOf;

export function namespaceOfMember(member: string): NamespaceId {
  const slash = member.indexOf("/");
  return { db: member.slice(0, slash), namespace: member.slice(slash + 1) };
}

export const rootKey = (prefix: string, id: NamespaceId): string => `${prefix}:{${nameOf(id)}}`;

/** What all keys of a partition begin with. */
export const partitionBase = (
  prefix: string,
  id: NamespaceId,
  index: number,
  partitions: number,
): string =>
  partitions === 1 ? `${prefix}:{${nameOf(id)}}:` : `${prefix}:{${nameOf(id)}/${index}}:`;

export const headKey = (base: string): string => `${base}head`;

export const recordKey = (base: string, generation: string, key: string): string =>
  `${base}${generation}:r:${key}`;

/**
 * The partition of a key: of the part between its first "{" and the next "}" where there is one, so that keys which
 * share it stand together (FNV-1a over its UTF-8 bytes).
 */
export function partitionOf(key: string, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(hashedPart(key))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % partitions;
}

function hashedPart(key: string): string {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
