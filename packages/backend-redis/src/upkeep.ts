// What time does to a partition, and what old contents leave there: each step is a script of bounded length.
import type { Checkpoint } from "@nadb/core";
import { expired } from "./head-fields.js";
import { word } from "./link.js";
import type { Partition } from "./partition.js";
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
    if (word(answer[2]) === "1") await partition.raw(scripts.collect, [STEP]);
    swept += Number(answer[1]);
    if (Number(answer[1]) < step || swept >= limit) return swept;
  }
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

/** Deletes what is left of old contents and loads. */
export async function collectGarbage(partition: Partition): Promise<void> {
  for (let more = "1"; more === "1"; ) {
    more = word((await partition.raw(scripts.collect, [STEP]))[1]);
  }
}

/** What is interrupted goes on with the next load or sweep. */
export function collectInBackground(partition: Partition): void {
  partition.host.inBackground(() => collectGarbage(partition));
}
