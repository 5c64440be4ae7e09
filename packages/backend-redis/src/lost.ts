// Partitions that have lost their root. Nobody makes or drops a namespace in an order that leaves any without: their root was
// deleted, or a server of a cluster has forgotten it.
import type { NamespaceId } from "@nadb/core";
import type { Host } from "./host.js";
import { headKey, partitionBase } from "./keys.js";
import { word } from "./link.js";

export interface LostPartition {
  readonly base: string;
  readonly generation: string;
}

/** Of one that was the only one, and of the first so many of several. Whoever asks has seen that there is no root, and looks again. */
export async function findLost(
  host: Host,
  id: NamespaceId,
  several: number,
): Promise<LostPartition[]> {
  const bases = [
    partitionBase(host.prefix, id, 0, 1),
    ...Array.from({ length: several }, (_, index) => partitionBase(host.prefix, id, index, 2)),
  ];
  const look = async (base: string): Promise<LostPartition[]> => {
    const generation = await host.link.command("hget", [headKey(base), "generation"]);
    return generation === null ? [] : [{ base, generation: word(generation) }];
  };
  return (await Promise.all(bases.map(look))).flat();
}
