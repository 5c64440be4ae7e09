// What time does to a partition, and what old contents leave there: each step is a script of bounded length.
import type { Checkpoint } from "@nadb/core";
import { expired } from "./head-fields.js";
import { headKey } from "./keys.js";
import { type Link, word } from "./link.js";
import { type Answer, Partition } from "./partition.js";
import { scripts } from "./scripts.js";

/** Records or tombstones that one script removes. */
const SWEEP_STEP = 200;
const STEP = 1_000;
const ABANDONED_AFTER_MS = 3_600_000;

/** Turns up to `limit` expired records into tombstones; answers how many. */
export async function sweepPartition(
  partition: Partition,
  now: number,
  limit: number,
): Promise<number> {
  const before = now - partition.host.tombstoneRetentionMs;
  for (let swept = 0; ; ) {
    const step = Math.min(SWEEP_STEP, limit - swept);
    const args = [now, before, step, now - ABANDONED_AFTER_MS];
    const answer = await partition.read(scripts.sweep, args);
    if (answer === undefined) return swept;
    for (const load of answer.slice(3)) await endAbandoned(partition, word(load));
    if (word(answer[2]) === "1") await partition.raw(scripts.collect, [STEP]);
    swept += Number(answer[1]);
    if (Number(answer[1]) < step || swept >= limit) return swept;
  }
}

/** Its process is gone; decided upon, it may not be finished in all partitions. */
async function endAbandoned({ host, root }: Partition, load: string): Promise<void> {
  if ((await root.decide(load, "abort", "")) === "commit") {
    const count = (await root.find())?.partitions ?? 0;
    for (let index = 0; index < count; index++) {
      const partition = new Partition(host, root, index, count);
      await partition.raw(scripts.finish, [load]);
      await partition.merge(load);
    }
  }
  await root.endLoad(load);
}

/** Forgets the tombstones up to a point of this partition in a checkpoint. */
export async function trimPartition(
  partition: Partition,
  point: string,
  through: Checkpoint,
): Promise<void> {
  for (let more = "1"; more === "1"; ) {
    const answer = await partition.read(scripts.trim, [point, STEP]);
    if (answer === undefined) return;
    if (word(answer[0]) === "expired") throw expired(through, word(answer[1]));
    more = word(answer[1]);
  }
}

/** Deletes what is left of old contents and loads, in the partition whose keys begin so. */
export async function collectGarbage(
  link: Link,
  base: string,
  goesOn: () => void = () => undefined,
): Promise<void> {
  for (let more = "1"; more === "1"; goesOn()) {
    const answer = await link.run(scripts.collect, headKey(base), [base, "", STEP]);
    more = word((answer as Answer)[1]);
  }
}

/** It ends with the backend; what is left is for the next load or sweep. */
export function collectInBackground({ host, base }: Partition): void {
  host.inBackground(() => collectGarbage(host.link, base, () => host.checkOpen()));
}
