// Which steps there are, and how often each is drawn.
import fc from "fast-check";
import * as keeping from "./keeping.js";
import * as reads from "./reads.js";
import type { Step } from "./step.js";
import { transaction } from "./transactions.js";
import * as writes from "./writes.js";

/** Arbitraries that are drawn equally often. */
export const weighted = <In>(weight: number, ...arbitraries: readonly fc.Arbitrary<Step<In>>[]) =>
  arbitraries.map((arbitrary) => ({ weight, arbitrary }));

/** Whoever follows the feed, in whatever way, may go on after these. */
const keepingTheFeed = [
  ...weighted(12, writes.set, keeping.wait),
  ...weighted(6, writes.deleteOne, writes.setMany, writes.atOnce, transaction),
  ...weighted(4, writes.setIfAbsent, writes.ifVersion, writes.touch, writes.deleteMany),
  ...weighted(4, reads.read, reads.queryByTags, reads.listKeys, reads.listTags),
  ...weighted(2, writes.persist, writes.refused, reads.stats, reads.checkHead),
  ...weighted(2, keeping.flush, keeping.tick, keeping.cleanupExpired, keeping.sweep),
  ...weighted(1, keeping.reopen),
];

export const stepKeepingTheFeed: fc.Arbitrary<Step> = fc.oneof(...keepingTheFeed);

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  ...keepingTheFeed,
  ...weighted(4, reads.follow),
  ...weighted(2, keeping.load),
  ...weighted(1, keeping.trim, keeping.clear),
);
