// Heads and checkpoints: of each partition its version and the server that counted it, of the namespace all of them.
//
//   checkpoint := "empty" | generation "-" point ("_" point)*        one point per partition
//   point      := server "." version
import {
  type Checkpoint,
  EMPTY_DIGEST,
  type Head,
  NadbError,
  quote,
  StateDigest,
} from "@nadb/core";
import { type Reply, word } from "./link.js";

/** A partition at one instant. */
export interface PartitionHead {
  readonly generation: string;
  readonly version: number;
  readonly count: number;
  readonly bytes: number;
  readonly digest: string;
  readonly server: string;
  /** Whether there was ever a commit. */
  readonly written: boolean;
  /** Loads that have become visible here. They become so in all partitions in the same order. */
  readonly loads: number;
}

/** The cut of a namespace that was never written to. Its content is empty, so any feed serves it. */
export const EMPTY_CHECKPOINT: Checkpoint = "empty";

export const EMPTY_HEAD: Head = {
  checkpoint: EMPTY_CHECKPOINT,
  generation: "",
  version: 0,
  count: 0,
  bytes: 0,
  digest: EMPTY_DIGEST,
};

/** What scripts call facts. */
export function parseFacts(facts: readonly Reply[]): PartitionHead {
  const [generation, version, count, bytes, digest, server, written, loads] = facts.map(word);
  return {
    generation: generation as string,
    version: Number(version),
    count: Number(count),
    bytes: Number(bytes),
    digest: digest as string,
    server: server as string,
    written: written === "1",
    loads: Number(loads),
  };
}

/** Whether no load is visible in some of them only. */
export const areAtOne = (heads: readonly PartitionHead[]): boolean =>
  heads.every(
    ({ generation, loads }) => generation === heads[0]?.generation && loads === heads[0].loads,
  );

/** REQUIRES: heads of all partitions, at one. */
export function joinHeads(heads: readonly PartitionHead[]): Head {
  const [first] = heads;
  if (first === undefined || !heads.some(({ written }) => written)) return EMPTY_HEAD;
  const digest = new StateDigest();
  for (const head of heads) digest.xor(Buffer.from(head.digest, "hex"));
  return {
    checkpoint: `${first.generation}-${heads.map(pointOf).join("_")}`,
    generation: first.generation,
    version: sum(heads.map(({ version }) => version)),
    count: sum(heads.map(({ count }) => count)),
    bytes: sum(heads.map(({ bytes }) => bytes)),
    digest: digest.toHex(),
  };
}

export const pointOf = ({ server, version }: PartitionHead): string => `${server}.${version}`;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const CHECKPOINT = /^([0-9a-f]{12})-([0-9a-f]{12}\.\d{1,16}(?:_[0-9a-f]{12}\.\d{1,16})*)$/;

/** "server:version" for each partition, as scripts take it. Throws NADB_CHECKPOINT_EXPIRED for another generation. */
export function pointsOf(
  checkpoint: Checkpoint,
  generation: string | undefined,
  partitions: number,
): string[] {
  const match = CHECKPOINT.exec(checkpoint);
  if (match === null) throw expired(checkpoint, "it is none of this backend's");
  if (match[1] !== generation) {
    throw expired(checkpoint, "the namespace's content has been replaced since");
  }
  const points = (match[2] as string).split("_").map((point) => point.replace(".", ":"));
  if (points.length === partitions) return points;
  throw expired(checkpoint, "the namespace had another number of partitions");
}

/** Of each server that counted some of them the newest, as "server:version" with commas between. */
export function joinPoints(...points: readonly string[]): string {
  const newest = new Map<string, number>();
  for (const point of points.join().split(",").filter(Boolean)) {
    const [server, version] = point.split(":") as [string, string];
    newest.set(server, Math.max(newest.get(server) ?? 0, Number(version)));
  }
  return [...newest].map(([server, version]) => `${server}:${version}`).join();
}

export function expired(checkpoint: Checkpoint, why: string): NadbError {
  return new NadbError(
    "NADB_CHECKPOINT_EXPIRED",
    `checkpoint ${quote(checkpoint)} can not be served: ${why}`,
    { hint: "take a full backup; incrementals can follow on it" },
  );
}
